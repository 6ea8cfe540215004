import { MillraceError } from '../core/errors.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';
import type { Splitter } from './split/split.ts';

/** One request's worth of an object: whole records with their framing, as ranges of the chunks that they were read into. */
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
  readonly splitter: Splitter;
  /** Records of a mini-batch, at the most; 1 for `SingleRecord`. */
  readonly maxRecords: number;
  /** Bytes of a mini-batch with the framing of its records, at the most. */
  readonly maxBytes: number;
  /** The limit as the user knows it, for messages; a header that is repeated is taken off. */
  readonly limitBytes: number;
  /** The first record is a header and not packed (`--csv-header`); `repeat` leaves room for it in every mini-batch. */
  readonly header?: 'drop' | 'repeat' | undefined;
  /** The object's name, for messages. */
  readonly object: string;
}

/**
 * Packs the records of one object into mini-batches: as many as fit, by bytes and by count. The result depends on the bytes
 * alone, never on the pieces that they come in. A record over the limit throws `RecordTooLarge`; what was packed before it
 * has been yielded by then.
 *
 * Nothing is copied: a mini-batch refers to the chunks and retains each of them once per segment.
 */
export class MiniBatcher {
  readonly #pool: ChunkPool;
  readonly #options: MiniBatcherOptions;
  #maxBytes: number;
  #limitBytes: number;
  #awaitsHeader: boolean;
  #header: Buffer | undefined;
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
    this.#maxBytes = options.maxBytes;
    this.#limitBytes = options.limitBytes;
    this.#awaitsHeader = options.header !== undefined;
  }

  /** The header with its line end, once it has come. */
  get header(): Buffer | undefined {
    return this.#header;
  }

  /** Takes the next bytes of the object, `[from, to)` of the chunk, and yields the mini-batches that they complete. */
  *push(chunk: Chunk, from: number, to: number): Generator<MiniBatch, void, undefined> {
    const { splitter } = this.#options;
    const { buffer } = chunk;
    for (let at = from; at < to; ) {
      if (this.#gathered >= this.#maxBytes) yield this.#full();
      const maxRecords = this.#awaitsHeader ? 1 : this.#options.maxRecords;
      const limit = Math.min(to, at + this.#maxBytes - this.#gathered);
      let taken: number;
      try {
        taken = splitter.scan(buffer, at, limit, maxRecords - this.#records);
      } catch (error) {
        // The records before the bad one are as good as if the piece had ended behind them.
        this.#count(at);
        if (splitter.boundary !== -1) this.#add(chunk, at, splitter.boundary);
        if (this.#whole > 0 && !this.#awaitsHeader) yield this.#take();
        throw error;
      }
      this.#count(at);
      this.#add(chunk, at, taken);
      at = taken;
      if (this.#records < maxRecords) continue;
      if (this.#awaitsHeader) this.#keepHeader();
      else yield this.#take();
    }
  }

  /**
   * The last mini-batch, when anything is left.
   *
   * @throws MillraceError when the object ends in the middle of a record
   */
  end(): MiniBatch | undefined {
    this.#options.splitter.end();
    if (this.#gathered === 0) return undefined;
    if (this.#gathered > this.#whole) {
      this.#whole = this.#gathered;
      this.#records += 1;
    }
    if (!this.#awaitsHeader) return this.#take();
    this.#keepHeader();
    return undefined;
  }

  /** Counts the records that the splitter found in a range that begins at `at`. */
  #count(at: number): void {
    const { boundary, records } = this.#options.splitter;
    if (boundary === -1) return;
    this.#records += records;
    this.#whole = this.#gathered + boundary - at;
  }

  #keepHeader(): void {
    const { segments, chunks } = this.#take();
    this.#record = 0;
    this.#awaitsHeader = false;
    this.#header = Buffer.concat(segments);
    for (const chunk of chunks) this.#pool.release(chunk);
    if (this.#options.header !== 'repeat') return;
    this.#maxBytes -= this.#header.length;
    this.#limitBytes -= this.#header.length;
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
    const { object } = this.#options;
    const limitBytes = Math.max(0, this.#limitBytes);
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

/** Gives back the memory of a mini-batch. */
export function release(pool: ChunkPool, batch: MiniBatch): void {
  for (const chunk of batch.chunks) pool.release(chunk);
}

/**
 * A mini-batch of two records or more, cut in the middle. The halves refer to its memory and hold none themselves.
 *
 * @param splitter a new one, to find the record in the middle
 */
export function halves(batch: MiniBatch, splitter: Splitter): readonly [MiniBatch, MiniBatch] {
  const records = Math.floor(batch.records / 2);
  const first: Buffer[] = [];
  const second: Buffer[] = [];
  let missing = records;
  let bytes = 0;
  for (const segment of batch.segments) {
    const taken = missing === 0 ? 0 : splitter.scan(segment, 0, segment.length, missing);
    if (missing > 0 && splitter.boundary !== -1) missing -= splitter.records;
    if (taken > 0) first.push(segment.subarray(0, taken));
    if (taken < segment.length) second.push(segment.subarray(taken));
    bytes += taken;
  }
  const { offset, record } = batch;
  return [
    { offset, bytes, record, records, segments: first, chunks: [] },
    {
      offset: offset + bytes,
      bytes: batch.bytes - bytes,
      record: record + records,
      records: batch.records - records,
      segments: second,
      chunks: [],
    },
  ];
}
