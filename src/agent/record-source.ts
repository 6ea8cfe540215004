import { asMillraceError, MillraceError } from '../core/errors.ts';
import { orderedMap } from '../core/ordered-map.ts';
import type { ObjectReader, ObjectStore } from '../objects/object-store.ts';
import type { Chunk, ChunkPool } from './chunk-pool.ts';
import { type BatchStrategy, type MiniBatch, MiniBatcher } from './mini-batch.ts';
import { line } from './split/line.ts';
import { none } from './split/none.ts';
import type { Split, SplitType } from './split/split.ts';

/** One input object on its way through an agent. */
export interface ObjectRun {
  readonly inputKey: string;
  readonly outputKey: string;
  /** Its name for the model server and the data log. */
  readonly name: string;
  /** Set once, by whoever sees the first failure; everybody else stops working on the object then. */
  failure: MillraceError | undefined;
}

/** What the source yields: mini-batches, and after them how the reading of their object ended. */
export type Work<R extends ObjectRun> =
  | { readonly kind: 'batch'; readonly run: R; readonly batch: MiniBatch }
  | { readonly kind: 'end'; readonly run: R };

export interface RecordSourceOptions {
  readonly store: ObjectStore;
  readonly pool: ChunkPool;
  readonly splitType: SplitType;
  readonly strategy: BatchStrategy;
  readonly maxPayloadBytes: number;
  /** Objects opened ahead of the one that is read: hides the latency of a store's first answer. */
  readonly openAhead: number;
  /** Aborted when nothing new is to be started; the object under way is given up. */
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
}

const SPLITS: Readonly<Record<SplitType, () => Split>> = { None: none, Line: line };
/** With less room than this in a chunk, the next one is taken: small reads cost as many system calls as large ones. */
const MIN_READ_BYTES = 64 * 1024;

interface Opened<R> {
  readonly run: R;
  readonly reader: ObjectReader | undefined;
}

/**
 * Reads the objects one after the other and cuts them into mini-batches, one read ahead. The order of what it yields is the
 * order of the input, whatever becomes of the requests. A failure is the object's own: it is set as `run.failure`.
 */
export class RecordSource {
  readonly #options: RecordSourceOptions;
  readonly #split: Split;
  readonly #readers = new Set<ObjectReader>();
  #chunk: Chunk | undefined;
  #used = 0;

  constructor(options: RecordSourceOptions) {
    this.#options = options;
    this.#split = SPLITS[options.splitType]();
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
          yield* this.#cut(run, reader);
          await this.#close(reader);
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
    const { store, signal, splitType, maxPayloadBytes: limitBytes } = this.#options;
    try {
      const reader = await store.open(run.inputKey, { signal });
      this.#readers.add(reader);
      if (splitType === 'None' && reader.size > limitBytes) {
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

  async #close(reader: ObjectReader): Promise<void> {
    this.#readers.delete(reader);
    await reader.close();
  }

  async *#cut<R extends ObjectRun>(run: R, reader: ObjectReader): AsyncGenerator<Work<R>, void, undefined> {
    const { pool, strategy, maxPayloadBytes, drain, signal } = this.#options;
    const batcher = new MiniBatcher(pool, { split: this.#split, strategy, maxPayloadBytes, object: run.name });
    const givenUp = (): boolean => run.failure !== undefined || drain.aborted;
    let cutShort = false;
    let next = this.#fill(reader);
    try {
      while (!cutShort) {
        const piece = await next;
        if (piece === undefined) break;
        // The next read is under way while the mini-batches of this one are sent.
        next = this.#fill(reader);
        next.catch(() => undefined); // its failure is met in the next turn, or of no interest any more
        try {
          for (const batch of batcher.push(piece.chunk, piece.from, piece.to)) {
            cutShort ||= givenUp();
            if (cutShort) release(pool, batch);
            else yield { kind: 'batch', run, batch };
          }
          cutShort ||= givenUp();
        } finally {
          pool.release(piece.chunk);
        }
      }
      const last = cutShort ? undefined : batcher.end();
      if (last !== undefined) yield { kind: 'batch', run, batch: last };
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
  async #fill(reader: ObjectReader): Promise<{ chunk: Chunk; from: number; to: number } | undefined> {
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

/** Gives back the memory of a mini-batch. */
export function release(pool: ChunkPool, batch: MiniBatch): void {
  for (const chunk of batch.chunks) pool.release(chunk);
}
