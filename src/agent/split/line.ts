import { newlineCounter } from './newline-counter.ts';
import type { Split, Splitter } from './split.ts';

const NEWLINE = 10;
/** With a limit on records, newlines are counted in steps of this size: a piece may hold a hundred mini-batches. */
const STEP_BYTES = 16 * 1024;

type Count = (bytes: Buffer, from: number, to: number) => number;

/** `SplitType=Line`: a record ends with its `\n`, which belongs to it; bytes are kept as they are (behaviour 2). */
export function line(): Split {
  const count = newlineCounter();
  return { framingBytes: 0, splitter: () => new LineSplitter(count) };
}

class LineSplitter implements Splitter {
  boundary = -1;
  records = 0;
  readonly #count: Count;

  constructor(count: Count) {
    this.#count = count;
  }

  // Only ranges are searched: a line that is longer than the pieces it comes in would be searched once per piece.
  scan(bytes: Buffer, from: number, to: number, maxRecords: number): number {
    this.boundary = -1;
    this.records = 0;
    if (maxRecords === 1) {
      this.#pass(bytes.subarray(from, to).indexOf(NEWLINE), from, 1);
      return this.records === 1 ? this.boundary : to;
    }
    const step = maxRecords === Number.POSITIVE_INFINITY ? to - from : STEP_BYTES;
    for (let at = from; at < to; at += step) {
      const end = Math.min(to, at + step);
      const range = bytes.subarray(at, end);
      const found = this.#count(bytes, at, end);
      if (this.records + found >= maxRecords) {
        const missing = maxRecords - this.records;
        this.#pass(this.#nth(bytes, at, end, missing, found) - at, at, missing);
        return this.boundary;
      }
      if (found > 0) this.#pass(range.lastIndexOf(NEWLINE), at, found);
    }
    return to;
  }

  end(): void {}

  /** Where the `n`th of the `found` newlines in `[from, to)` is: not far from where it would be if all lines had one length. */
  #nth(bytes: Buffer, from: number, to: number, n: number, found: number): number {
    const middle = from + Math.floor(((to - from) * n) / found);
    let passed = this.#count(bytes, from, middle);
    let at = middle;
    for (; passed >= n; passed--) at = bytes.lastIndexOf(NEWLINE, at - 1);
    if (at < middle && passed === n - 1) return at;
    for (at -= 1; passed < n; passed++) at = bytes.indexOf(NEWLINE, at + 1);
    return at;
  }

  /** `newline` is the index in a range that begins at `from` of the last of `records` newlines; -1 for none. */
  #pass(newline: number, from: number, records: number): void {
    if (newline === -1) return;
    this.boundary = from + newline + 1;
    this.records += records;
  }
}
