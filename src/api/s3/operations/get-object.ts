import { viewObject } from '../object-view.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { noSuchKey } from '../s3-fault.ts';
import { checkVersion } from '../version-id.ts';

export const getObject: S3Operation<ObjectCall> = async (call) => {
  checkVersion(call.query.get('versionId'), call.key);
  const reader = await call.bucket.open(call.key);
  if (reader === undefined) throw noSuchKey(call.key);
  let isHandedOver = false;
  try {
    const { status, headers, range } = viewObject(call, reader.object);
    if (range === undefined) return { status, headers };
    isHandedOver = true;
    const { start, end } = range;
    const chunks = reader.bytes(start, end);
    return { status, headers, body: { length: end - start, chunks, close: () => reader.close() } };
  } finally {
    if (!isHandedOver) await reader.close();
  }
};
