/** What a listing or a look at one object tells. `size` in bytes; `etag` where the store has one. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  readonly etag?: string;
}

/** One object being read, from a byte offset on. Not for several readers at once. */
export interface ObjectReader {
  /** Bytes that the whole object had when it was opened. */
  readonly size: number;
  /**
   * Fills `into` from its start with as much as is there and resolves to the number of bytes, 0 only at the end of the object.
   * Torn reads are resumed inside. Rejects with `ReadFailed`, or `ObjectChanged` when the object is no longer the one opened.
   */
  read(into: Uint8Array): Promise<number>;
  /** Lets go of the file or connection. Never rejects; may be called twice, and while a read is under way. */
  close(): Promise<void>;
}

/**
 * One object being written. It appears under its key, whole, when `commit` resolves, and not at all before; an existing
 * object stays as it was until then. Exactly one of `commit` and `abort` ends it; after a failed `write` or `commit`
 * nothing but `abort` may follow. Rejections are `WriteFailed`.
 */
export interface ObjectWriter {
  /** Takes the bytes before it resolves: the caller may reuse the memory then. Resolves late when the store is slow. */
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  /** Removes what was written. Never rejects; may be called twice. */
  abort(): Promise<void>;
}

/** Objects under string keys, as S3 has them: one bucket, or one folder of the file system. */
export interface ObjectStore {
  /** Writes a key as a person would: `s3://bucket/key` or the path of the file. */
  locate(key: string): string;
  /** `bucket/key`, the name that model servers and the data log are given (behaviour 3 and 7). */
  nameOf(key: string): string;
  /** Where a key, or a prefix, is for anybody anywhere: `s3://bucket/key` or the absolute path. Ends in `/` when the key does. */
  address(key: string): string;
  /** All objects whose key starts with `prefix`, a plain string, in ascending order of the UTF-8 bytes of their keys. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo>;
  /** The object of exactly this key, `undefined` when there is none. */
  head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined>;
  /**
   * Opens an object from byte `start` (default 0, its size at the most) on. Aborting the signal makes pending reads reject.
   * Rejects with `ObjectNotFound` when there is no object of exactly this key, with `ReadFailed` otherwise.
   */
  open(key: string, options: { readonly start?: number; readonly signal: AbortSignal }): Promise<ObjectReader>;
  /** Once the signal is aborted, nothing appears any more. */
  create(key: string, options: { readonly contentType?: string; readonly signal: AbortSignal }): Promise<ObjectWriter>;
  /** Removes the object of exactly this key; that there is none is no error. Rejections are `WriteFailed`. */
  remove(key: string, signal: AbortSignal): Promise<void>;
  /** Rejects when objects under `prefix` could not be written, as far as can be told without writing one. */
  checkWritable(prefix: string, signal: AbortSignal): Promise<void>;
  /** Releases connections. */
  close(): Promise<void>;
}
