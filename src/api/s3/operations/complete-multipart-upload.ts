import type { PartInfo } from '../../../objects/local/embedded-store.ts';
import type { StoredChecksum } from '../../../objects/local/stored-object.ts';
import { checksumElements, sentChecksum } from '../checksum-headers.ts';
import { chosenParts } from '../chosen-parts.ts';
import { quoted } from '../etags.ts';
import { badDigest } from '../expected-digests.ts';
import { foundUpload, workOnUpload } from '../found-upload.ts';
import { xmlAnswer } from '../s3-answer.ts';
import { header, type ObjectCall, type S3Operation } from '../s3-call.ts';
import { invalidRequest } from '../s3-fault.ts';
import { checksumOfParts } from '../upload-checksum.ts';
import { writeCondition, writtenObject } from '../write-condition.ts';
import { xmlBody } from '../xml-body.ts';
import { element, xmlDocument } from '../xml-writer.ts';

export const completeMultipartUpload: S3Operation<ObjectCall> = async (call) => {
  const condition = writeCondition(call);
  const request = await xmlBody(call, 'CompleteMultipartUpload');
  const upload = await foundUpload(call);
  const parts = chosenParts(request, await upload.parts(), upload.id);
  checkSize(call, parts);
  const checksum = upload.checksum && checksumOfParts(upload.checksum, parts);
  checkObjectChecksum(call, checksum);
  const numbers = parts.map(({ number }) => number);
  const options = { checksum, ...(condition && { precondition: condition.holds }) };
  const outcome = await workOnUpload(call, upload, () => upload.complete(numbers, options));
  const object = writtenObject(outcome, condition);
  const document = xmlDocument(
    'CompleteMultipartUploadResult',
    element('Location', `http://${call.headers.host ?? ''}${call.resource}`),
    element('Bucket', call.bucketName),
    element('Key', call.key),
    element('ETag', quoted(object.etag)),
    checksumElements(object.checksum),
  );
  return xmlAnswer(document);
};

function checkSize(call: ObjectCall, parts: readonly PartInfo[]): void {
  const stated = header(call, 'x-amz-mp-object-size');
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (stated !== undefined && stated !== String(size)) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${stated} does not match what was computed: ${size}`,
    );
  }
}

/** The checksum in the head of the request is of the object, not of the document that the request carries. */
function checkObjectChecksum(call: ObjectCall, computed: StoredChecksum | undefined): void {
  const type = header(call, 'x-amz-checksum-type')?.toUpperCase();
  if (type !== undefined && type !== computed?.type) {
    throw invalidRequest(
      `The upload was created using the ${computed?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const sent = sentChecksum(call);
  if (sent?.value === undefined) return;
  if (sent.algorithm !== computed?.algorithm) {
    const expected = computed?.algorithm.toLowerCase() ?? 'null';
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${sent.algorithm.toLowerCase()}`,
    );
  }
  // Of a composite one the number of parts may be left out.
  const [value] = computed.value.split('-');
  if (sent.value !== computed.value && sent.value !== value) {
    const message = `The ${sent.algorithm} you specified did not match the calculated checksum.`;
    throw badDigest(message, sent.value, computed.value);
  }
}
