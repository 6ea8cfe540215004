import {
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
  /** Used when neither environment nor profile name one; S3-compatible servers rarely care. */
  readonly defaultRegion: string;
}

/** The client of one endpoint: its credentials, connections and retries are shared by all buckets of a job. */
export function s3Client(options: S3Options): S3Client {
  const sdk = new S3Client({});
  return new S3Client({
    ...(options.endpointUrl === undefined ? {} : { endpoint: options.endpointUrl }),
    // The SDK knows the environment's AWS_REGION and the profile's region, and throws when there is neither.
    region: () => sdk.config.region().catch(() => options.defaultRegion),
    // Path style works with Amazon and with every S3-compatible server, and needs no wildcard DNS or certificate.
    forcePathStyle: true,
    followRegionRedirects: true,
    maxAttempts: 5,
    // A connection that says nothing for a minute is torn; the reader resumes where it stopped.
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: 60_000,
      httpAgent: { maxSockets: 64 },
      httpsAgent: { maxSockets: 64 },
    },
  });
}

/** One bucket of an S3-compatible server. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  locate(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }

  nameOf(key: string): string {
    return `${this.#bucket}/${key}`;
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    let token: string | undefined;
    do {
      const page = await this.#ask(
        () =>
          this.#client.send(
            new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }),
            {
              abortSignal: signal,
            },
          ),
        prefix,
        signal,
      );
      for (const { Key, Size, ETag } of page.Contents ?? []) {
        if (Key !== undefined) yield { key: Key, size: Size ?? 0, ...(ETag === undefined ? {} : { etag: ETag }) };
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
      throw new MillraceError('ReadFailed', { object, offset: start, cause: describe(error) }, { cause: error });
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
      output: this.locate(key),
      signal: options.signal,
    });
  }

  /** Only the bucket can be asked for; whether a key may be written is known when one is. */
  async checkWritable(_prefix: string, signal: AbortSignal): Promise<void> {
    const send = () => this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), { abortSignal: signal });
    const bucket = await this.#ask(() => send().catch(undefinedIfMissing), '', signal);
    if (bucket === undefined) throw this.#noBucket(await this.#endpoint());
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
        throw this.#noBucket(await this.#endpoint());
      }
      const location = this.locate(key);
      throw new MillraceError('StoreUnavailable', { location, cause: describe(error) }, { cause: error });
    }
  }

  #noBucket(endpoint: string): MillraceError {
    return new MillraceError('BucketNotFound', { bucket: this.#bucket, endpoint });
  }

  async #endpoint(): Promise<string> {
    const endpoint = await this.#client.config.endpoint?.();
    if (endpoint === undefined) return 'Amazon S3';
    return `${endpoint.protocol}//${endpoint.hostname}${endpoint.port === undefined ? '' : `:${endpoint.port}`}`;
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
  throw error;
}
