import { MillraceError } from '../core/errors.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';
import type { Split } from './split/split.ts';

/** One request's worth of an object: whole records, as ranges of the chunks that they were read into. */
export interface MiniBatch {
  /** Byte offset in the object of its first record. */
  readonly offset: number;
  readonly bytes: number;
  /** Number in the object of its first record, from 0. */
  readonly record: number;
  readonly records: number;
  readonly segments: readonly Buffer[];
  /** The chunks behind the segments, one each; released when the request is over for good. */
  readonly chunks: readonly Chunk[];
}

export type BatchStrategy = 'MultiRecord' | 'SingleRecord';

export interface MiniBatcherOptions {
  readonly split: Split;
  readonly strategy: BatchStrategy;
  readonly maxPayloadBytes: number;
  /** The object's name, for messages. */
  readonly object: string;
}

/**
 * Packs the records of one object into mini-batches: one each (`SingleRecord`), or as many as fit (`MultiRecord`). The
 * result depends on the bytes alone, never on the pieces that they come in. A record over the limit throws
 * `RecordTooLarge`; what was packed before it has been yielded by then.
 *
 * Nothing is copied: a mini-batch refers to the chunks and retains each of them once per segment.
 */
export class MiniBatcher {
  readonly #pool: ChunkPool;
  readonly #options: MiniBatcherOptions;
  readonly #single: boolean;
  #segments: Buffer[] = [];
  #chunks: Chunk[] = [];
  /** Bytes in the segments, and how many of them are whole records. */
  #gathered = 0;
  #whole = 0;
  #offset = 0;
  #record = 0;
  #records = 0;

  constructor(pool: ChunkPool, options: MiniBatcherOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#single = options.strategy === 'SingleRecord';
  }

  /** Takes the next bytes of the object, `[from, to)` of the chunk, and yields the mini-batches that they complete. */
  *push(chunk: Chunk, from: number, to: number): Generator<MiniBatch, void, undefined> {
    const { split, maxPayloadBytes } = this.#options;
    const { buffer } = chunk;
    for (let at = from; at < to; ) {
      if (this.#gathered === maxPayloadBytes) yield this.#full();
      const limit = Math.min(to, at + maxPayloadBytes - this.#gathered);
      const boundary = this.#single ? split.firstBoundary(buffer, at, limit) : split.lastBoundary(buffer, at, limit);
      const end = this.#single && boundary !== -1 ? boundary : limit;
      if (boundary !== -1) {
        this.#records += this.#single ? 1 : split.countBoundaries(buffer, at, boundary);
        this.#whole = this.#gathered + boundary - at;
      }
      this.#add(chunk, at, end);
      at = end;
      if (this.#single && boundary !== -1) yield this.#take();
    }
  }

  /** The last mini-batch, when anything is left: bytes behind the last boundary are a record too. */
  end(): MiniBatch | undefined {
    if (this.#gathered === 0) return undefined;
    if (this.#gathered > this.#whole) {
      this.#whole = this.#gathered;
      this.#records += 1;
    }
    return this.#take();
  }

  /** Gives back what is gathered, when the object is given up. */
  discard(): void {
    for (const chunk of this.#chunks) this.#pool.release(chunk);
    this.#segments = [];
    this.#chunks = [];
    this.#gathered = 0;
  }

  /** No byte fits any more and another one has come: the whole records go, or there is none and the record is too large. */
  #full(): MiniBatch {
    if (this.#whole > 0) return this.#take();
    const { object, maxPayloadBytes: limitBytes } = this.#options;
    throw new MillraceError('RecordTooLarge', { object, record: this.#record, offset: this.#offset, limitBytes });
  }

  #add(chunk: Chunk, from: number, to: number): void {
    this.#gathered += to - from;
    const last = this.#segments.length - 1;
    const segment = this.#segments[last];
    if (segment !== undefined && this.#chunks[last] === chunk) {
      // Reads from the network are small: ranges of one chunk follow each other and become one segment.
      this.#segments[last] = chunk.buffer.subarray(from - segment.length, to);
      return;
    }
    chunk.holders += 1;
    this.#chunks.push(chunk);
    this.#segments.push(chunk.buffer.subarray(from, to));
  }

  /** Cuts behind the whole records; what was gathered of the next one stays. */
  #take(): MiniBatch {
    const batch = {
      offset: this.#offset,
      bytes: this.#whole,
      record: this.#record,
      records: this.#records,
      segments: this.#segments,
      chunks: this.#chunks,
    };
    this.#segments = [];
    this.#chunks = [];
    for (let excess = this.#gathered - this.#whole; excess > 0; ) {
      const segment = batch.segments.pop() as Buffer;
      const chunk = batch.chunks.pop() as Chunk;
      const kept = Math.max(0, segment.length - excess);
      this.#segments.unshift(segment.subarray(kept));
      this.#chunks.unshift(chunk);
      if (kept > 0) {
        batch.segments.push(segment.subarray(0, kept));
        batch.chunks.push(chunk);
        chunk.holders += 1;
      }
      excess -= segment.length - kept;
    }
    this.#gathered -= this.#whole;
    this.#offset += this.#whole;
    this.#record += this.#records;
    this.#whole = 0;
    this.#records = 0;
    return batch;
  }
}
