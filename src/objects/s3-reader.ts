import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { MillraceError } from '../core/errors.ts';
import type { ObjectReader } from './object-store.ts';
import { describe } from './s3-failure.ts';

/** Torn reads in a row, without a byte between them, after which reading fails. */
const MAX_TORN = 5;
/** Pause before the n-th of them, so that a server that is restarting has some 6 s to come back. */
const pauseMs = (torn: number): number => 200 * 2 ** (torn - 1);

export interface S3ReaderOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  /** The object's name in messages. */
  readonly object: string;
  readonly start: number;
  readonly signal: AbortSignal;
}

/** One GET that is taken up again where it stopped when the connection breaks, as long as the object is the same one. */
export class S3Reader implements ObjectReader {
  readonly size: number;
  readonly #options: S3ReaderOptions;
  readonly #etag: string | undefined;
  /** Aborted by `close`, so that what waits ends then. */
  readonly #own = new AbortController();
  readonly #signal: AbortSignal;
  #body: AsyncIterator<Uint8Array> | undefined;
  #stream: Readable | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #position: number;
  #torn = 0;

  constructor(answer: GetObjectCommandOutput, options: S3ReaderOptions) {
    this.#options = options;
    this.#position = options.start;
    this.#signal = AbortSignal.any([options.signal, this.#own.signal]);
    this.#signal.addEventListener('abort', () => this.#letGo(), { once: true });
    this.#etag = answer.ETag;
    this.size = options.start + (answer.ContentLength ?? 0);
    this.#take(answer);
  }

  async read(into: Uint8Array): Promise<number> {
    while (true) {
      this.#throwIfEnded();
      if (this.#rest.length > 0) {
        const count = Math.min(into.length, this.#rest.length);
        into.set(this.#rest.subarray(0, count));
        this.#rest = this.#rest.subarray(count);
        this.#position += count;
        this.#torn = 0;
        return count;
      }
      try {
        if (this.#body === undefined) await this.#resume();
        const next = await this.#body?.next();
        if (next !== undefined && !next.done) {
          this.#rest = next.value;
          continue;
        }
        if (this.#position >= this.size) return 0;
        throw new Error(`the connection ended after ${this.#position} of ${this.size} bytes`);
      } catch (error) {
        await this.#tornBy(error);
      }
    }
  }

  async close(): Promise<void> {
    this.#own.abort();
  }

  #letGo(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#body = undefined;
  }

  #throwIfEnded(): void {
    this.#options.signal.throwIfAborted();
    if (this.#own.signal.aborted) throw this.#failed(new Error('the reader was closed'));
  }

  #take(answer: GetObjectCommandOutput): void {
    this.#stream = answer.Body as Readable;
    this.#stream.on('error', () => undefined); // after close() nobody reads, and an error must not end the process
    if (this.#signal.aborted) this.#letGo();
    this.#throwIfEnded();
    // Some servers and caches do not know ranges and answer with the whole object: its bytes would go to the wrong place.
    if (this.#position > 0 && answer.ContentRange?.startsWith(`bytes ${this.#position}-`) !== true) {
      this.#letGo();
      throw this.#failed(new Error(`the server answered with another range: ${answer.ContentRange ?? 'all bytes'}`));
    }
    this.#body = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  async #resume(): Promise<void> {
    const { client, bucket, key } = this.#options;
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(this.#position > 0 ? { Range: `bytes=${this.#position}-` } : {}),
      ...(this.#etag === undefined ? {} : { IfMatch: this.#etag }),
    });
    this.#take(await client.send(command, { abortSignal: this.#signal }));
  }

  /** Decides whether reading goes on after `error`. At the end of the object only a checksum can fail: that is final. */
  async #tornBy(error: unknown): Promise<void> {
    this.#letGo();
    this.#throwIfEnded();
    if (error instanceof MillraceError) throw error;
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 412 || status === 404 || status === 416) {
      const details = { object: this.#options.object, cause: describe(error) };
      throw new MillraceError('ObjectChanged', details, { cause: error });
    }
    this.#torn += 1;
    const refused = status !== undefined && status < 500 && status !== 429;
    if (this.#torn > MAX_TORN || this.#position >= this.size || refused) throw this.#failed(error);
    await sleep(pauseMs(this.#torn), undefined, { signal: this.#signal }).catch(() => this.#throwIfEnded());
  }

  #failed(error: unknown): MillraceError {
    const details = { object: this.#options.object, offset: this.#position, cause: describe(error) };
    return new MillraceError('ReadFailed', details, { cause: error });
  }
}
