const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const integer = /^[+-]?\d+$/;
const special = /^([+-]?)(nan|inf|infinity)$/i;

/**
 * The number a text stands for, blanks around it ignored: decimals, and `nan`, `inf`, `infinity` in any case, with a
 * sign or without; `undefined` for anything else. Hexadecimal and the empty text, which `Number()` takes, are no numbers.
 */
export function numberFromText(text: string): number | undefined {
  const trimmed = text.trim();
  if (decimal.test(trimmed)) return Number(trimmed);
  const match = special.exec(trimmed);
  if (match === null) return undefined;
  if (match[2]?.toLowerCase() === 'nan') return Number.NaN;
  return match[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * The integer a text stands for, exact at any length. `3.0` and `1e3` count as integers too (pandas writes a column of
 * integers that way once one is missing); `undefined` for anything else.
 */
export function integerFromText(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (integer.test(trimmed)) return BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
  const value = numberFromText(trimmed);
  return value !== undefined && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}
