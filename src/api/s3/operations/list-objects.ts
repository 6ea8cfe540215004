import { commonPrefixElements, contentsElement, ownerElement } from '../list-entries.ts';
import { nameEncoding, pageLimit } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { element, optional, xmlDocument } from '../xml-writer.ts';

/** ListObjects, the first version. */
export const listObjects: S3Operation<BucketCall> = async (call) => {
  const { bucket, query, service, signal } = call;
  const limit = pageLimit(call, 'max-keys');
  const encode = nameEncoding(call);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  const marker = query.get('marker') ?? '';
  const page = await bucket.list({ prefix, delimiter, after: marker, limit }, signal);
  const isTruncated = limit > 0 && page.next !== undefined;
  const owner = ownerElement(service.account);
  const document = xmlDocument(
    'ListBucketResult',
    element('Name', bucket.name),
    element('Prefix', encode(prefix)),
    element('Marker', encode(marker)),
    // Without a delimiter the last key is the next marker, as clients know.
    isTruncated && delimiter !== undefined && page.next !== undefined
      ? element('NextMarker', encode(page.next))
      : undefined,
    element('MaxKeys', limit),
    optional('Delimiter', delimiter && encode(delimiter)),
    optional('EncodingType', query.get('encoding-type') || undefined),
    element('IsTruncated', isTruncated),
    page.objects.map((object) => contentsElement(object, encode(object.key), owner)),
    commonPrefixElements(page.commonPrefixes, encode),
  );
  return xmlAnswer(document, { 'x-amz-bucket-region': service.region });
};
