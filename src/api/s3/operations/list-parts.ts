import { quoted } from '../etags.ts';
import { foundUpload } from '../found-upload.ts';
import { isoTime, ownerElement } from '../list-entries.ts';
import { pageLimit, wholeNumber } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { ObjectCall, S3Operation } from '../s3-call.ts';
import { storageClassOf } from '../stored-headers.ts';
import { element, optional, xmlDocument } from '../xml-writer.ts';

export const listParts: S3Operation<ObjectCall> = async (call) => {
  const { service, query } = call;
  const limit = pageLimit(call, 'max-parts');
  const marker = wholeNumber(query.get('part-number-marker'), 'part-number-marker') ?? 0;
  const upload = await foundUpload(call);
  const following = (await upload.parts()).filter(({ number }) => number > marker);
  const page = following.slice(0, limit);
  const isTruncated = limit > 0 && following.length > limit;
  const document = xmlDocument(
    'ListPartsResult',
    element('Bucket', call.bucketName),
    element('Key', call.key),
    element('UploadId', upload.id),
    ownerElement(service.account, 'Initiator'),
    ownerElement(service.account),
    element('StorageClass', storageClassOf(upload.headers)),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', page.at(-1)?.number ?? marker),
    element('MaxParts', limit),
    element('IsTruncated', isTruncated),
    optional('ChecksumAlgorithm', upload.checksum?.algorithm),
    optional('ChecksumType', upload.checksum?.type),
    page.map((part) =>
      element(
        'Part',
        element('PartNumber', part.number),
        element('LastModified', isoTime(part.modifiedAt)),
        element('ETag', quoted(part.etag)),
        element('Size', part.size),
        part.checksum && element(`Checksum${part.checksum.algorithm}`, part.checksum.value),
      ),
    ),
  );
  return xmlAnswer(document);
};
