import type { StoredObject } from '../../objects/local/stored-object.ts';
import { checksumHeaders } from './checksum-headers.ts';
import { quoted } from './etags.ts';
import { header, type S3Call } from './s3-call.ts';
import { invalidArgument } from './s3-fault.ts';
import { STORAGE_CLASS } from './stored-headers.ts';

/** Parameters that replace a header of the answer, for links that a browser is given. */
const OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];

/** What every answer about an object says of it, its length left out. */
export function objectHeaders(object: StoredObject): Record<string, string> {
  const { [STORAGE_CLASS]: storageClass, ...headers } = object.headers;
  return {
    'content-type': 'binary/octet-stream',
    ...headers,
    // S3 does not name the class that everything is in.
    ...(storageClass === undefined || storageClass === 'STANDARD' ? {} : { [STORAGE_CLASS]: storageClass }),
    'accept-ranges': 'bytes',
    etag: quoted(object.etag),
    'last-modified': new Date(object.modifiedAt).toUTCString(),
  };
}

/** The object's checksum where the client asks for it. It is of the whole object, so it does not go with a part of one. */
export function requestedChecksum(call: S3Call, object: StoredObject): Record<string, string> {
  return header(call, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' ? checksumHeaders(object.checksum) : {};
}

/** @throws S3Fault `InvalidArgument` for what no header can carry */
export function overriddenHeaders(call: S3Call): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const parameter of OVERRIDES) {
    const value = call.query.get(parameter);
    if (value === undefined) continue;
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      throw invalidArgument(
        parameter,
        value,
        `The value of ${parameter} cannot be a header: it has more than plain ASCII.`,
      );
    }
    headers[parameter.slice('response-'.length)] = value;
  }
  return headers;
}
