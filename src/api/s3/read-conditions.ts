import type { StoredObject } from '../../objects/local/stored-object.ts';
import { names } from './etags.ts';
import { header, type S3Call } from './s3-call.ts';
import { preconditionFailed } from './s3-fault.ts';

const COPY_SOURCE = 'x-amz-copy-source-';

/**
 * Whether the object is as the `If-` headers of a read want it. As in RFC 9110 (13.2.2) and in S3 the ETags decide: with an
 * `If-Match` the date in `If-Unmodified-Since` means nothing, nor does `If-Modified-Since` with an `If-None-Match`.
 *
 * @returns false when the client has it already: 304
 * @throws S3Fault `PreconditionFailed`
 */
export function isWanted(call: S3Call, object: StoredObject): boolean {
  const failed = failedCondition(call, '', object);
  if (failed === 'If-Match' || failed === 'If-Unmodified-Since') throw preconditionFailed(failed);
  return failed === undefined;
}

/**
 * The same for the source of a copy, where there is nothing that the client could have already.
 *
 * @throws S3Fault `PreconditionFailed`
 */
export function checkCopySource(call: S3Call, source: StoredObject): void {
  const failed = failedCondition(call, COPY_SOURCE, source);
  if (failed !== undefined) throw preconditionFailed(`${COPY_SOURCE}${failed}`);
}

type Condition = 'If-Match' | 'If-Unmodified-Since' | 'If-None-Match' | 'If-Modified-Since';

function failedCondition(call: S3Call, prefix: string, object: StoredObject): Condition | undefined {
  const modified = wholeSeconds(object.modifiedAt);
  const match = header(call, `${prefix}if-match`);
  const unmodifiedSince = date(header(call, `${prefix}if-unmodified-since`));
  if (match !== undefined) {
    if (!names(match, object.etag, false)) return 'If-Match';
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) return 'If-Unmodified-Since';
  const noneMatch = header(call, `${prefix}if-none-match`);
  const modifiedSince = date(header(call, `${prefix}if-modified-since`));
  if (noneMatch !== undefined) {
    if (names(noneMatch, object.etag, true)) return 'If-None-Match';
  } else if (modifiedSince !== undefined && modified <= modifiedSince) return 'If-Modified-Since';
  return undefined;
}

/** What cannot be read as a date is no condition (RFC 9110, 13.1.3). */
function date(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/** Times on the wire are whole seconds; compared more exactly, an object would be newer than its own `Last-Modified`. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
