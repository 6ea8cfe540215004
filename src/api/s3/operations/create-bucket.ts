import { checkNewBucketName } from '../bucket-name.ts';
import { emptyAnswer } from '../s3-answer.ts';
import { header, type NamedBucketCall, type S3Operation } from '../s3-call.ts';
import { notImplemented, S3Fault } from '../s3-fault.ts';
import { xmlBody } from '../xml-body.ts';

/** Makes a bucket. There is one region here, so a `LocationConstraint` may name any. */
export const createBucket: S3Operation<NamedBucketCall> = async (call) => {
  const { bucketName, service } = call;
  checkNewBucketName(bucketName);
  if (header(call, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    throw notImplemented('This store has no Object Lock: leave x-amz-bucket-object-lock-enabled out.');
  }
  const ownership = header(call, 'x-amz-object-ownership') ?? 'BucketOwnerEnforced';
  if (ownership !== 'BucketOwnerEnforced') {
    throw notImplemented(`This store has no ACLs, so x-amz-object-ownership cannot be ${ownership}.`);
  }
  const configuration = await xmlBody(call, 'CreateBucketConfiguration');
  for (const { name } of configuration?.children ?? []) {
    if (name !== 'LocationConstraint')
      throw notImplemented(`CreateBucket with ${name}: this store has no such buckets.`);
  }
  // Where S3 began, creating a bucket again is no error, and scripts that run twice rely on it.
  if (!(await service.store.createBucket(bucketName)) && service.region !== 'us-east-1') {
    const message = 'Your previous request to create the named bucket succeeded and you already own it.';
    throw new S3Fault('BucketAlreadyOwnedByYou', message, 409, { BucketName: bucketName });
  }
  return emptyAnswer(200, { location: `/${bucketName}` });
};
