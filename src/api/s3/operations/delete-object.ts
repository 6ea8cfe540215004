import { removeObject } from '../removed-object.ts';
import { emptyAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { checkVersion } from '../version-id.ts';
import { removeCondition } from '../write-condition.ts';

export const deleteObject: S3Operation<ObjectCall> = async (call) => {
  checkVersion(call.query.get('versionId'), call.key);
  await removeObject(call.bucket, call.key, removeCondition(call));
  return emptyAnswer(204);
};
