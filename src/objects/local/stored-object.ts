/** The checksum algorithms that S3 clients send and ask for. */
export const checksumAlgorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64, as on the wire; of a composite one with `-N` behind it. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** What an object carries besides its bytes, and cannot be told from them. */
export interface ObjectAttributes {
  /** Without quotes: the MD5 of the bytes in hexadecimal; of an upload in parts that of the parts' MD5s, with `-N`. */
  readonly etag: string;
  /** What was sent with it and goes back as it came, names in lower case: `content-type`, `cache-control`, `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum: StoredChecksum | undefined;
  /** Bytes of each part, of an upload in parts. */
  readonly partSizes: readonly number[] | undefined;
  /** Of each part in the algorithm of `checksum`, Base64, where they were made. */
  readonly partChecksums?: readonly string[];
}

export interface StoredObject extends ObjectAttributes {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Tells one state of a file from every other: attributes belong to a state, not to a name. */
export interface FileStamp {
  readonly inode: bigint;
  /** Nanoseconds since the epoch. */
  readonly modifiedNs: bigint;
  readonly size: number;
}

/**
 * Where the attributes of objects are kept. A row is written before the file that it describes gets its name, and is found by
 * name and state, so whatever is interrupted, a file has its own attributes or none: one that somebody has put into the folder
 * or edited there has none.
 */
export interface AttributeIndex {
  get(bucket: string, key: string, stamp: FileStamp): ObjectAttributes | undefined;
  put(bucket: string, key: string, stamp: FileStamp, attributes: ObjectAttributes): void;
  /** Forgets all states of a key but `keep`. */
  prune(bucket: string, key: string, keep: FileStamp | undefined): void;
}
