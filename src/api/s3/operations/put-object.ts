import { checksumHeaders } from '../checksum-headers.ts';
import { quoted } from '../etags.ts';
import { ExpectedDigests } from '../expected-digests.ts';
import { receiveBody, uploadLength } from '../received-body.ts';
import { emptyAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { invalidArgument } from '../s3-fault.ts';
import { headersToStore } from '../stored-headers.ts';
import { writeCondition, writtenObject } from '../write-condition.ts';

export const putObject: S3Operation<ObjectCall> = async (call) => {
  uploadLength(call);
  const partNumber = call.query.get('partNumber');
  if (partNumber !== undefined) {
    // A part whose upload is left out must not become the object.
    const message = 'This operation does not accept partNumber without uploadId';
    throw invalidArgument('partNumber', partNumber, message);
  }
  const condition = writeCondition(call);
  const expected = new ExpectedDigests(call);
  const writer = await call.bucket.create(call.key, {
    headers: headersToStore(call.headers),
    checksum: expected.algorithm,
  });
  const outcome = await receiveBody(call, writer, expected, () => writer.commit(condition?.holds));
  const object = writtenObject(outcome, condition);
  return emptyAnswer(200, { etag: quoted(object.etag), ...checksumHeaders(object.checksum) });
};
