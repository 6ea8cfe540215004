import { viewObject } from '../object-view.ts';
import { emptyAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { noSuchKey } from '../s3-fault.ts';
import { checkVersion } from '../version-id.ts';

export const headObject: S3Operation<ObjectCall> = async (call) => {
  checkVersion(call.query.get('versionId'), call.key);
  const object = await call.bucket.head(call.key);
  if (object === undefined) throw noSuchKey(call.key);
  const { status, headers } = viewObject(call, object);
  return emptyAnswer(status, headers);
};
