const NEWLINE = 10;
/** `\n` in each byte of a 32-bit word. */
const NEWLINES = 0x0a0a0a0a;
/** Mean distance in bytes from which one native search per newline beats looking at every word. */
const SPARSE_BYTES = 128;

/**
 * Counts the `\n` in `[from, to)`. Measured, GB/s for records of 6 / 30 / 90 / 200 / 1,000 bytes: byte by byte 0.7–0.9,
 * `indexOf` for each 0.2 / 0.9 / 2.6 / 8 / 22, four bytes at a time 3–4.7 throughout. So the first few newlines decide.
 */
export function countNewlines(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  let start = from;
  for (let next = bytes.indexOf(NEWLINE, start); ; next = bytes.indexOf(NEWLINE, start)) {
    if (next === -1 || next >= to) return count;
    count += 1;
    start = next + 1;
    if (count >= 8 && start - from < count * SPARSE_BYTES) return count + countDense(bytes, start, to);
  }
}

function countDense(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  let at = from;
  for (; at < to && ((bytes.byteOffset + at) & 3) !== 0; at++) if (bytes[at] === NEWLINE) count += 1;
  if (at === to) return count; // not aligned then, which a typed array refuses
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (to - at) >> 2);
  for (let word = 0; word < words.length; ) {
    // Each byte of `lanes` counts the newlines of its column, 255 words at a time so that none overflows.
    const end = Math.min(words.length, word + 255);
    let lanes = 0;
    for (; word < end; word++) {
      const different = (words[word] as number) ^ NEWLINES;
      const newline = ~(((different & 0x7f7f7f7f) + 0x7f7f7f7f) | different | 0x7f7f7f7f);
      lanes = (lanes + (newline >>> 7)) | 0;
    }
    count += (lanes & 255) + ((lanes >>> 8) & 255) + ((lanes >>> 16) & 255) + (lanes >>> 24);
  }
  for (at += words.length * 4; at < to; at++) if (bytes[at] === NEWLINE) count += 1;
  return count;
}
