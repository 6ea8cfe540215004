import { Fault } from '../fault.ts';
import {
  ALGORITHM,
  type ClaimRules,
  parseAuthorization,
  parseCredential,
  parseSignedHeaders,
  type SignatureClaim,
} from './authorization.ts';
import type { RequestHead } from './request-head.ts';
import { unsupportedMechanism } from './s3-refusals.ts';
import { parseBasicDate, parseRequestDate, type Timestamp } from './timestamp.ts';

/** How far the clocks of S3 and of a client may differ. */
const MAX_SKEW_MS = 15 * 60_000;
/** The longest that a presigned URL may be good for. */
const MAX_EXPIRES_SECONDS = 604_800;

const REQUIRED_PARAMETERS = [
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
  'X-Amz-Expires',
] as const;

/**
 * What an S3 request states about its signature, in the header or presigned in the query, checked for all but the
 * signature itself: in S3's order, which is the order of the statements here, and in its words.
 *
 * @throws Fault
 */
export function readS3Claim(head: RequestHead, rules: ClaimRules): SignatureClaim {
  const header = head.header('authorization');
  const presigned = head.query.has('X-Amz-Algorithm');
  const version2 = head.query.has('Signature');
  if ((header !== undefined && (presigned || version2)) || (presigned && version2)) {
    throw new Fault(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    );
  }
  if (version2) throw unsupportedMechanism();
  if (presigned) return readPresigned(head, rules);
  if (header === undefined || header === '') throw new Fault('AccessDenied', 'Access Denied', 403);
  return readHeader(head, header, rules);
}

function readHeader(head: RequestHead, header: string, { region, now }: ClaimRules): SignatureClaim {
  const { scheme, components } = parseAuthorization(header);
  if (scheme === header.trim()) {
    throw new Fault('InvalidArgument', "Authorization header is invalid -- one and only one ' ' (space) required");
  }
  if (/^AWS$|^AWS4-ECDSA-P256-SHA256$/i.test(scheme)) throw unsupportedMechanism();
  if (scheme !== ALGORITHM) throw new Fault('InvalidArgument', 'Unsupported Authorization Type');
  if (head.header('x-amz-content-sha256') === undefined) {
    throw new Fault('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  const date = parseRequestDate(head.header('x-amz-date'), head.header('date'));
  if (date === undefined) {
    throw new Fault('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header', 403);
  }
  if (Math.abs(now - date.ms) > MAX_SKEW_MS) {
    const message = 'The difference between the request time and the current time is too large.';
    throw new Fault('RequestTimeTooSkewed', message, 403);
  }
  const malformed = (what: string): Fault =>
    new Fault('AuthorizationHeaderMalformed', `The authorization header is malformed; ${what}`);
  const [credential, signedHeaders, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) =>
    components.get(name),
  );
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw malformed('the authorization header requires three components: Credential, SignedHeaders, and Signature.');
  }
  const claim = claimOf(credential, signedHeaders, signature, date, { region, refuse: malformed });
  if (claim.scope.date !== date.text.slice(0, 8)) {
    throw malformed('Invalid credential date. Date is not the same as X-Amz-Date.');
  }
  checkAllSigned(head, claim.signedHeaders);
  return claim;
}

function readPresigned(head: RequestHead, { region, now }: ClaimRules): SignatureClaim {
  const refuse = (message: string): Fault => new Fault('AuthorizationQueryParametersError', message);
  if (head.parameter('X-Amz-Algorithm') !== ALGORITHM) {
    throw refuse(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const [credential, signature, dateText, signedHeaders, expiresText] = REQUIRED_PARAMETERS.map((name) =>
    head.parameter(name),
  );
  if (
    credential === undefined ||
    signature === undefined ||
    dateText === undefined ||
    signedHeaders === undefined ||
    expiresText === undefined
  ) {
    throw refuse(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  const date = parseBasicDate(dateText);
  if (date === undefined) throw refuse(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`);
  if (!/^[+-]?\d+$/.test(expiresText)) throw refuse('X-Amz-Expires should be a number');
  const expires = Number(expiresText);
  if (expires < 0) throw refuse('X-Amz-Expires must be non-negative');
  if (expires > MAX_EXPIRES_SECONDS) {
    throw refuse(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${MAX_EXPIRES_SECONDS} seconds`,
    );
  }
  if (date.ms - now > MAX_SKEW_MS) throw new Fault('AccessDenied', 'Request is not yet valid', 403);
  if (now - date.ms > expires * 1000) throw new Fault('AccessDenied', 'Request has expired', 403);
  const claim = claimOf(credential, signedHeaders, signature, date, {
    region,
    refuse: (what) => refuse(`Error parsing the X-Amz-Credential parameter; ${what}`),
  });
  const day = date.text.slice(0, 8);
  if (claim.scope.date !== day) {
    throw refuse(`Invalid credential date "${claim.scope.date}". This date is not the same as X-Amz-Date: "${day}".`);
  }
  checkAllSigned(head, claim.signedHeaders);
  return claim;
}

function claimOf(
  credentialText: string,
  signedHeaders: string,
  signature: string,
  date: Timestamp,
  { region, refuse }: { readonly region: string | undefined; readonly refuse: (what: string) => Fault },
): SignatureClaim {
  const credential = parseCredential(credentialText);
  if (credential === undefined) {
    throw refuse('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  }
  const { accessKeyId, terminator, ...scope } = credential;
  if (!/^\d{8}$/.test(scope.date)) {
    throw refuse(
      `incorrect date format "${scope.date}". This date in the credential must be in the format "yyyyMMdd".`,
    );
  }
  if (scope.region === '') throw refuse('a non-empty region must be provided in the credential.');
  if (region !== undefined && scope.region !== region) {
    throw refuse(`the region '${scope.region}' is wrong; expecting '${region}'`);
  }
  if (scope.service !== 's3') throw refuse(`incorrect service "${scope.service}". This endpoint belongs to "s3".`);
  if (terminator !== 'aws4_request') {
    throw refuse(`incorrect terminal "${terminator}". This endpoint uses "aws4_request".`);
  }
  return { accessKeyId, scope, timestamp: date.text, signedHeaders: parseSignedHeaders(signedHeaders), signature };
}

/** What a header can change must be signed; `x-amz-content-sha256` is, as the last line of the canonical request. */
function checkAllSigned(head: RequestHead, signedHeaders: readonly string[]): void {
  const signed = new Set(['x-amz-content-sha256', ...signedHeaders]);
  const must = (name: string): boolean => name.startsWith('x-amz-') || name === 'content-md5';
  if (!signed.has('host') || Array.from(head.headerNames()).some((name) => must(name) && !signed.has(name))) {
    const message = 'There were headers present in the request which were not signed';
    throw new Fault('AccessDenied', message, 403);
  }
}
