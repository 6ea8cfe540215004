import { asMillraceError, MillraceError } from '../core/errors.ts';
import { orderedMap } from '../core/ordered-map.ts';
import type { ObjectReader, ObjectStore } from '../objects/object-store.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';
import { GunzipReader } from './gunzip-reader.ts';
import { type MiniBatch, MiniBatcher, release } from './mini-batch.ts';
import type { RecordRules } from './record-rules.ts';

/** The bytes of an object as its records are found in them. Of a compressed object nobody knows how many there are. */
export interface RecordReader extends Pick<ObjectReader, 'read' | 'close'> {
  readonly size: number | undefined;
  /** Bytes of the object as it is stored that were used up; as many as were read when left out. */
  readonly consumed?: number;
}

/** One input object on its way through an agent. */
export interface ObjectRun {
  readonly inputKey: string;
  /** Its name for the model server and the data log. */
  readonly name: string;
  /** Set once, by whoever sees the first failure; everybody else stops working on the object then. */
  failure: MillraceError | undefined;
  /** Its first record with the line end, when that is no record but a header; set before its first mini-batch or its end. */
  header: Buffer | undefined;
}

/**
 * What the source yields: mini-batches, or the reader of an object that is sent in one piece, and after them how the reading of
 * their object ended. Whoever takes the reader closes it: the source may be at its end long before.
 */
export type Work<R extends ObjectRun> =
  | {
      readonly kind: 'batch';
      readonly run: R;
      readonly batch: MiniBatch;
      /** Bytes of the object as it is stored that were read for it, about. */
      readonly sourceBytes: number;
    }
  | { readonly kind: 'stream'; readonly run: R; readonly take: () => RecordReader }
  | { readonly kind: 'end'; readonly run: R };

export interface RecordSourceOptions {
  readonly store: ObjectStore;
  readonly pool: ChunkPool;
  readonly rules: RecordRules;
  /** Objects opened ahead of the one that is read: hides the latency of a store's first answer. */
  readonly openAhead: number;
  /** Aborted when nothing new is to be started; the object under way is given up. */
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
}

/** With less room than this in a chunk, the next one is taken: small reads cost as many system calls as large ones. */
const MIN_READ_BYTES = 64 * 1024;

interface Opened<R> {
  readonly run: R;
  readonly reader: RecordReader | undefined;
}

/**
 * Reads the objects one after the other and cuts them into mini-batches, one read ahead. The order of what it yields is the
 * order of the input, whatever becomes of the requests. A failure is the object's own: it is set as `run.failure`.
 */
export class RecordSource {
  readonly #options: RecordSourceOptions;
  readonly #readers = new Set<RecordReader>();
  #chunk: Chunk | undefined;
  #used = 0;

  constructor(options: RecordSourceOptions) {
    this.#options = options;
  }

  async *read<R extends ObjectRun>(runs: AsyncIterable<R>): AsyncGenerator<Work<R>, void, undefined> {
    const { openAhead, signal } = this.#options;
    const opened = orderedMap(
      () => this.#untilDrain(runs),
      (run) => this.#open(run),
      { concurrency: openAhead, lookAhead: openAhead, signal },
    );
    try {
      for await (const { run, reader } of opened) {
        if (this.#options.drain.aborted) break; // opened ahead, but not begun
        if (reader !== undefined) {
          if (this.#options.rules.streamed) {
            yield { kind: 'stream', run, take: () => this.#handOver(reader) };
          } else {
            yield* this.#cut(run, reader);
            await this.#close(reader);
          }
        }
        yield { kind: 'end', run };
      }
    } finally {
      await Promise.all([...this.#readers].map((reader) => reader.close()));
    }
  }

  async *#untilDrain<R>(runs: AsyncIterable<R>): AsyncGenerator<R, void, undefined> {
    for await (const run of runs) {
      if (this.#options.drain.aborted) return;
      yield run;
    }
  }

  async #open<R extends ObjectRun>(run: R): Promise<Opened<R>> {
    const { rules, signal } = this.#options;
    const { maxPayloadBytes: limitBytes } = rules;
    try {
      const reader = await openObject(this.#options, run);
      this.#readers.add(reader);
      if (rules.splitType === 'None' && reader.size !== undefined && reader.size > limitBytes) {
        await this.#close(reader);
        throw new MillraceError('ObjectTooLarge', { object: run.name, sizeBytes: reader.size, limitBytes });
      }
      return { run, reader };
    } catch (error) {
      signal.throwIfAborted();
      run.failure ??= asMillraceError(error);
      return { run, reader: undefined };
    }
  }

  #handOver(reader: RecordReader): RecordReader {
    this.#readers.delete(reader);
    return reader;
  }

  async #close(reader: RecordReader): Promise<void> {
    this.#readers.delete(reader);
    await reader.close();
  }

  async *#cut<R extends ObjectRun>(run: R, reader: RecordReader): AsyncGenerator<Work<R>, void, undefined> {
    const { pool, rules, drain, signal } = this.#options;
    const batcher = new MiniBatcher(pool, {
      ...rules.limits,
      splitter: rules.splitter(run.name, reader.size),
      limitBytes: rules.maxPayloadBytes,
      header: rules.header,
      object: run.name,
    });
    const givenUp = (): boolean => run.failure !== undefined || drain.aborted;
    let begun = false;
    let cutShort = false;
    let consumed = 0;
    const sourceBytes = ({ bytes }: MiniBatch): number => {
      if (reader.consumed === undefined) return bytes;
      const before = consumed;
      consumed = reader.consumed;
      return consumed - before;
    };
    let next = this.#fill(reader);
    try {
      while (!cutShort) {
        const piece = await next;
        if (piece === undefined) break;
        // The next read is under way while the mini-batches of this one are sent.
        next = this.#fill(reader);
        next.catch(() => undefined); // its failure is met in the next turn, or of no interest any more
        try {
          if (!begun) refuseGzip(run.name, rules, piece.chunk.buffer.subarray(piece.from, piece.to));
          begun = true;
          for (const batch of batcher.push(piece.chunk, piece.from, piece.to)) {
            run.header = batcher.header;
            cutShort ||= givenUp();
            if (cutShort) release(pool, batch);
            else yield { kind: 'batch', run, batch, sourceBytes: sourceBytes(batch) };
          }
          cutShort ||= givenUp();
        } finally {
          pool.release(piece.chunk);
        }
      }
      const last = cutShort ? undefined : batcher.end();
      run.header = batcher.header;
      if (last !== undefined) yield { kind: 'batch', run, batch: last, sourceBytes: sourceBytes(last) };
      if (cutShort) run.failure ??= new MillraceError('Interrupted', { cause: 'the job was interrupted' });
    } catch (error) {
      signal.throwIfAborted();
      run.failure ??= asMillraceError(error);
    } finally {
      batcher.discard();
      await next.then(
        (unused) => unused && pool.release(unused.chunk),
        () => undefined,
      );
    }
  }

  /** Reads once, into the room left in the current chunk or into a new one; `undefined` at the end of the object. */
  async #fill(reader: RecordReader): Promise<{ chunk: Chunk; from: number; to: number } | undefined> {
    const { pool, signal } = this.#options;
    if (this.#chunk === undefined || pool.chunkBytes - this.#used < MIN_READ_BYTES) {
      const full = this.#chunk;
      this.#chunk = undefined;
      if (full !== undefined) pool.release(full);
      this.#chunk = await pool.acquire(signal);
      this.#used = 0;
    }
    const chunk = this.#chunk;
    const from = this.#used;
    const count = await reader.read(chunk.buffer.subarray(from));
    if (count === 0) return undefined;
    this.#used += count;
    chunk.holders += 1;
    return { chunk, from, to: from + count };
  }
}

/** Compressed bytes have newlines, too: they would be sent as if they were lines. */
function refuseGzip(object: string, { splitType, compressed }: RecordRules, start: Buffer): void {
  if (splitType !== 'Line' || compressed || start[0] !== 0x1f || start[1] !== 0x8b || start[2] !== 8) return;
  throw new MillraceError('Compressed', { object });
}

/** Opens an object for reading, decompressed where the job says so (behaviour 2). */
export async function openObject(
  { store, rules, signal }: Pick<RecordSourceOptions, 'store' | 'rules' | 'signal'>,
  { inputKey, name }: ObjectRun,
): Promise<RecordReader> {
  const reader = await store.open(inputKey, { signal });
  if (!rules.compressed) return reader;
  return new GunzipReader(reader, { object: name, allowNested: rules.sentAsIs, signal });
}
