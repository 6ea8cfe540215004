import { createRequire } from 'node:module';

/**
 * The CRC-32C (Castagnoli) of the bytes `[from, to)` and of what came before them: `crc` is the result of the last call, 0 to
 * start with. The result is unsigned.
 */
export type Crc32c = (bytes: Buffer, from: number, to: number, crc: number) => number;

/** The polynomial of RFC 3720, 12.1, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;
/**
 * Below this the tables are quicker: going over to native code costs 130 ns. Measured, in ns for 100 / 200 / 400 / 1,024 /
 * 100,000 bytes: native 130 / 140 / 180 / 260 / 14,000, tables 70 / 140 / 280 / 705 / 68,000.
 */
const SMALL_BYTES = 200;

/** `Tn` tells what a byte does to the checksum when `n` more bytes follow it. */
const T0 = Int32Array.from({ length: 256 }, (_, value) => {
  let crc = value;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});
const T1 = oneByteOn(T0);
const T2 = oneByteOn(T1);
const T3 = oneByteOn(T2);
const T4 = oneByteOn(T3);
const T5 = oneByteOn(T4);
const T6 = oneByteOn(T5);
const T7 = oneByteOn(T6);

function oneByteOn(table: Int32Array): Int32Array {
  return table.map((crc) => (crc >>> 8) ^ entry(T0, crc & 255));
}

function entry(table: Int32Array, index: number): number {
  return table[index] as number;
}

function byte(bytes: Buffer, index: number): number {
  return bytes[index] as number;
}

/** In plain JavaScript, eight bytes at a time: 1.5 GB/s. One at a time does 0.5 GB/s, and sixteen are no quicker than eight. */
export function tableCrc32c(bytes: Buffer, from: number, to: number, crc: number): number {
  let c = ~crc;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    c =
      entry(T7, (c ^ byte(bytes, at)) & 255) ^
      entry(T6, ((c >>> 8) ^ byte(bytes, at + 1)) & 255) ^
      entry(T5, ((c >>> 16) ^ byte(bytes, at + 2)) & 255) ^
      entry(T4, (c >>> 24) ^ byte(bytes, at + 3)) ^
      entry(T3, byte(bytes, at + 4)) ^
      entry(T2, byte(bytes, at + 5)) ^
      entry(T1, byte(bytes, at + 6)) ^
      entry(T0, byte(bytes, at + 7));
  }
  for (; at < to; at++) c = (c >>> 8) ^ entry(T0, (c ^ byte(bytes, at)) & 255);
  return ~c >>> 0;
}

/** The quickest one here: native code (the optional package `@node-rs/crc32`) for all but short ranges, else the tables. */
export function crc32c(): Crc32c {
  const native = loadNative();
  if (native === undefined) return tableCrc32c;
  return (bytes, from, to, crc) =>
    to - from < SMALL_BYTES ? tableCrc32c(bytes, from, to, crc) : native(bytes.subarray(from, to), crc);
}

type NativeCrc32c = (bytes: Buffer, crc: number) => number;

function loadNative(): NativeCrc32c | undefined {
  try {
    const module = createRequire(import.meta.url)('@node-rs/crc32') as { readonly crc32c: NativeCrc32c };
    return module.crc32c;
  } catch {
    // Not installed, or no binary for this platform.
    return undefined;
  }
}
