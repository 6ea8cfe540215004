const zero = 48;
const exactPowers = 22;
const powersOfTen = Float64Array.from({ length: 61 }, (_, power) => Number(`1e${power}`));
// Digits above 2^53 are added up with two roundings each (at most 20 of them here), a power above 10^22 and the last
// operation have one more: all together less than 2^-47 of the value.
const roomAbove = 1 + 2 ** -47;
const roomBelow = 1 - 2 ** -47;
const longestMantissa = 1e35;

/**
 * Reads decimal numbers straight from bytes, without a string in between.
 *
 * Most numbers in data files have digits that together are below 2^53 and a power of ten of at most 22. Both are then
 * exact doubles, so one multiplication or division gives the correctly rounded result, the one `Number()` gives. The
 * others (pandas writes doubles with 17 digits) go through `Number()`, at five times the cost, except where single
 * precision is wanted: there the two ends of the possible error mostly round to the same number.
 */
export class DecimalScanner {
  /** Index of the first byte after the number; -1 when the bytes are no number. */
  end = 0;
  readonly #single: boolean;

  /** @param precision `single`: results are right only after rounding them to single precision, which is faster */
  constructor(precision: 'single' | 'double') {
    this.#single = precision === 'single';
  }

  /**
   * The number that starts at `start`: a sign `-`, digits, a point, an exponent. What follows it is for the caller to
   * judge; after the number there has to be at least one byte that is no digit (bodies carry a newline as a sentinel).
   */
  scan(bytes: Buffer, start: number): number {
    let at = start;
    let byte = bytes[at] as number;
    const negative = byte === 45;
    if (negative) byte = bytes[++at] as number;
    const first = at;
    let mantissa = 0;
    let digit = byte - zero;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = (bytes[++at] as number) - zero;
    }
    let digits = at - first;
    let power = 0;
    if (digit === -2) {
      const point = at;
      digit = (bytes[++at] as number) - zero;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = (bytes[++at] as number) - zero;
      }
      power = point + 1 - at;
      digits -= power;
    }
    if (digit === 21 || digit === 53) {
      // e or E
      let sign = 1;
      byte = bytes[++at] as number;
      if (byte === 43 || byte === 45) {
        sign = 44 - byte;
        byte = bytes[++at] as number;
      }
      const firstOfExponent = at;
      let exponent = 0;
      digit = byte - zero;
      while (digit >= 0 && digit <= 9) {
        exponent = exponent * 10 + digit;
        digit = (bytes[++at] as number) - zero;
      }
      if (at === firstOfExponent) digits = 0;
      power += sign * exponent;
    }
    if (digits === 0) {
      this.end = -1;
      return Number.NaN;
    }
    this.end = at;
    if (mantissa > Number.MAX_SAFE_INTEGER || power < -exactPowers || power > exactPowers) {
      return this.#hard(bytes, start, negative ? -mantissa : mantissa, power);
    }
    if (power < 0) mantissa /= powersOfTen[-power] as number;
    else if (power > 0) mantissa *= powersOfTen[power] as number;
    return negative ? -mantissa : mantissa;
  }

  #hard(bytes: Buffer, start: number, mantissa: number, power: number): number {
    if (this.#single && power >= -60 && power <= 60 && Math.abs(mantissa) < longestMantissa) {
      const near = power < 0 ? mantissa / (powersOfTen[-power] as number) : mantissa * (powersOfTen[power] as number);
      if (Math.fround(near * roomBelow) === Math.fround(near * roomAbove)) return near;
    }
    return Number(bytes.toString('latin1', start, this.end));
  }
}
