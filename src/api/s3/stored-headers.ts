import type { IncomingHttpHeaders } from 'node:http';
import { S3Fault } from './s3-fault.ts';

const MAX_METADATA_BYTES = 2048;
const METADATA = 'x-amz-meta-';
const REDIRECT = 'x-amz-website-redirect-location';
export const STORAGE_CLASS = 'x-amz-storage-class';
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';
/** What a client may say about an object; it comes back with every answer about it. */
const KEPT = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  REDIRECT,
  STORAGE_CLASS,
];
/**
 * Classes that differ in what they cost only: kept and shown, so that tools find again what they have set. An object of an
 * archive class could be read only after a restore, which there is not.
 */
const STORAGE_CLASSES = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'REDUCED_REDUNDANCY',
  'GLACIER_IR',
];

/**
 * What of a request's headers belongs to the object that it makes.
 *
 * @throws S3Fault `MetadataTooLarge`, `InvalidStorageClass`
 */
export function headersToStore(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const stored: Record<string, string> = { 'content-type': DEFAULT_CONTENT_TYPE };
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || value === '') continue;
    if (name.startsWith(METADATA)) {
      bytes += name.length - METADATA.length + value.length; // values are bytes: Node reads headers as Latin-1
      stored[name] = value;
    } else if (name === 'content-encoding') {
      const encoding = withoutFraming(value);
      if (encoding !== '') stored[name] = encoding;
    } else if (KEPT.includes(name)) stored[name] = value;
  }
  if (bytes > MAX_METADATA_BYTES) {
    const message = 'Your metadata headers exceed the maximum allowed metadata size';
    const details = { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES };
    throw new S3Fault('MetadataTooLarge', message, 400, details);
  }
  const storageClass = stored[STORAGE_CLASS];
  if (storageClass !== undefined && !STORAGE_CLASSES.includes(storageClass)) {
    const message = 'The storage class you specified is not valid';
    throw new S3Fault('InvalidStorageClass', message, 400, { StorageClassRequested: storageClass });
  }
  return stored;
}

/** What a copy that keeps the metadata of its source takes from it: all but what S3 wants said anew. */
export function headersToCopy(
  source: Readonly<Record<string, string>>,
  request: IncomingHttpHeaders,
): Readonly<Record<string, string>> {
  const anew = headersToStore(
    Object.fromEntries(Object.entries(request).filter(([name]) => name === STORAGE_CLASS || name === REDIRECT)),
  );
  const { [STORAGE_CLASS]: _class, [REDIRECT]: _redirect, ...kept } = source;
  return { ...anew, ...kept };
}

export function storageClassOf(headers: Readonly<Record<string, string>>): string {
  return headers[STORAGE_CLASS] ?? 'STANDARD';
}

/** `aws-chunked` is about how the body came, not about what is stored. */
function withoutFraming(encoding: string): string {
  const codings = encoding.split(',').map((coding) => coding.trim());
  return codings.filter((coding) => coding.toLowerCase() !== 'aws-chunked').join(', ');
}
