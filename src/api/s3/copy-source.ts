import type { EmbeddedReader } from '../../objects/local/embedded-store.ts';
import { checkBucketName } from './bucket-name.ts';
import { checkCopySource } from './read-conditions.ts';
import { header, type ObjectCall } from './s3-call.ts';
import { invalidArgument, noSuchBucket, noSuchKey } from './s3-fault.ts';
import { checkVersion } from './version-id.ts';

const COPY_SOURCE = 'x-amz-copy-source';

export interface CopySource {
  readonly bucketName: string;
  readonly key: string;
}

/**
 * The object that a request copies from: `bucket/key` or `/bucket/key`, percent-encoded, perhaps with `?versionId=` behind.
 *
 * @throws S3Fault `InvalidArgument`, `NoSuchVersion`
 */
export function copySource(call: ObjectCall): CopySource {
  const text = header(call, COPY_SOURCE) ?? '';
  const [, path = '', version] = /^\/?(.*?)(?:\?versionId=(.*))?$/.exec(text) ?? [];
  const [, bucketName, key] = /^([^/]+)\/(.+)$/s.exec(decoded(path, text)) ?? [];
  if (bucketName === undefined || key === undefined) {
    const message = 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey';
    throw invalidArgument(COPY_SOURCE, text, message);
  }
  checkBucketName(bucketName);
  checkVersion(version, key);
  return { bucketName, key };
}

/**
 * Opens it, if it is as the request wants it. The caller closes it.
 *
 * @throws S3Fault `NoSuchBucket`, `NoSuchKey`, `PreconditionFailed`
 */
export async function openCopySource(call: ObjectCall, { bucketName, key }: CopySource): Promise<EmbeddedReader> {
  const bucket = await call.service.store.bucket(bucketName);
  if (bucket === undefined) throw noSuchBucket(bucketName);
  const reader = await bucket.open(key);
  if (reader === undefined) throw noSuchKey(key);
  try {
    checkCopySource(call, reader.object);
    return reader;
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Some clients send keys as they are, in UTF-8, which Node reads as Latin-1. */
function decoded(path: string, text: string): string {
  try {
    const bytes = Buffer.from(path, 'latin1');
    return decodeURIComponent(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalidArgument(COPY_SOURCE, text, 'Invalid copy source encoding');
  }
}
