/**
 * IEEE 754 half precision, by arithmetic: `Float16Array` does not exist in Node 22, and the runtime's binding does not
 * know it where it exists (1.30: "not enough space: expected 4, got 0").
 */

/** The 16 bits of the half-precision number nearest to `value`, ties to even. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // 2^-24 is the step below 2^-14, where numbers are subnormal; above it the step is 2^-10 of the leading power of two.
  const exponent = size < 2 ** -14 ? -14 : leadingPower(size);
  const step = 2 ** (exponent - 10);
  const steps = roundToEven(size / step);
  return sign | (size < 2 ** -14 ? steps : ((exponent + 15) << 10) + (steps - 1024));
}

/** The number that 16 bits of half precision stand for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function leadingPower(size: number): number {
  let power = Math.floor(Math.log2(size));
  if (2 ** power > size) power--;
  if (2 ** (power + 1) <= size) power++;
  return power;
}

/** Rounds a number below 2^52; a half goes to the even neighbour. */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
