import { newlineCounter } from './newline-counter.ts';
import type { Split, Splitter } from './split.ts';

const NEWLINE = 10;

/** `SplitType=Line`: a record ends with its `\n`, which belongs to it; bytes are kept as they are (behaviour 2). */
export function line(): Split {
  const count = newlineCounter();
  return { framingBytes: 0, splitter: () => new LineSplitter(count) };
}

class LineSplitter implements Splitter {
  boundary = -1;
  records = 0;
  readonly #count: (bytes: Buffer, from: number, to: number) => number;

  constructor(count: (bytes: Buffer, from: number, to: number) => number) {
    this.#count = count;
  }

  scan(bytes: Buffer, from: number, to: number, maxRecords: number): number {
    // Only the range is searched: a line that is longer than the pieces it comes in would be searched once per piece.
    const range = bytes.subarray(from, to);
    const last = maxRecords === 1 ? range.indexOf(NEWLINE) : range.lastIndexOf(NEWLINE);
    this.boundary = last === -1 ? -1 : from + last + 1;
    this.records = last === -1 ? 0 : 1;
    if (last === -1) return to;
    if (maxRecords === 1) return this.boundary;
    this.records = this.#count(bytes, from, this.boundary);
    if (this.records > maxRecords) this.#stopAfter(range, from, maxRecords);
    return this.records === maxRecords ? this.boundary : to;
  }

  #stopAfter(range: Buffer, from: number, maxRecords: number): void {
    let at = 0;
    for (let found = 0; found < maxRecords; found++) at = range.indexOf(NEWLINE, at) + 1;
    this.boundary = from + at;
    this.records = maxRecords;
  }

  end(): void {}
}
