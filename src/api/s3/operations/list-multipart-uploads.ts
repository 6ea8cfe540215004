import { compareKeys } from '../../../objects/key-order.ts';
import type { UploadInfo } from '../../../objects/local/embedded-store.ts';
import { commonPrefixElements, isoTime, ownerElement } from '../list-entries.ts';
import { nameEncoding, pageLimit } from '../list-parameters.ts';
import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { storageClassOf } from '../stored-headers.ts';
import { element, optional, xmlDocument } from '../xml-writer.ts';

export const listMultipartUploads: S3Operation<BucketCall> = async (call) => {
  const { bucket, query, service } = call;
  const limit = pageLimit(call, 'max-uploads');
  const encode = nameEncoding(call);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '');
  const entries = entriesOf(await bucket.uploads(prefix), prefix, delimiter);
  const following = after(entries, keyMarker, idMarker);
  const page = following.slice(0, limit);
  const last = limit > 0 && following.length > limit ? page.at(-1) : undefined;
  const uploads = page.flatMap((entry) => entry.upload ?? []);
  const prefixes = page.filter(({ upload }) => upload === undefined).map(({ name }) => name);
  const document = xmlDocument(
    'ListMultipartUploadsResult',
    element('Bucket', bucket.name),
    element('KeyMarker', encode(keyMarker)),
    element('UploadIdMarker', idMarker),
    last && element('NextKeyMarker', encode(last.name)),
    last && element('NextUploadIdMarker', last.upload?.id ?? ''),
    element('Prefix', encode(prefix)),
    optional('Delimiter', delimiter && encode(delimiter)),
    optional('EncodingType', query.get('encoding-type') || undefined),
    element('MaxUploads', limit),
    element('IsTruncated', last !== undefined),
    uploads.map((upload) =>
      element(
        'Upload',
        element('Key', encode(upload.key)),
        element('UploadId', upload.id),
        ownerElement(service.account, 'Initiator'),
        ownerElement(service.account),
        element('StorageClass', storageClassOf(upload.headers)),
        element('Initiated', isoTime(upload.initiatedAt)),
        optional('ChecksumAlgorithm', upload.checksum?.algorithm),
        optional('ChecksumType', upload.checksum?.type),
      ),
    ),
    commonPrefixElements(prefixes, encode),
  );
  return xmlAnswer(document);
};

/** An upload under its key, or the common prefix of several. */
interface Entry {
  readonly name: string;
  readonly upload: UploadInfo | undefined;
}

function entriesOf(uploads: readonly UploadInfo[], prefix: string, delimiter: string | undefined): Entry[] {
  const entries: Entry[] = [];
  for (const upload of uploads) {
    const end = delimiter === undefined ? -1 : upload.key.indexOf(delimiter, prefix.length);
    if (delimiter === undefined || end < 0) {
      entries.push({ name: upload.key, upload });
      continue;
    }
    const name = upload.key.slice(0, end + delimiter.length);
    const last = entries.at(-1);
    if (last?.name !== name || last.upload !== undefined) entries.push({ name, upload: undefined });
  }
  return entries;
}

/**
 * What comes after the markers. The upload of the marker may be gone meanwhile: then all of its key come again, because one that is
 * listed twice is better than one that is not listed.
 */
function after(entries: readonly Entry[], keyMarker: string, idMarker: string): readonly Entry[] {
  if (keyMarker === '') return entries;
  if (idMarker === '') return entries.filter(({ name }) => compareKeys(name, keyMarker) > 0);
  const following = entries.filter(({ name }) => compareKeys(name, keyMarker) >= 0);
  const at = following.findIndex(({ name, upload }) => name === keyMarker && upload?.id === idMarker);
  return following.slice(at + 1);
}
