import { isUtf8 } from 'node:buffer';

/** A character of UTF-8 has this many bytes at the most. */
const MAX_CHARACTER_BYTES = 4;

/** The bytes `[from, to)` of a text. */
export interface Range {
  readonly source: Pieces;
  readonly from: number;
  readonly to: number;
}

/** A text that lies in several buffers, read by its byte positions: the records of a mini-batch, or a response. */
export class Pieces {
  readonly length: number;
  readonly #pieces: readonly Buffer[];
  readonly #starts: readonly number[];
  /** The piece that was last asked for: positions mostly grow. */
  #at = 0;

  constructor(pieces: readonly Buffer[]) {
    const starts: number[] = [];
    let length = 0;
    for (const piece of pieces) {
      starts.push(length);
      length += piece.length;
    }
    this.#pieces = pieces;
    this.#starts = starts;
    this.length = length;
  }

  endsWith(byte: number): boolean {
    return this.length > 0 && this.pieceAt(this.length - 1)[this.length - 1 - this.pieceStart] === byte;
  }

  /** The piece in which a byte lies. */
  pieceAt(position: number): Buffer {
    return this.#find(position);
  }

  /** Where in the text the piece begins that was asked for last. */
  get pieceStart(): number {
    return this.#starts[this.#at] as number;
  }

  /** Calls `take` for the parts of `[from, to)`, in order. */
  forEach(from: number, to: number, take: (piece: Buffer, from: number, to: number) => void): void {
    for (let position = from; position < to; ) {
      const piece = this.#find(position);
      const start = this.#starts[this.#at] as number;
      const end = Math.min(to, start + piece.length);
      take(piece, position - start, end - start);
      position = end;
    }
  }

  /** The bytes `[from, to)`: a view where they lie in one buffer, otherwise a copy. */
  slice(from: number, to: number): Buffer {
    if (from === to) return Buffer.alloc(0);
    const piece = this.#find(from);
    const start = this.#starts[this.#at] as number;
    if (to <= start + piece.length) return piece.subarray(from - start, to - start);
    const parts: Buffer[] = [];
    this.forEach(from, to, (part, a, b) => parts.push(part.subarray(a, b)));
    return Buffer.concat(parts);
  }

  /** Whether `[from, from + bytes.length)` is exactly these bytes. */
  equals(from: number, bytes: Buffer): boolean {
    const piece = this.#find(from);
    const at = from - (this.#starts[this.#at] as number);
    const { length } = bytes;
    if (at + length > piece.length) return this.slice(from, from + length).equals(bytes);
    // Most names differ in their first bytes, and a call of the platform's compare costs more than looking at those.
    for (let i = 0; i < length; i++) if (piece[at + i] !== bytes[i]) return false;
    return true;
  }

  /** Whether the whole text is UTF-8. A character may lie in two pieces; its parts are put together and looked at by themselves. */
  isUtf8(): boolean {
    let pending = Buffer.alloc(0);
    for (const piece of this.#pieces) {
      let from = 0;
      if (pending.length > 0) {
        while (from < piece.length && from < MAX_CHARACTER_BYTES && isContinuation(piece[from])) from += 1;
        pending = Buffer.concat([pending, piece.subarray(0, from)]);
        if (from === piece.length && pending.length < MAX_CHARACTER_BYTES) continue;
        if (!isUtf8(pending)) return false;
      }
      const to = piece.length - incompleteBytes(piece, from);
      if (!isUtf8(piece.subarray(from, to))) return false;
      pending = Buffer.from(piece.subarray(to));
    }
    return isUtf8(pending);
  }

  #find(position: number): Buffer {
    let at = this.#at;
    while (position < (this.#starts[at] as number)) at -= 1;
    let piece = this.#pieces[at] as Buffer;
    while (position >= (this.#starts[at] as number) + piece.length) {
      at += 1;
      piece = this.#pieces[at] as Buffer;
    }
    this.#at = at;
    return piece;
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Bytes at the end of a piece that begin a character without ending it. */
function incompleteBytes(piece: Buffer, from: number): number {
  for (let back = 1; back < MAX_CHARACTER_BYTES && piece.length - back >= from; back++) {
    const byte = piece[piece.length - back] as number;
    if (isContinuation(byte)) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}
