import { checksumHeader } from '../checksum-headers.ts';
import { quoted } from '../etags.ts';
import { ExpectedDigests } from '../expected-digests.ts';
import { foundUpload, workOnUpload } from '../found-upload.ts';
import { requiredPartNumber } from '../part-number.ts';
import { receiveBody, uploadLength } from '../received-body.ts';
import { emptyAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { invalidRequest } from '../s3-fault.ts';

export const uploadPart: S3Operation<ObjectCall> = async (call) => {
  const number = requiredPartNumber(call);
  const size = uploadLength(call);
  const expected = new ExpectedDigests(call);
  const upload = await foundUpload(call);
  const wanted = upload.checksum?.algorithm;
  // A part that comes without is computed all the same: the whole cannot be had without it.
  const checksum = expected.algorithm ?? wanted;
  if (wanted !== undefined && checksum !== wanted) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${wanted.toLowerCase()}, actual checksum Type: ${checksum?.toLowerCase()}`,
    );
  }
  const part = await workOnUpload(call, upload, async () => {
    const writer = await upload.writePart(number, { size, checksum });
    return receiveBody(call, writer, expected, () => writer.commit());
  });
  return emptyAnswer(200, {
    etag: quoted(part.etag),
    ...(part.checksum && { [checksumHeader(part.checksum.algorithm)]: part.checksum.value }),
  });
};
