import type { IncomingHttpHeaders } from 'node:http';
import type { EmbeddedBucket, EmbeddedStore } from '../../objects/local/embedded-store.ts';
import type { Address } from './address.ts';
import type { S3Answer } from './s3-answer.ts';

/** What all requests have in common: the store, and what the service says about itself. */
export interface S3Service {
  readonly store: EmbeddedStore;
  readonly region: string;
  /** The number of the account, owner of everything. */
  readonly account: string;
  /** What one page of a list holds at the most: keys, uploads or parts. S3's is 1,000. */
  readonly maxListKeys: number;
}

/** One request, its address decoded and its signature verified. */
export interface S3Call {
  readonly service: S3Service;
  readonly method: string;
  /** The path as it came, percent-encoded. */
  readonly resource: string;
  readonly query: Address['query'];
  readonly headers: IncomingHttpHeaders;
  /** Without the frames of `aws-chunked`; what it throws ends the operation. */
  readonly body: AsyncIterable<Buffer>;
  /** Of the body, in bytes; `undefined` when the client does not say. */
  readonly decodedLength: number | undefined;
  /** Headers after the body, names in lower case; there when the body has ended. */
  readonly trailers: () => ReadonlyMap<string, string>;
  /** Aborted when the client has gone or the server stops. */
  readonly signal: AbortSignal;
}

/** A request about a bucket that need not be there. */
export interface NamedBucketCall extends S3Call {
  readonly bucketName: string;
}

/** A request about a bucket that is there. */
export interface BucketCall extends NamedBucketCall {
  readonly bucket: EmbeddedBucket;
}

/** A request about a key of a bucket that is there; the key is of a valid length. */
export interface ObjectCall extends BucketCall {
  readonly key: string;
}

/** Throws a Fault for whatever the client is to be told. */
export type S3Operation<Call extends S3Call> = (call: Call) => Promise<S3Answer>;

/** The header, `undefined` when it is missing. What Node gives as a list (`set-cookie`) no operation looks at. */
export function header(call: Pick<S3Call, 'headers'>, name: string): string | undefined {
  const value = call.headers[name];
  return typeof value === 'string' ? value : undefined;
}
