import { emptyAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';

export const headBucket: S3Operation<BucketCall> = async ({ service }) =>
  emptyAnswer(200, { 'x-amz-bucket-region': service.region, 'x-amz-access-point-alias': 'false' });
