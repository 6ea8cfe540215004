import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../core/sha256.ts';
import { Fault } from '../fault.ts';
import { type ServiceRequest, SignatureVerifier } from './verify.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const NOW = Date.UTC(2026, 0, 1);

function verifier({ now = NOW, keys = true } = {}): SignatureVerifier {
  const known = new Map([[credentials.accessKeyId, credentials.secretAccessKey]]);
  return new SignatureVerifier({ keys: keys ? known : undefined, region: 'us-east-1', now: () => now });
}

/** What `verify` refuses a request with. */
async function refusal(request: ServiceRequest, by = verifier()): Promise<string> {
  try {
    await by.verify(request);
  } catch (error) {
    assert(error instanceof Fault, String(error));
    return `${error.status} ${error.code}: ${error.message}`;
  }
  return 'accepted';
}

interface Asked {
  readonly target?: string;
  readonly service?: string;
  readonly body?: string;
  readonly presigned?: boolean;
}

/** A request as an SDK sends it. */
async function signed({ target, service = 'sts', body = '', presigned = false }: Asked): Promise<ServiceRequest> {
  const signer = new SignatureV4({ credentials, region: 'us-east-1', service, sha256: Sha256, applyChecksum: false });
  const method = presigned ? 'GET' : 'POST';
  const headers = { host: 'localhost:8400', ...(target === undefined ? {} : { 'x-amz-target': target }) };
  const query = presigned ? { Action: 'GetCallerIdentity', Version: '2011-06-15' } : {};
  const request = { method, protocol: 'http:', hostname: 'localhost', path: '/', query, headers, body };
  const signingDate = new Date(NOW);
  const ready = presigned
    ? await signer.presign(request, { signingDate, expiresIn: 60 })
    : await signer.sign(request, { signingDate });
  const search = Object.entries(ready.query ?? {}).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  );
  const rawUrl = search.length === 0 ? '/' : `/?${search.join('&')}`;
  const rawHeaders = Object.entries(ready.headers).flat();
  return { service: 'json', method, rawUrl, headers: ready.headers, rawHeaders, body: Buffer.from(body) };
}

const SAGEMAKER = await signed({ target: 'SageMaker.DescribeTransformJob', service: 'sagemaker', body: '{"A":1}' });
const STS = await signed({ body: 'Action=GetCallerIdentity&Version=2011-06-15' });
const STS_URL = await signed({ presigned: true });

test('requests of all three services are accepted', async () => {
  const logs = await signed({ target: 'Logs_20140328.GetLogEvents', service: 'logs', body: '{}' });
  for (const request of [SAGEMAKER, logs, STS, STS_URL]) {
    assert.deepEqual(await verifier().verify(request), { service: 'json', accessKeyId: 'AKIDEXAMPLE' });
  }
});

test('a target that nobody has is for its handler to refuse', async () => {
  const other = await signed({ target: 'DynamoDB_20120810.ListTables', service: 'dynamodb', body: '{}' });
  assert.equal(await refusal(other), 'accepted');
});

function withHeader(name: string, value: string | undefined, request = SAGEMAKER): ServiceRequest {
  const { [name]: _, ...others } = request.headers;
  const headers = value === undefined ? others : { ...others, [name]: value };
  return { ...request, headers, rawHeaders: Object.entries(headers).flatMap(([key, text]) => [key, String(text)]) };
}
const edited = (from: string | RegExp, to: string, request = SAGEMAKER): ServiceRequest =>
  withHeader('authorization', String(request.headers.authorization).replace(from, to), request);
const queried = (from: string | RegExp, to: string): ServiceRequest => ({
  ...STS_URL,
  rawUrl: STS_URL.rawUrl.replace(from, to),
});
const hashOf = (request: ServiceRequest): string =>
  createHash('sha256').update(String(request.headers.authorization)).digest('base64');

const WRONG =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const INVALID = '400 InvalidSignatureException:';
const INCOMPLETE = '400 IncompleteSignatureException:';
const MISSING = '400 MissingAuthenticationTokenException: Missing Authentication Token';
const noCredential = edited(/Credential=[^,]+, /, '');
const nothing = withHeader('x-amz-date', undefined, edited(/ .*/, ' A=b'));
const unequal = edited('Signature=', 'Signature');

const refused: readonly [what: string, request: ServiceRequest, refusal: string][] = [
  ['no signature', withHeader('authorization', undefined), MISSING],
  ['version 2', withHeader('authorization', 'AWS AKIDEXAMPLE:x'), MISSING],
  ['another scheme', withHeader('authorization', 'Bearer x'), MISSING],
  [
    'version 4A',
    edited('HMAC-SHA256', 'ECDSA-P256-SHA256'),
    `${INCOMPLETE} Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). `,
  ],
  [
    'no credential',
    noCredential,
    `${INCOMPLETE} Authorization header requires 'Credential' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization=${hashOf(noCredential)}`,
  ],
  [
    'nothing at all',
    nothing,
    `${INCOMPLETE} Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) Authorization=${hashOf(nothing)}`,
  ],
  [
    'a component without "="',
    unequal,
    `${INCOMPLETE} Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${hashOf(unequal)}'.`,
  ],
  [
    'a date in another form',
    withHeader('x-amz-date', '2026-01-01'),
    `${INCOMPLETE} Date must be in ISO-8601 'basic format'. Got '2026-01-01'. See http://en.wikipedia.org/wiki/ISO_8601`,
  ],
  [
    'a credential of four parts',
    edited('/us-east-1', ''),
    `${INCOMPLETE} Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20260101/sagemaker/aws4_request'`,
  ],
  [
    'a host that is not signed',
    edited('SignedHeaders=host;', 'SignedHeaders='),
    `${INVALID} 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.`,
  ],
  [
    'another region',
    edited('us-east-1', 'eu-west-1'),
    `${INVALID} Credential should be scoped to a valid region, not 'eu-west-1'.`,
  ],
  [
    'another service',
    edited('/sagemaker/', '/s3/'),
    `${INVALID} Credential should be scoped to correct service: 'sagemaker'.`,
  ],
  [
    'an unknown access key',
    edited('AKIDEXAMPLE', 'AKIDOTHER'),
    '400 UnrecognizedClientException: The security token included in the request is invalid.',
  ],
  ['another signature', edited(/.$/, 'x'), `${INVALID} ${WRONG}`],
  ['another body', { ...SAGEMAKER, body: Buffer.from('{"A":2}') }, `${INVALID} ${WRONG}`],
  ['another target', withHeader('x-amz-target', 'SageMaker.CreateTransformJob'), `${INVALID} ${WRONG}`],
  [
    'two mechanisms',
    { ...SAGEMAKER, rawUrl: STS_URL.rawUrl },
    `${INVALID} Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.`,
  ],
  [
    'everything in the scope',
    edited('/20260101/us-east-1/sagemaker/aws4_request', '/20260102/r/s/t'),
    `${INVALID} Credential should be scoped to a valid region, not 'r'. Credential should be scoped to correct service: 'sagemaker'. Credential should be scoped with a valid terminator: 'aws4_request', not 't'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260102' != '20260101', from '20260101T000000Z'.`,
  ],
  [
    'STS no signature',
    withHeader('authorization', undefined, STS),
    '403 MissingAuthenticationToken: Request is missing Authentication Token',
  ],
  [
    'STS an unknown access key',
    edited('AKIDEXAMPLE', 'AKIDOTHER', STS),
    '403 InvalidClientTokenId: The security token included in the request is invalid.',
  ],
  ['STS another body', { ...STS, body: Buffer.from('Action=AssumeRole') }, `403 SignatureDoesNotMatch: ${WRONG}`],
  [
    'STS another service',
    edited('/sts/', '/iam/', STS),
    "403 SignatureDoesNotMatch: Credential should be scoped to correct service: 'sts'.",
  ],
  [
    'STS a credential of one part',
    edited(/Credential=[^,]+/, 'Credential=a', STS),
    '400 IncompleteSignature: Credential must have exactly 5 slash-delimited elements',
  ],
  ['STS a URL for something else', queried('GetCallerIdentity', 'AssumeRole'), `403 SignatureDoesNotMatch: ${WRONG}`],
  [
    'STS a URL that says too little',
    queried(/X-Amz-(Date|Signature)=[^&]+&?/g, ''),
    "400 IncompleteSignature: AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
  ],
];

for (const [what, request, expected] of refused) {
  test(`a service refuses ${what}`, async () => {
    const got = await refusal(request);
    assert(got.startsWith(expected), got);
  });
}

for (const [name, request, seconds, expected] of [
  ['JSON', SAGEMAKER, 300, 'accepted'],
  ['JSON', SAGEMAKER, -300, 'accepted'],
  [
    'JSON',
    SAGEMAKER,
    301,
    `${INVALID} Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T000501Z - 5 min.)`,
  ],
  [
    'JSON',
    SAGEMAKER,
    -301,
    `${INVALID} Signature not yet current: 20260101T000000Z is still later than 20251231T235959Z (20251231T235459Z + 5 min.)`,
  ],
  ['the query protocol', STS, 900, 'accepted'],
  [
    'the query protocol',
    STS,
    901,
    '403 SignatureDoesNotMatch: Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T001501Z - 15 min.)',
  ],
  ['presigned URLs, whatever X-Amz-Expires says', STS_URL, 900, 'accepted'],
  [
    'presigned URLs, whatever X-Amz-Expires says',
    STS_URL,
    901,
    '403 SignatureDoesNotMatch: Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T001501Z - 15 min.)',
  ],
] as const) {
  test(`${name}: a signature that is ${seconds} seconds old`, async () => {
    assert.equal(await refusal(request, verifier({ now: NOW + seconds * 1000 })), expected);
  });
}

test('without keys nothing is verified', async () => {
  const by = verifier({ keys: false });
  const { headers: _, rawHeaders: __, ...request } = SAGEMAKER;
  assert.equal((await by.verify({ ...request, headers: {}, rawHeaders: [] })).accessKeyId, undefined);
  assert.equal((await by.verify({ ...SAGEMAKER, body: Buffer.from('other') })).accessKeyId, 'AKIDEXAMPLE');
});
