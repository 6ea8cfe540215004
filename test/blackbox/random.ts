/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines that differ, mostly short ones; the last one ends in a newline. */
export function randomLines({ seed, bytes, longest }: { seed: number; bytes: number; longest: number }): Buffer {
  const next = random(seed);
  const lines: string[] = [];
  for (let size = 0, line = 1; size < bytes; line++) {
    const length = Math.floor(next() ** 8 * longest);
    const text = `${line},${String.fromCharCode(97 + Math.floor(next() * 26)).repeat(length)}\n`;
    size += text.length;
    lines.push(text);
  }
  return Buffer.from(lines.join(''), 'latin1');
}
