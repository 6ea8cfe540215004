import type { StoredObject } from '../../../objects/local/stored-object.ts';
import { checksumElements } from '../checksum-headers.ts';
import { wholeNumber } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import { header, type ObjectCall, type S3Operation } from '../s3-call.ts';
import { invalidArgument, invalidRequest, noSuchKey } from '../s3-fault.ts';
import { storageClassOf } from '../stored-headers.ts';
import { checkVersion } from '../version-id.ts';
import { element, type Xml, xmlDocument } from '../xml-writer.ts';

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];

export const getObjectAttributes: S3Operation<ObjectCall> = async (call) => {
  checkVersion(call.query.get('versionId'), call.key);
  const wanted = wantedAttributes(header(call, 'x-amz-object-attributes'));
  const object = await call.bucket.head(call.key);
  if (object === undefined) throw noSuchKey(call.key);
  const document = xmlDocument(
    'GetObjectAttributesResponse',
    wanted.has('ETag') ? element('ETag', object.etag) : undefined,
    wanted.has('Checksum') && object.checksum ? element('Checksum', checksumElements(object.checksum)) : undefined,
    wanted.has('ObjectParts') ? partsElement(call, object) : undefined,
    wanted.has('StorageClass') ? element('StorageClass', storageClassOf(object.headers)) : undefined,
    wanted.has('ObjectSize') ? element('ObjectSize', object.size) : undefined,
  );
  return xmlAnswer(document, { 'last-modified': new Date(object.modifiedAt).toUTCString() });
};

function wantedAttributes(text = ''): ReadonlySet<string> {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name === '')) {
    throw invalidRequest(
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    );
  }
  for (const name of names) {
    if (!ATTRIBUTES.includes(name)) {
      throw invalidArgument('x-amz-object-attributes', name, 'Invalid attribute name specified.');
    }
  }
  return new Set(names);
}

/** As S3 has it, parts are told one by one only where they have checksums. */
function partsElement(call: ObjectCall, { partSizes, partChecksums, checksum }: StoredObject): Xml | undefined {
  if (partSizes === undefined) return undefined;
  const most = wholeNumber(header(call, 'x-amz-max-parts'), 'x-amz-max-parts') ?? Infinity;
  const limit = Math.min(most, call.service.maxListKeys);
  const marker = wholeNumber(header(call, 'x-amz-part-number-marker'), 'x-amz-part-number-marker') ?? 0;
  const page = partSizes.map((size, at) => ({ number: at + 1, size })).slice(marker, marker + limit);
  return element(
    'ObjectParts',
    element('PartsCount', partSizes.length),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', page.at(-1)?.number ?? marker),
    element('MaxParts', limit),
    element('IsTruncated', marker + limit < partSizes.length),
    checksum === undefined || partChecksums === undefined
      ? undefined
      : page.map(({ number, size }) =>
          element(
            'Part',
            element('PartNumber', number),
            element('Size', size),
            element(`Checksum${checksum.algorithm}`, partChecksums[number - 1] ?? ''),
          ),
        ),
  );
}
