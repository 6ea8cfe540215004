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
  #body: AsyncIterator<Uint8Array> | undefined;
  #stream: Readable | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #position: number;
  #torn = 0;

  constructor(answer: GetObjectCommandOutput, options: S3ReaderOptions) {
    this.#options = options;
    this.#position = options.start;
    this.#etag = answer.ETag;
    this.size = options.start + (answer.ContentLength ?? 0);
    this.#take(answer);
  }

  async read(into: Uint8Array): Promise<number> {
    const { signal } = this.#options;
    while (true) {
      signal.throwIfAborted();
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
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#body = undefined;
  }

  #take(answer: GetObjectCommandOutput): void {
    this.#stream = answer.Body as Readable;
    this.#stream.on('error', () => undefined); // after close() nobody reads, and an error must not end the process
    this.#body = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  async #resume(): Promise<void> {
    const { client, bucket, key, signal } = this.#options;
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(this.#position > 0 ? { Range: `bytes=${this.#position}-` } : {}),
      ...(this.#etag === undefined ? {} : { IfMatch: this.#etag }),
    });
    this.#take(await client.send(command, { abortSignal: signal }));
  }

  /** Decides whether reading goes on after `error`. At the end of the object only a checksum can fail: that is final. */
  async #tornBy(error: unknown): Promise<void> {
    const { object, signal } = this.#options;
    await this.close();
    signal.throwIfAborted();
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 412 || status === 404 || status === 416) {
      throw new MillraceError('ObjectChanged', { object, cause: describe(error) }, { cause: error });
    }
    this.#torn += 1;
    if (
      this.#torn > MAX_TORN ||
      this.#position >= this.size ||
      (status !== undefined && status < 500 && status !== 429)
    ) {
      const details = { object, offset: this.#position, cause: describe(error) };
      throw new MillraceError('ReadFailed', details, { cause: error });
    }
    await sleep(pauseMs(this.#torn), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
