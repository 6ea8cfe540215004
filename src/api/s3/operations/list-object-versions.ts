import { quoted } from '../etags.ts';
import { commonPrefixElements, isoTime, ownerElement } from '../list-entries.ts';
import { nameEncoding, pageLimit } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { storageClassOf } from '../stored-headers.ts';
import { element, optional, xmlDocument } from '../xml-writer.ts';

/** Each object has one version, `null`, as in a bucket of S3 without versioning. Tools that empty buckets ask for this list. */
export const listObjectVersions: S3Operation<BucketCall> = async (call) => {
  const { bucket, query, service, signal } = call;
  const limit = pageLimit(call, 'max-keys');
  const encode = nameEncoding(call);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  const marker = query.get('key-marker') ?? '';
  const page = await bucket.list({ prefix, delimiter, after: marker, limit }, signal);
  const next = limit > 0 ? page.next : undefined;
  const document = xmlDocument(
    'ListVersionsResult',
    element('Name', bucket.name),
    element('Prefix', encode(prefix)),
    element('KeyMarker', encode(marker)),
    element('VersionIdMarker', query.get('version-id-marker') ?? ''),
    next === undefined ? undefined : element('NextKeyMarker', encode(next)),
    next === undefined ? undefined : element('NextVersionIdMarker', 'null'),
    element('MaxKeys', limit),
    optional('Delimiter', delimiter && encode(delimiter)),
    optional('EncodingType', query.get('encoding-type') || undefined),
    element('IsTruncated', next !== undefined),
    page.objects.map((object) =>
      element(
        'Version',
        element('Key', encode(object.key)),
        element('VersionId', 'null'),
        element('IsLatest', true),
        element('LastModified', isoTime(object.modifiedAt)),
        element('ETag', quoted(object.etag)),
        element('Size', object.size),
        ownerElement(service.account),
        element('StorageClass', storageClassOf(object.headers)),
      ),
    ),
    commonPrefixElements(page.commonPrefixes, encode),
  );
  return xmlAnswer(document);
};
