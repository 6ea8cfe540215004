import { xmlAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { headersToStore } from '../stored-headers.ts';
import { uploadChecksum } from '../upload-checksum.ts';
import { element, xmlDocument } from '../xml-writer.ts';

export const createMultipartUpload: S3Operation<ObjectCall> = async (call) => {
  const checksum = uploadChecksum(call);
  const upload = await call.bucket.beginUpload(call.key, { headers: headersToStore(call.headers), checksum });
  const document = xmlDocument(
    'InitiateMultipartUploadResult',
    element('Bucket', call.bucketName),
    element('Key', call.key),
    element('UploadId', upload.id),
  );
  return xmlAnswer(
    document,
    checksum && { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type },
  );
};
