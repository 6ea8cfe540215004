/** A regular expression of the service model. Its text goes into messages as the original prints it. */
export interface Pattern {
  readonly text: string;
  /** True when the whole value matches. */
  readonly matches: (value: string) => boolean;
}

/**
 * @param text as the service model has it; it must mean the same in Java and in JavaScript with the `u` flag
 * @param equivalent what is matched instead, for a pattern that would take time quadratic in the length of a hostile value
 */
export function pattern(text: string, equivalent = text): Pattern {
  const expression = new RegExp(`^(?:${equivalent})$`, 'u');
  return { text, matches: (value) => expression.test(value) };
}
