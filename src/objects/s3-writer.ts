import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { MillraceError } from '../core/errors.ts';
import type { ObjectWriter } from './object-store.ts';
import { describe } from './s3-failure.ts';

const MIB = 2 ** 20;
/** Parts on their way at once, beside the one that is filled: three parts of memory per output. */
const PARTS_IN_FLIGHT = 2;
/** What is left to be removed after an abort gets this long, whatever aborted the job. */
const CLEAN_UP_MS = 30_000;

/**
 * Bytes of part `number` (from 1). S3 allows 10,000 parts of at least 5 MiB: doubling after every 1,000 keeps an output of
 * a normal size cheap in memory and allows one of 8 TiB, more than S3's own 5 TiB.
 */
export function partBytes(number: number): number {
  return 8 * MIB * 2 ** Math.floor((number - 1) / 1000);
}

export interface S3WriterOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string | undefined;
  /** A key of the store's for its encryption. */
  readonly kmsKeyId: string | undefined;
  readonly output: string;
  readonly signal: AbortSignal;
}

/** Writes an object as one PUT when it fits into one part, as a multipart upload otherwise; both appear whole or not at all. */
export class S3Writer implements ObjectWriter {
  readonly #options: S3WriterOptions;
  readonly #own = new AbortController();
  readonly #signal: AbortSignal;
  /** What was written and is not sent yet; grows up to the size of the part, so that a small output stays small. */
  #block: Buffer = Buffer.alloc(0);
  #gathered = 0;
  /** The request for an upload. It outlives the job's signal: an upload whose number nobody knows could not be removed. */
  #creating: Promise<unknown> | undefined;
  readonly #createSignal = new AbortController();
  #uploadId: string | undefined;
  #partNumber = 0;
  readonly #etags = new Map<number, string | undefined>();
  readonly #inFlight = new Set<Promise<void>>();
  #failure: unknown;

  constructor(options: S3WriterOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#own.signal]);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      const limit = partBytes(this.#partNumber + 1);
      const piece = rest.subarray(0, limit - this.#gathered);
      this.#reserve(this.#gathered + piece.length, limit);
      this.#block.set(piece, this.#gathered);
      this.#gathered += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#gathered === limit) await this.#sendPart();
    }
  }

  async commit(): Promise<void> {
    const { client, bucket, key } = this.#options;
    try {
      if (this.#uploadId === undefined) {
        const put = { ...this.#attributes(), Body: this.#takeBlock() };
        await client.send(new PutObjectCommand(put), { abortSignal: this.#signal });
        return;
      }
      if (this.#gathered > 0) await this.#sendPart();
      await Promise.all(this.#inFlight);
      if (this.#failure !== undefined) throw this.#failure;
      const parts = [...this.#etags].sort(([a], [b]) => a - b).map(([PartNumber, ETag]) => ({ PartNumber, ETag }));
      const complete = { Bucket: bucket, Key: key, UploadId: this.#uploadId, MultipartUpload: { Parts: parts } };
      try {
        await client.send(new CompleteMultipartUploadCommand(complete), { abortSignal: this.#signal });
      } catch (error) {
        if (!(await this.#isComplete(error, parts))) throw error;
      }
      this.#uploadId = undefined;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async abort(): Promise<void> {
    this.#own.abort();
    this.#block = Buffer.alloc(0);
    this.#gathered = 0;
    // A part that arrives after the abort would stay behind: wait for all of them first.
    await Promise.all(this.#inFlight);
    const patience = setTimeout(() => this.#createSignal.abort(), CLEAN_UP_MS);
    await this.#creating?.catch(() => undefined);
    clearTimeout(patience);
    const { client, bucket, key } = this.#options;
    const uploadId = this.#uploadId;
    if (uploadId === undefined) return;
    this.#uploadId = undefined;
    const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
    await client.send(command, { abortSignal: AbortSignal.timeout(CLEAN_UP_MS) }).catch(() => undefined);
  }

  async #sendPart(): Promise<void> {
    const { client, bucket, key } = this.#options;
    try {
      this.#signal.throwIfAborted();
      this.#creating ??= this.#createUpload();
      await unlessAborted(this.#creating, this.#signal);
      while (this.#inFlight.size >= PARTS_IN_FLIGHT) await Promise.race(this.#inFlight);
      if (this.#failure !== undefined) throw this.#failure;
    } catch (error) {
      throw this.#failed(error);
    }
    this.#partNumber += 1;
    const number = this.#partNumber;
    const part = { Bucket: bucket, Key: key, UploadId: this.#uploadId, PartNumber: number, Body: this.#takeBlock() };
    const sending: Promise<void> = client.send(new UploadPartCommand(part), { abortSignal: this.#signal }).then(
      ({ ETag }) => {
        this.#etags.set(number, ETag);
        this.#inFlight.delete(sending);
      },
      (error) => {
        this.#failure ??= error;
        this.#inFlight.delete(sending);
      },
    );
    this.#inFlight.add(sending);
  }

  async #createUpload(): Promise<void> {
    const create = new CreateMultipartUploadCommand(this.#attributes());
    const sent = this.#options.client.send(create, { abortSignal: this.#createSignal.signal });
    this.#uploadId = (await sent).UploadId;
  }

  #attributes() {
    const { bucket, key, contentType, kmsKeyId } = this.#options;
    const encryption =
      kmsKeyId === undefined ? {} : ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId } as const);
    return { Bucket: bucket, Key: key, ContentType: contentType, ...encryption };
  }

  /**
   * When the answer to a completion is lost, the next try is told that there is no such upload. The object is there then,
   * with an ETag that only these parts give: the MD5 of their MD5s.
   */
  async #isComplete(error: unknown, parts: readonly { readonly ETag: string | undefined }[]): Promise<boolean> {
    if (!(error instanceof S3ServiceException && error.name === 'NoSuchUpload')) return false;
    const { client, bucket, key } = this.#options;
    const digests = parts.map(({ ETag = '' }) => Buffer.from(ETag.replaceAll('"', ''), 'hex'));
    const expected = `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${parts.length}`;
    const head = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const info = await client.send(head, { abortSignal: this.#signal }).catch(() => undefined);
    return info?.ETag?.replaceAll('"', '') === expected;
  }

  #reserve(bytes: number, limit: number): void {
    if (bytes <= this.#block.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(bytes * 2, 64 * 1024)));
    this.#block.copy(grown, 0, 0, this.#gathered);
    this.#block = grown;
  }

  /** Hands the block over to a request, which may send it again when it fails, and starts a new one. */
  #takeBlock(): Buffer {
    const body = this.#block.subarray(0, this.#gathered);
    this.#block = Buffer.alloc(0);
    this.#gathered = 0;
    return body;
  }

  #failed(error: unknown): unknown {
    if (this.#signal.aborted) return this.#signal.reason;
    if (error instanceof MillraceError) return error;
    return new MillraceError('WriteFailed', { output: this.#options.output, cause: describe(error) }, { cause: error });
  }
}

/** What `promise` becomes, or the signal's reason as soon as it is aborted; the promise goes on by itself then. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
