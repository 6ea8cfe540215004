import type { ByteWriter } from './byte-writer.ts';

const zero = 48;
const minus = 45;
const point = 46;
const powersOfTen = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

// Every decimal of so many digits survives the way through single precision, except below the smallest normal number.
const safeDigits = 6;
const smallestNormal = 2 ** -126;

/** Bytes that any number of this room may take. */
const longestNumber = 32;

/**
 * Writes a single-precision number with the fewest digits that read back as the same single-precision number: 0.1 comes
 * out as `0.1`, not as the double nearest to it, `0.10000000149011612`. It has to be finite.
 */
export function writeFloat32(out: ByteWriter, value: number): void {
  out.reserve(longestNumber);
  const size = value < 0 ? -value : value;
  // Nine digits of smaller numbers need a power of ten above 10^22, which is no exact double. (The probabilities of a
  // classifier are often far below 10^-5: all the way to here they take a quarter of the time that texts would.)
  if (size < 1e-14 || size >= 1e9) {
    if (size === 0) out.ascii(Object.is(value, -0) ? '-0' : '0');
    else out.ascii(shortestText(value, Math.fround, size < smallestNormal ? 1 : safeDigits));
    return;
  }
  // power: the number of decimals with which `size` has six significant digits. If fewer are enough they show as six with
  // zeros at the end, since any six survive; nine are always enough.
  let power = 5;
  if (size >= 1) for (let next = 10; size >= next && power > -3; next *= 10) power--;
  else for (let next = 1; size < next; next /= 10) power++;
  for (let more = 0; more < 4; more++, power++) {
    const scaled = power >= 0 ? size * (powersOfTen[power] as number) : size / (powersOfTen[-power] as number);
    const digits = Math.floor(scaled + 0.5);
    // Next to a half the product's own rounding could decide; leave that to exact arithmetic.
    if (Math.abs(scaled - digits) > 0.49999) break;
    const back = power >= 0 ? digits / (powersOfTen[power] as number) : digits * (powersOfTen[-power] as number);
    if (Math.fround(back) === size) {
      writeDecimal(out, value < 0, digits, power);
      return;
    }
  }
  out.ascii(shortestText(value, Math.fround, safeDigits));
}

/**
 * The shortest text of a number that `round` (the rounding to its type) takes back to it.
 *
 * @param fewest digits to start with: as many as survive the way through the type in every decimal, which saves time
 */
export function shortestText(value: number, round: (value: number) => number, fewest = 1): string {
  for (let digits = fewest; digits < 17; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (round(candidate) === value) return String(candidate);
  }
  return String(value);
}

/** Writes an integer of at most 2^53, in plain digits. */
export function writeInteger(out: ByteWriter, value: number): void {
  out.reserve(longestNumber);
  if (value < 0) out.bytes[out.length++] = minus;
  writeDigits(out, Math.abs(value));
}

/** Writes digits * 10^-power, zeros at the end of the decimals left out. `digits` is below 2^31. */
function writeDecimal(out: ByteWriter, negative: boolean, digits: number, power: number): void {
  if (negative) out.bytes[out.length++] = minus;
  let rest = digits | 0;
  let decimals = power;
  while (decimals > 0 && rest % 10 === 0) {
    rest = (rest / 10) | 0;
    decimals--;
  }
  if (decimals <= 0) {
    writeDigits(out, rest * (powersOfTen[-decimals] as number));
    return;
  }
  if (rest < (powersOfTen[Math.max(decimals - 6, 0)] as number)) {
    writeScientific(out, rest, decimals);
    return;
  }
  const { bytes } = out;
  // From the right: the decimals, the point, and what is before it.
  const scale = powersOfTen[decimals] as number;
  const whole = Math.floor(rest / scale);
  writeDigits(out, whole);
  let fraction = rest - whole * scale;
  const end = out.length + 1 + decimals;
  bytes[out.length] = point;
  for (let at = end - 1; at > out.length; at--) {
    const next = (fraction / 10) | 0;
    bytes[at] = zero + fraction - next * 10;
    fraction = next;
  }
  out.length = end;
}

/** Writes digits * 10^-decimals the way JavaScript does below 10^-6: `1.5e-7`. */
function writeScientific(out: ByteWriter, digits: number, decimals: number): void {
  const start = out.length;
  writeDigits(out, digits);
  const after = out.length - start - 1;
  if (after > 0) {
    out.bytes.copyWithin(start + 2, start + 1, out.length);
    out.bytes[start + 1] = point;
    out.length++;
  }
  out.ascii(`e-${decimals - after}`);
}

function writeDigits(out: ByteWriter, value: number): void {
  let count = 1;
  while (count < 16 && value >= (powersOfTen[count] as number)) count++;
  let rest = value;
  for (let at = out.length + count - 1; at >= out.length; at--) {
    const next = Math.floor(rest / 10);
    out.bytes[at] = zero + (rest - next * 10);
    rest = next;
  }
  out.length += count;
}
