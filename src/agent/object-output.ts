import type { ObjectStore, ObjectWriter } from '../objects/object-store.ts';
import type { Inference } from './invoker.ts';

export type AssembleWith = 'None' | 'Line';

const NEWLINE = Buffer.from('\n');
/**
 * What may wait for a slow store before the agent stops handing over more. Without it the response budget would bound nothing:
 * the oldest request may always read on, and handing over its response makes the next one the oldest.
 */
const MAX_WAITING = 1024;
const MAX_WAITING_BYTES = 8 * 2 ** 20;

export interface ObjectOutputOptions {
  readonly store: ObjectStore;
  readonly key: string;
  readonly contentType: string | undefined;
  readonly assembleWith: AssembleWith;
  readonly signal: AbortSignal;
}

/**
 * Puts the inferences of one object together in the order in which they are appended and writes them, in the background, as
 * one object that appears whole or not at all. The first failure is kept: `finish` throws it, `failure` tells it early.
 */
export class ObjectOutput {
  readonly #options: ObjectOutputOptions;
  #queue: Inference[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #writer: ObjectWriter | undefined;
  #failure: { error: unknown } | undefined;
  /** Of the response that is being written. */
  #lastByte: number | undefined;
  /** Bytes that were taken over, and those of them, with newlines that were added, that are written. */
  appended = 0;
  bytes = 0;

  constructor(options: ObjectOutputOptions) {
    this.#options = options;
  }

  /** What went wrong so far, wrapped because anything can be thrown. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Takes an inference over. A promise is returned when so many wait that the caller should too. */
  append(inference: Inference): Promise<void> | undefined {
    this.#queue.push(inference);
    this.appended += inference.bytes;
    this.#waitingBytes += inference.bytes;
    this.#writing ??= this.#write();
    return this.#queue.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES ? this.#writing : undefined;
  }

  /** Forgets what was appended, for a response that is asked for once more. */
  async restart(): Promise<void> {
    await this.#writing;
    await this.#writer?.abort();
    this.#writer = undefined;
    this.#lastByte = undefined;
    this.appended = 0;
    this.bytes = 0;
  }

  /** Writes what is left and makes the object appear; an object without inferences becomes an empty one. */
  async finish(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#writer ??= await this.#create();
    await this.#writer.commit();
  }

  /** Removes whatever was written. Never rejects. */
  async abort(): Promise<void> {
    this.#failure ??= { error: new Error('the output was given up') };
    await this.#writing;
    for (const inference of this.#queue) inference.release();
    this.#queue = [];
    await this.#writer?.abort();
  }

  async #write(): Promise<void> {
    await null; // so that the caller has stored the promise before it can be taken back below
    while (this.#queue.length > 0) {
      const inferences = this.#queue;
      this.#queue = [];
      for (const inference of inferences) {
        try {
          if (this.#failure === undefined) await this.#writeOne(inference);
        } catch (error) {
          this.#failure = { error };
        }
        this.#waitingBytes -= inference.bytes;
        inference.release();
      }
    }
    this.#writing = undefined;
  }

  /** `AssembleWith=Line` ends each response, not each record, with one `\n` unless it already ends in one (behaviour 2). */
  async #writeOne({ pieces, bytes, unfinished }: Inference): Promise<void> {
    this.#writer ??= await this.#create();
    for (const piece of pieces) await this.#writer.write(piece);
    this.bytes += bytes;
    const lastByte = pieces.at(-1)?.at(-1) ?? this.#lastByte;
    this.#lastByte = unfinished ? lastByte : undefined;
    if (this.#options.assembleWith !== 'Line' || unfinished || lastByte === NEWLINE[0]) return;
    await this.#writer.write(NEWLINE);
    this.bytes += 1;
  }

  #create(): Promise<ObjectWriter> {
    const { store, key, contentType, signal } = this.#options;
    return store.create(key, { signal, ...(contentType === undefined ? {} : { contentType }) });
  }
}
