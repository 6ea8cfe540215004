import type { Pattern } from './pattern.ts';

/** One constraint: the original's words for it, and whether a value satisfies it. */
export interface Rule<V> {
  readonly text: string;
  readonly holds: (value: V) => boolean;
}

export const NOT_NULL = 'Member must not be null';

/**
 * Values beyond this many UTF-16 units are not matched against patterns: their length alone refuses them, and no pattern may
 * see the megabytes that a body can hold. It is above every maximum of the tables, because the original reports a value that
 * is somewhat too long for its pattern as well.
 */
const MAX_MATCHED = 16_384;

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Bounds in the order in which the original prints them: maximum, minimum. */
export function boundRules<V>(what: 'length' | 'value', bounds: Bounds, measure: (value: V) => number): Rule<V>[] {
  const { min, max } = bounds;
  const rules: Rule<V>[] = [];
  if (max !== undefined) {
    rules.push({
      text: `Member must have ${what} less than or equal to ${max}`,
      holds: (value) => measure(value) <= max,
    });
  }
  if (min !== undefined) {
    rules.push({
      text: `Member must have ${what} greater than or equal to ${min}`,
      holds: (value) => measure(value) >= min,
    });
  }
  return rules;
}

export function patternRule({ text, matches }: Pattern): Rule<string> {
  return {
    text: `Member must satisfy regular expression pattern: ${text}`,
    holds: (value) => value.length > MAX_MATCHED || matches(value),
  };
}

export function enumRule(values: readonly string[]): Rule<string> {
  return {
    text: `Member must satisfy enum value set: [${values.join(', ')}]`,
    holds: (value) => values.includes(value),
  };
}

/** Length is counted in code points, as the original and its clients do, not in UTF-16 units. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}
