import type { ChecksumAlgorithm, StoredChecksum, StoredObject } from './stored-object.ts';

export interface BucketInfo {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What the S3 side of the service needs of a store of its own: buckets that are folders, objects that are files. */
export interface EmbeddedStore {
  /** In ascending order of their names. */
  buckets(): Promise<readonly BucketInfo[]>;
  bucket(name: string): Promise<EmbeddedBucket | undefined>;
  /** False when there is one of this name. The name has been checked. */
  createBucket(name: string): Promise<boolean>;
  /** False when there are objects in it; uploads under way are aborted. */
  removeBucket(name: string): Promise<boolean>;
}

/** Refuses or allows to replace what is there, decided at the moment when the new object appears. */
export type Precondition = (current: StoredObject | undefined) => boolean;

/** How a write ended: the object that is there now, or that the precondition did not hold and nothing has changed. */
export type WriteOutcome = { readonly object: StoredObject } | { readonly refused: StoredObject | undefined };

/** An object being written or a part of one; bytes are hashed as they pass. Exactly one of `commit` and `abort` ends it. */
export interface EmbeddedWriter {
  /** Resolves late when the disk is slow. The caller may reuse the memory then. */
  write(bytes: Uint8Array): Promise<void>;
  /** MD5 in hexadecimal and the checksum, of everything written; no more writes after it. */
  digest(): { readonly md5: string; readonly size: number; readonly checksum: StoredChecksum | undefined };
  /** Makes it appear under its key, whole and on the disk. */
  commit(precondition?: Precondition): Promise<WriteOutcome>;
  /** Never rejects; may be called twice, and after a failed `commit`. */
  abort(): Promise<void>;
}

/** Bytes `[start, end)` of one state of an object, whatever becomes of the object meanwhile. */
export interface EmbeddedReader {
  readonly object: StoredObject;
  /** Chunks of at most 1 MiB; each is the reader's to keep. Ends early by `close`. */
  bytes(start: number, end: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export interface ListRequest {
  readonly prefix: string;
  /** Everything up to the next one of these is one common prefix. */
  readonly delimiter: string | undefined;
  /** Only what comes after this in the order of UTF-8 bytes. */
  readonly after: string;
  /** Objects and common prefixes together, at the most. */
  readonly limit: number;
}

export interface ListPage {
  readonly objects: readonly StoredObject[];
  readonly commonPrefixes: readonly string[];
  /** `after` of the next page, `undefined` at the end. */
  readonly next: string | undefined;
}

export interface EmbeddedBucket extends BucketInfo {
  list(request: ListRequest, signal: AbortSignal): Promise<ListPage>;
  head(key: string): Promise<StoredObject | undefined>;
  open(key: string): Promise<EmbeddedReader | undefined>;
  create(
    key: string,
    options: { readonly headers: Readonly<Record<string, string>>; readonly checksum: ChecksumAlgorithm | undefined },
  ): Promise<EmbeddedWriter>;
  /** False when there was none, or the precondition did not hold. */
  remove(key: string, precondition?: Precondition): Promise<boolean>;

  beginUpload(key: string, options: UploadOptions): Promise<UploadInfo>;
  upload(id: string): Promise<EmbeddedUpload | undefined>;
  /** Uploads under way whose key starts with `prefix`, by key and then by time. */
  uploads(prefix: string): Promise<readonly UploadInfo[]>;
}

export interface UploadOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: StoredChecksum['type'] } | undefined;
}

export interface UploadInfo extends UploadOptions {
  readonly id: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly initiatedAt: number;
}

export interface PartInfo {
  readonly number: number;
  /** MD5 in hexadecimal. */
  readonly etag: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  readonly checksum: StoredChecksum | undefined;
}

export interface EmbeddedUpload extends UploadInfo {
  /** In ascending order of their numbers. */
  parts(): Promise<readonly PartInfo[]>;
  /**
   * A writer whose `commit` makes it part `number`, in place of an earlier one. `size` in bytes, where it is known beforehand,
   * lets equal parts be written where they belong in the whole.
   */
  writePart(
    number: number,
    options: { readonly size: number | undefined; readonly checksum: ChecksumAlgorithm | undefined },
  ): Promise<Omit<EmbeddedWriter, 'commit'> & { commit(): Promise<PartInfo> }>;
  /**
   * Puts parts, numbers ascending, together as the object and ends the upload. The caller has checked numbers and ETags.
   * `checksum` is what the object gets. An upload stays when the precondition does not hold.
   */
  complete(
    numbers: readonly number[],
    options: { readonly checksum: StoredChecksum | undefined; readonly precondition?: Precondition },
  ): Promise<WriteOutcome>;
  abort(): Promise<void>;
}
