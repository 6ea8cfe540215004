import { emptyAnswer, xmlAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { invalidRequest, noSuchKey } from '../s3-fault.ts';
import { checkVersion } from '../version-id.ts';
import { element, xmlDocument } from '../xml-writer.ts';
import { accessControlPolicy } from './bucket-settings.ts';

export const getObjectAcl: S3Operation<ObjectCall> = async (call) => {
  await checkObject(call);
  return xmlAnswer(accessControlPolicy(call.service.account));
};

/** Tags are not kept, so there are none: what `aws s3` asks for before it copies a large object. */
export const getObjectTagging: S3Operation<ObjectCall> = async (call) => {
  await checkObject(call);
  return xmlAnswer(xmlDocument('Tagging', element('TagSet')));
};

export const deleteObjectTagging: S3Operation<ObjectCall> = async (call) => {
  await checkObject(call);
  return emptyAnswer(204);
};

/** Of what Object Lock would keep about an object. */
export const getObjectLock: S3Operation<ObjectCall> = async () => {
  throw invalidRequest('Bucket is missing Object Lock Configuration');
};

async function checkObject({ bucket, key, query }: ObjectCall): Promise<void> {
  checkVersion(query.get('versionId'), key);
  if ((await bucket.head(key)) === undefined) throw noSuchKey(key);
}
