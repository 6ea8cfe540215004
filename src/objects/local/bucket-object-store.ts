import { causeOf, MillraceError } from '../../core/errors.ts';
import type { ObjectInfo, ObjectReader, ObjectStore, ObjectWriter } from '../object-store.ts';
import type { EmbeddedBucket, EmbeddedReader, EmbeddedStore, EmbeddedWriter } from './embedded-store.ts';
import { readFailed } from './file-state.ts';
import type { StoredObject } from './stored-object.ts';

const PAGE = 1000;

/** A bucket of the embedded store for jobs that run beside it: the same objects as over S3, without the way there. */
export class BucketObjectStore implements ObjectStore {
  readonly #store: EmbeddedStore;
  readonly #name: string;

  /** @param name of the bucket, which need not be there yet */
  constructor(store: EmbeddedStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  locate(key: string): string {
    return `s3://${this.#name}/${key}`;
  }

  nameOf(key: string): string {
    return `${this.#name}/${key}`;
  }

  address(key: string): string {
    return this.locate(key);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    const bucket = await this.#bucket(signal);
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await bucket.list({ prefix, delimiter: undefined, after, limit: PAGE }, signal);
      for (const object of page.objects) yield infoOf(object);
      after = page.next;
    }
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const object = await (await this.#bucket(signal)).head(key);
    return object && infoOf(object);
  }

  async open(key: string, options: { readonly start?: number; readonly signal: AbortSignal }): Promise<ObjectReader> {
    const { start = 0, signal } = options;
    const object = this.locate(key);
    const reader = await (await this.#bucket(signal)).open(key);
    if (reader === undefined) throw new MillraceError('ObjectNotFound', { object });
    const { size } = reader.object;
    if (start <= size) return new BucketReader(reader, start, signal);
    await reader.close();
    throw readFailed(object, start, new Error(`it has only ${size} bytes`));
  }

  async create(
    key: string,
    { contentType, signal }: { readonly contentType?: string; readonly signal: AbortSignal },
  ): Promise<ObjectWriter> {
    const bucket = await this.#bucketToWrite(key, signal);
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
    return new BucketWriter(await bucket.create(key, { headers, checksum: undefined }), signal);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    await (await this.#bucketToWrite(key, signal)).remove(key);
  }

  /** The folders below are the store's own: when the bucket is there, keys can be written. */
  async checkWritable(_prefix: string, signal: AbortSignal): Promise<void> {
    await this.#bucket(signal);
  }

  /** The store has no connections, and is its owner's. */
  async close(): Promise<void> {}

  async #bucket(signal: AbortSignal): Promise<EmbeddedBucket> {
    signal.throwIfAborted();
    const bucket = await this.#store.bucket(this.#name);
    if (bucket !== undefined) return bucket;
    throw new MillraceError('BucketNotFound', { bucket: this.#name, endpoint: 'the embedded store' });
  }

  async #bucketToWrite(key: string, signal: AbortSignal): Promise<EmbeddedBucket> {
    try {
      return await this.#bucket(signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new MillraceError('WriteFailed', { output: this.locate(key), cause: causeOf(error) }, { cause: error });
    }
  }
}

function infoOf({ key, size, etag }: StoredObject): ObjectInfo {
  return { key, size, etag: `"${etag}"` };
}

class BucketReader implements ObjectReader {
  readonly size: number;
  readonly #reader: EmbeddedReader;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #signal: AbortSignal;
  /** What was read and not asked for yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(reader: EmbeddedReader, start: number, signal: AbortSignal) {
    this.size = reader.object.size;
    this.#reader = reader;
    this.#chunks = reader.bytes(start, this.size)[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  async read(into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      this.#signal.throwIfAborted();
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done) break;
        this.#rest = value;
      }
      const count = this.#rest.copy(into, filled);
      this.#rest = this.#rest.subarray(count);
      filled += count;
    }
    return filled;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

class BucketWriter implements ObjectWriter {
  readonly #writer: EmbeddedWriter;
  readonly #signal: AbortSignal;

  constructor(writer: EmbeddedWriter, signal: AbortSignal) {
    this.#writer = writer;
    this.#signal = signal;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    await this.#writer.write(bytes);
  }

  /** The signal is asked at the last moment: once it is aborted, nothing appears any more. */
  async commit(): Promise<void> {
    this.#signal.throwIfAborted();
    const outcome = await this.#writer.commit(() => !this.#signal.aborted);
    if ('refused' in outcome) throw this.#signal.reason;
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
