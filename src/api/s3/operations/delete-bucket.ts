import { emptyAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { S3Fault } from '../s3-fault.ts';

export const deleteBucket: S3Operation<BucketCall> = async ({ service, bucketName }) => {
  if (!(await service.store.removeBucket(bucketName))) {
    const message = 'The bucket you tried to delete is not empty';
    throw new S3Fault('BucketNotEmpty', message, 409, { BucketName: bucketName });
  }
  return emptyAnswer(204);
};
