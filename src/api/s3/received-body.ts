import type { StoredChecksum } from '../../objects/local/stored-object.ts';
import type { ExpectedDigests } from './expected-digests.ts';
import type { S3Call } from './s3-call.ts';
import { entityTooLarge, incompleteBody, missingContentLength } from './s3-fault.ts';

/** S3's limit for one request that uploads, in bytes. */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

/** The part of a writer that is the same for objects and for parts of them. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  digest(): { readonly md5: string; readonly size: number; readonly checksum: StoredChecksum | undefined };
  abort(): Promise<void>;
}

/** @throws S3Fault `MissingContentLength`, `EntityTooLarge` */
export function uploadLength(call: S3Call): number {
  const length = call.decodedLength;
  if (length === undefined) throw missingContentLength();
  if (length > MAX_UPLOAD_BYTES) throw entityTooLarge(length, MAX_UPLOAD_BYTES);
  return length;
}

/**
 * Writes the body of a request and commits it when it is what the request says. Whatever fails on the way, nothing is left.
 *
 * @throws S3Fault `IncompleteBody`, `BadDigest` and whatever the body throws
 */
export async function receiveBody<T>(
  call: S3Call,
  sink: ByteSink,
  expected: ExpectedDigests,
  commit: () => Promise<T>,
): Promise<T> {
  try {
    await pour(call.body, sink, call.decodedLength, call.signal);
    expected.check(sink.digest(), call.trailers());
    return await commit();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Writes bytes of the store itself and commits them; whatever fails on the way, nothing is left. */
export async function copyBytes<T>(
  source: AsyncIterable<Buffer>,
  sink: ByteSink,
  length: number,
  signal: AbortSignal,
  commit: () => Promise<T>,
): Promise<T> {
  try {
    await pour(source, sink, length, signal);
    return await commit();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Writes `source`, one piece after the other: a slow disk slows down the client. */
async function pour(
  source: AsyncIterable<Buffer>,
  sink: Pick<ByteSink, 'write'>,
  length: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0;
  for await (const piece of source) {
    signal.throwIfAborted();
    bytes += piece.length;
    if (length !== undefined && bytes > length) throw incompleteBody(length, bytes);
    await sink.write(piece);
  }
  signal.throwIfAborted();
  if (length !== undefined && bytes !== length) throw incompleteBody(length, bytes);
}
