import { foundUpload } from '../found-upload.ts';
import { emptyAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';

export const abortMultipartUpload: S3Operation<ObjectCall> = async (call) => {
  const upload = await foundUpload(call);
  await upload.abort();
  return emptyAnswer(204);
};
