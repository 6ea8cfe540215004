import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { MillraceError } from '../core/errors.ts';
import type { ObjectInfo, ObjectReader, ObjectStore, ObjectWriter } from './object-store.ts';
import { describe } from './s3-failure.ts';
import { S3Reader } from './s3-reader.ts';
import { S3Writer } from './s3-writer.ts';

export interface S3Options {
  /** Any S3-compatible server; without it the SDK's own sources decide (environment, profile, Amazon). */
  readonly endpointUrl?: string;
  readonly region?: string;
  /** Used when nobody names a region, the profile neither; S3-compatible servers rarely care. */
  readonly defaultRegion: string;
  /** Without them the SDK looks for some: profile, container, instance. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** A connection that says nothing for so long is torn; the reader resumes where it stopped. Default: a minute. */
  readonly idleTimeoutMs?: number;
}

/** The client of one endpoint: its credentials, connections and retries are shared by all buckets of a job. */
export function s3Client(options: S3Options): S3Client {
  const sdk = new S3Client({});
  const client = new S3Client({
    ...(options.endpointUrl === undefined ? {} : { endpoint: options.endpointUrl }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // The SDK throws when neither the environment nor the profile has a region.
    region: options.region ?? (() => sdk.config.region().catch(() => options.defaultRegion)),
    // Path style works with Amazon and with every S3-compatible server, and needs no wildcard DNS or certificate.
    forcePathStyle: true,
    followRegionRedirects: true,
    maxAttempts: 5,
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: options.idleTimeoutMs ?? 60_000,
      httpAgent: { maxSockets: 64 },
      httpsAgent: { maxSockets: 64 },
    },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol, hostname, port } = args.request as { protocol: string; hostname: string; port?: number };
      endpoints.set(client, `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
      return next(args);
    },
    { step: 'finalizeRequest', name: 'rememberEndpoint' },
  );
  return client;
}

/** Where clients send their requests, for messages: the SDK finds endpoints in many places and does not tell. */
const endpoints = new WeakMap<S3Client, string>();

/** One bucket of an S3-compatible server. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #kmsKeyId: string | undefined;

  /** @param kmsKeyId what is written is encrypted with, by the store */
  constructor(client: S3Client, bucket: string, kmsKeyId?: string) {
    this.#client = client;
    this.#bucket = bucket;
    this.#kmsKeyId = kmsKeyId;
  }

  locate(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }

  nameOf(key: string): string {
    return `${this.#bucket}/${key}`;
  }

  address(key: string): string {
    return this.locate(key);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    let token: string | undefined;
    do {
      const page = await this.#ask(
        () =>
          this.#client.send(
            new ListObjectsV2Command({
              Bucket: this.#bucket,
              Prefix: prefix,
              ContinuationToken: token,
              EncodingType: 'url', // XML cannot carry every key
            }),
            { abortSignal: signal },
          ),
        prefix,
        signal,
      );
      for (const { Key, Size, ETag } of page.Contents ?? []) {
        if (Key === undefined) continue;
        const key = page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
        yield { key, size: Size ?? 0, ...(ETag === undefined ? {} : { etag: ETag }) };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const send = () =>
      this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal: signal });
    const info = await this.#ask(() => send().catch(undefinedIfMissing), key, signal);
    if (info === undefined) return undefined;
    return { key, size: info.ContentLength ?? 0, ...(info.ETag === undefined ? {} : { etag: info.ETag }) };
  }

  async open(key: string, options: { readonly start?: number; readonly signal: AbortSignal }): Promise<ObjectReader> {
    const { start = 0, signal } = options;
    const object = this.locate(key);
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...(start > 0 ? { Range: `bytes=${start}-` } : {}) }),
        { abortSignal: signal },
      );
      return new S3Reader(answer, { client: this.#client, bucket: this.#bucket, key, object, start, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MillraceError) throw error;
      if (isNoSuchObject(error)) {
        throw new MillraceError('ObjectNotFound', { object }, { cause: error });
      }
      const info = isStatus(error, 416) ? await this.head(key, signal).catch(() => undefined) : undefined;
      if (info?.size === start) return atEnd(start);
      const cause = info === undefined ? describe(error) : `it has only ${info.size} bytes`;
      throw new MillraceError('ReadFailed', { object, offset: start, cause }, { cause: error });
    }
  }

  async create(
    key: string,
    options: { readonly contentType?: string; readonly signal: AbortSignal },
  ): Promise<ObjectWriter> {
    return new S3Writer({
      client: this.#client,
      bucket: this.#bucket,
      key,
      contentType: options.contentType,
      kmsKeyId: this.#kmsKeyId,
      output: this.locate(key),
      signal: options.signal,
    });
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      // S3 itself answers 204 when there is nothing; some servers do not.
      if (isNoSuchObject(error)) return;
      throw new MillraceError('WriteFailed', { output: this.locate(key), cause: describe(error) }, { cause: error });
    }
  }

  /** Only the bucket can be asked for; whether a key may be written is known when one is. */
  async checkWritable(_prefix: string, signal: AbortSignal): Promise<void> {
    const send = () => this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), { abortSignal: signal });
    const bucket = await this.#ask(() => send().catch(undefinedIfMissing), '', signal);
    if (bucket === undefined) throw this.#noBucket();
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** What is asked before a job starts fails in words that say what to check. */
  async #ask<T>(send: () => Promise<T>, key: string, signal: AbortSignal): Promise<T> {
    try {
      return await send();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof S3ServiceException && error.name === 'NoSuchBucket') {
        throw this.#noBucket();
      }
      const location = this.locate(key);
      throw new MillraceError('StoreUnavailable', { location, cause: describe(error) }, { cause: error });
    }
  }

  #noBucket(): MillraceError {
    return new MillraceError('BucketNotFound', {
      bucket: this.#bucket,
      endpoint: endpoints.get(this.#client) ?? 'Amazon S3',
    });
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (isStatus(error, 404)) return undefined;
  throw error;
}

/** A bucket that is not there answers 404 too, but that is not about an object. */
function isNoSuchObject(error: unknown): boolean {
  return isStatus(error, 404) && (error as Error).name !== 'NoSuchBucket';
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === status;
}

/** S3 refuses a range that begins at the end of the object; to a reader that is simply the end. */
function atEnd(size: number): ObjectReader {
  return { size, read: async () => 0, close: async () => undefined };
}
