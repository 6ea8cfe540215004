import { createHash } from 'node:crypto';
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
import { basicDate, parseBasicDate, parseRequestDate, type Timestamp } from './timestamp.ts';

/** The services behind the door by the first word of `X-Amz-Target`. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ['SageMaker', 'sagemaker'],
  ['Logs_20140328', 'logs'],
]);

/** The same refusals under the names of a protocol. */
export interface Dialect {
  missingToken(): Fault;
  unknownKey(): Fault;
  wrongSignature(message?: string): Fault;
  incomplete(message: string): Fault;
  readonly maxSkewMinutes: number;
}

const INVALID_TOKEN = 'The security token included in the request is invalid.';
const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

const JSON_DIALECT: Dialect = {
  missingToken: () => new Fault('MissingAuthenticationTokenException', 'Missing Authentication Token'),
  unknownKey: () => new Fault('UnrecognizedClientException', INVALID_TOKEN),
  wrongSignature: (message = WRONG_SIGNATURE) => new Fault('InvalidSignatureException', message),
  incomplete: (message) => new Fault('IncompleteSignatureException', message),
  maxSkewMinutes: 5,
};
const QUERY_DIALECT: Dialect = {
  missingToken: () => new Fault('MissingAuthenticationToken', 'Request is missing Authentication Token', 403),
  unknownKey: () => new Fault('InvalidClientTokenId', INVALID_TOKEN, 403),
  wrongSignature: (message = WRONG_SIGNATURE) => new Fault('SignatureDoesNotMatch', message, 403),
  incomplete: (message) => new Fault('IncompleteSignature', message),
  maxSkewMinutes: 15,
};

/** JSON requests name their operation in `X-Amz-Target`; without it, it is the query protocol of STS. */
export function dialectOf(head: RequestHead): Dialect {
  return head.header('x-amz-target') === undefined ? QUERY_DIALECT : JSON_DIALECT;
}

/** The service that a credential must be for; any when nobody here is asked, which the handler of the request will say. */
function serviceOf(head: RequestHead): string | undefined {
  const target = head.header('x-amz-target');
  return target === undefined ? 'sts' : SERVICES.get(target.split('.')[0] ?? '');
}

/**
 * What a request for SageMaker, Logs or STS states about its signature, checked for all but the signature itself, in the
 * order and the words of the original. A presigned one is good as long as any other: these services ignore
 * `X-Amz-Expires`.
 *
 * @throws Fault
 */
export function readServiceClaim(head: RequestHead, dialect: Dialect, { region, now }: ClaimRules): SignatureClaim {
  const header = head.header('authorization');
  const presigned = head.query.has('X-Amz-Algorithm');
  if (header !== undefined && presigned) {
    const message = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    throw dialect.wrongSignature(message);
  }
  if (!presigned && !header?.trim().startsWith('AWS4-')) throw dialect.missingToken();
  const stated = presigned ? readParameters(head, dialect) : readComponents(head, header ?? '', dialect);
  checkTime(stated.date, now, dialect);
  const signedHeaders = parseSignedHeaders(stated.signedHeaders);
  if (!signedHeaders.includes('host')) {
    throw dialect.wrongSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  if (stated.algorithm !== ALGORITHM) {
    throw dialect.incomplete(`Unsupported AWS 'algorithm': '${stated.algorithm}' (only ${ALGORITHM} for now). `);
  }
  const credential = parseCredential(stated.credential);
  if (credential === undefined) {
    const form = 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term';
    throw dialect.incomplete(`${form}, got '${stated.credential}'`);
  }
  const { accessKeyId, terminator, ...scope } = credential;
  const wrong: string[] = [];
  if (scope.region === '' || (region !== undefined && scope.region !== region)) {
    wrong.push(`Credential should be scoped to a valid region, not '${scope.region}'.`);
  }
  const service = serviceOf(head);
  if (service !== undefined && scope.service !== service) {
    wrong.push(`Credential should be scoped to correct service: '${service}'.`);
  }
  if (terminator !== 'aws4_request') {
    wrong.push(`Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`);
  }
  const day = stated.date.text.slice(0, 8);
  if (scope.date !== day) {
    wrong.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${day}', from '${stated.date.text}'.`,
    );
  }
  if (wrong.length > 0) throw dialect.wrongSignature(wrong.join(' '));
  return { accessKeyId, scope, timestamp: stated.date.text, signedHeaders, signature: stated.signature };
}

interface Stated {
  readonly algorithm: string;
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: Timestamp;
}

function readComponents(head: RequestHead, header: string, dialect: Dialect): Stated {
  const { scheme, components, malformed } = parseAuthorization(header);
  // A header that somebody got wrong may be good enough for somebody else: it is named by its hash, never repeated.
  const hashed = createHash('sha256').update(header).digest('base64');
  if (malformed !== undefined) {
    throw dialect.incomplete(
      `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${hashed}'.`,
    );
  }
  const credential = components.get('Credential') ?? '';
  const signature = components.get('Signature') ?? '';
  const signedHeaders = components.get('SignedHeaders') ?? '';
  const [amzDate, httpDate] = [head.header('x-amz-date'), head.header('date')];
  const missing = Object.entries({ Credential: credential, Signature: signature, SignedHeaders: signedHeaders })
    .filter(([, value]) => value === '')
    .map(([name]) => `Authorization header requires '${name}' parameter. `);
  if (amzDate === undefined && httpDate === undefined) {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
  }
  if (missing.length > 0) {
    throw dialect.incomplete(
      `${missing.join('')}(Hashed with SHA-256 and encoded with Base64) Authorization=${hashed}`,
    );
  }
  const date = parseRequestDate(amzDate, httpDate);
  if (date === undefined) throw noDate(amzDate ?? httpDate ?? '', dialect);
  return { algorithm: scheme, credential, signedHeaders, signature, date };
}

function readParameters(head: RequestHead, dialect: Dialect): Stated {
  const parameter = (name: string): string => head.parameter(name) ?? '';
  const missing = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date']
    .filter((name) => parameter(name) === '')
    .map((name) => `AWS query-string parameters must include '${name}'. `);
  if (missing.length > 0) {
    throw dialect.incomplete(`${missing.join('')}Re-examine the query-string parameters.`);
  }
  const date = parseBasicDate(parameter('X-Amz-Date'));
  if (date === undefined) throw noDate(parameter('X-Amz-Date'), dialect);
  return {
    algorithm: parameter('X-Amz-Algorithm'),
    credential: parameter('X-Amz-Credential'),
    signedHeaders: parameter('X-Amz-SignedHeaders'),
    signature: parameter('X-Amz-Signature'),
    date,
  };
}

function noDate(got: string, dialect: Dialect): Fault {
  return dialect.incomplete(
    `Date must be in ISO-8601 'basic format'. Got '${got}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );
}

function checkTime({ text, ms }: Timestamp, now: number, { maxSkewMinutes, wrongSignature }: Dialect): void {
  const [skewMs, server] = [maxSkewMinutes * 60_000, basicDate(now)];
  if (ms < now - skewMs) {
    const earliest = basicDate(now - skewMs);
    throw wrongSignature(
      `Signature expired: ${text} is now earlier than ${earliest} (${server} - ${maxSkewMinutes} min.)`,
    );
  }
  if (ms > now + skewMs) {
    const latest = basicDate(now + skewMs);
    throw wrongSignature(
      `Signature not yet current: ${text} is still later than ${latest} (${server} + ${maxSkewMinutes} min.)`,
    );
  }
}
