import type { BlockPool } from '../http/block-pool.ts';
import type { Pieces } from './pieces.ts';

/** Ranges from here on are referred to instead of copied: a document of 100 MB must not lie in memory twice. */
const REFERENCED_BYTES = 64 * 1024;
/** Copied byte by byte: the platform's copy costs as much as some thirty turns of a loop. */
const SMALL_BYTES = 24;
/** Bodies up to this size get memory of their own: a thousand results of a few bytes may wait for their turn, each in a block. */
const OWN_BYTES = 16 * 1024;

/** A text that was written, in pieces. */
export interface Body {
  readonly segments: readonly Buffer[];
  readonly bytes: number;
  /** True when some segments are memory of the text that they were taken from, which has to live as long then. */
  readonly refers: boolean;
  /** Gives the blocks back. To be called once. */
  readonly release: () => void;
}

/** Puts a text together from ranges of others, in reused blocks of memory. */
export class BodyWriter {
  readonly #pool: BlockPool;
  #segments: Buffer[] = [];
  #blocks: Buffer[] = [];
  #block: Buffer = Buffer.alloc(0);
  /** Where the part of the block begins that is no segment yet, and where it ends. */
  #from = 0;
  #used = 0;
  #bytes = 0;
  #refers = false;
  /** The range that is copied when something else follows: neighbours become one copy. */
  #source: Pieces | undefined;
  #sourceFrom = 0;
  #sourceTo = 0;
  readonly #take = (piece: Buffer, from: number, to: number): void => this.#copy(piece, from, to);

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** Written so far. */
  get bytes(): number {
    return this.#bytes + (this.#source === undefined ? 0 : this.#sourceTo - this.#sourceFrom);
  }

  /** Writes `[from, to)` of a text, which must not change until the body is done with. */
  range(source: Pieces, from: number, to: number): void {
    if (this.#source === source && this.#sourceTo === from) {
      this.#sourceTo = to;
      return;
    }
    this.#flush();
    this.#source = source;
    this.#sourceFrom = from;
    this.#sourceTo = to;
  }

  /** Writes bytes of the program's own; they are copied at once. */
  literal(bytes: Buffer): void {
    this.#flush();
    this.#copy(bytes, 0, bytes.length);
  }

  byte(byte: number): void {
    this.#flush();
    if (this.#used === this.#block.length) this.#nextBlock();
    this.#block[this.#used] = byte;
    this.#used += 1;
    this.#bytes += 1;
  }

  /** Takes the byte back that was written last, by `byte`. */
  takeBackByte(): void {
    this.#used -= 1;
    this.#bytes -= 1;
  }

  /** Ends the body. The writer is empty then and can be used for the next one. */
  finish(): Body {
    this.#flush();
    this.#cut();
    if (this.#bytes <= OWN_BYTES && this.#blocks.length > 0 && !this.#refers) {
      const own = Buffer.concat(this.#segments);
      this.discard();
      return { segments: [own], bytes: own.length, refers: false, release: () => undefined };
    }
    const blocks = this.#blocks;
    const body = {
      segments: this.#segments,
      bytes: this.#bytes,
      refers: this.#refers,
      release: () => this.#pool.give(blocks),
    };
    this.#reset();
    return body;
  }

  /** Forgets what was written. */
  discard(): void {
    this.#pool.give(this.#blocks);
    this.#reset();
  }

  #reset(): void {
    this.#segments = [];
    this.#blocks = [];
    this.#block = Buffer.alloc(0);
    this.#from = 0;
    this.#used = 0;
    this.#bytes = 0;
    this.#refers = false;
    this.#source = undefined;
  }

  #flush(): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    const [from, to] = [this.#sourceFrom, this.#sourceTo];
    if (to - from < REFERENCED_BYTES) {
      if (from === to) return;
      const piece = source.pieceAt(from);
      const start = source.pieceStart;
      if (to <= start + piece.length) this.#copy(piece, from - start, to - start);
      else source.forEach(from, to, this.#take);
      return;
    }
    this.#cut();
    this.#refers = true;
    source.forEach(from, to, (piece, start, end) => {
      this.#segments.push(piece.subarray(start, end));
      this.#bytes += end - start;
    });
  }

  #copy(piece: Buffer, from: number, to: number): void {
    this.#bytes += to - from;
    for (let at = from; at < to; ) {
      if (this.#used === this.#block.length) this.#nextBlock();
      const block = this.#block;
      const used = this.#used;
      const count = Math.min(to - at, block.length - used);
      if (count < SMALL_BYTES) for (let i = 0; i < count; i++) block[used + i] = piece[at + i] as number;
      else piece.copy(block, used, at, at + count);
      this.#used = used + count;
      at += count;
    }
  }

  #nextBlock(): void {
    this.#cut();
    this.#block = this.#pool.take();
    this.#blocks.push(this.#block);
    this.#from = 0;
    this.#used = 0;
  }

  /** What was copied since the last cut becomes a segment. */
  #cut(): void {
    if (this.#used > this.#from) this.#segments.push(this.#block.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }
}
