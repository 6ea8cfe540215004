import type { StoredObject } from '../../objects/local/stored-object.ts';
import { type ByteRange, contentRange, parseRange } from './byte-range.ts';
import { objectHeaders, overriddenHeaders, requestedChecksum } from './object-headers.ts';
import { partNumberOf } from './part-number.ts';
import { isWanted } from './read-conditions.ts';
import { header, type S3Call } from './s3-call.ts';
import { invalidRequest, S3Fault } from './s3-fault.ts';

/** What a GET or HEAD of an object answers. */
export interface ObjectView {
  readonly status: 200 | 206 | 304;
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that the body has, or would have; `undefined` for 304. */
  readonly range: ByteRange | undefined;
}

/** @throws S3Fault `PreconditionFailed`, `InvalidRange`, `InvalidPartNumber`, `InvalidArgument`, `InvalidRequest` */
export function viewObject(call: S3Call, object: StoredObject): ObjectView {
  const headers = { ...objectHeaders(object), ...overriddenHeaders(call) };
  if (!isWanted(call, object)) {
    const { 'content-type': _, ...rest } = headers;
    return { status: 304, headers: rest, range: undefined };
  }
  const part = requestedPart(call, object);
  const range = part ?? rangeOf(call, object);
  const { start, end } = range ?? { start: 0, end: object.size };
  const isWhole = start === 0 && end === object.size;
  return {
    // There is no range of an empty object, so its only part is the whole.
    status: range === undefined || object.size === 0 ? 200 : 206,
    headers: {
      ...headers,
      ...(isWhole ? requestedChecksum(call, object) : {}),
      ...(range === undefined || object.size === 0 ? {} : { 'content-range': contentRange(range, object.size) }),
      ...(part !== undefined && object.partSizes ? { 'x-amz-mp-parts-count': String(object.partSizes.length) } : {}),
      'content-length': String(end - start),
    },
    range: { start, end },
  };
}

/** A range of another state of the object than the client has begun with would make a mixture (RFC 9110, 13.1.5). */
function rangeOf(call: S3Call, object: StoredObject): ByteRange | undefined {
  const ifRange = header(call, 'if-range')?.trim();
  const modified = new Date(object.modifiedAt).toUTCString();
  if (ifRange !== undefined && ifRange !== `"${object.etag}"` && ifRange !== modified) return undefined;
  return parseRange(header(call, 'range'), object.size);
}

function requestedPart(call: S3Call, object: StoredObject): ByteRange | undefined {
  const number = partNumberOf(call);
  if (number === undefined) return undefined;
  if (header(call, 'range') !== undefined) {
    throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
  }
  const sizes = object.partSizes ?? [object.size];
  const size = sizes[number - 1];
  if (size === undefined) {
    const details = { ActualPartCount: sizes.length, PartNumberRequested: number };
    throw new S3Fault('InvalidPartNumber', 'The requested partnumber is not satisfiable', 416, details);
  }
  const start = sizes.slice(0, number - 1).reduce((sum, bytes) => sum + bytes, 0);
  return { start, end: start + size };
}
