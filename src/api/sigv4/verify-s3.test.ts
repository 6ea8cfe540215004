import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../fault.ts';
import type { RawRequest } from './request-head.ts';
import { SignatureVerifier } from './verify.ts';

const [ID, SECRET] = ['AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'];
const NOW = Date.UTC(2013, 4, 24);
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function verifier({ region = 'us-east-1', now = NOW, keys = true } = {}): SignatureVerifier {
  return new SignatureVerifier({ keys: keys ? new Map([[ID, SECRET]]) : undefined, region, now: () => now });
}

type Headers = Readonly<Record<string, string>>;

function raw(method: string, rawUrl: string, headers: Headers): RawRequest {
  const rawHeaders = Object.entries(headers).flat();
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { method, rawUrl, headers: Object.fromEntries(lower), rawHeaders };
}

const verify = (request: RawRequest, by = verifier()) => by.verify({ ...request, service: 's3' });

/** What `verify` refuses a request with. */
async function refusal(request: RawRequest, by = verifier()): Promise<string> {
  try {
    await verify(request, by);
  } catch (error) {
    assert(error instanceof Fault, String(error));
    return `${error.status} ${error.code}: ${error.message}`;
  }
  return 'accepted';
}

/* The examples of the Amazon S3 API reference, "Authenticating Requests": their signatures are published. */
const authorization = (signedHeaders: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=${ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
const common: Headers = {
  Host: 'examplebucket.s3.amazonaws.com',
  'x-amz-date': '20130524T000000Z',
  'x-amz-content-sha256': EMPTY,
};
const GET_OBJECT = raw('GET', '/test.txt', {
  ...common,
  Range: 'bytes=0-9',
  Authorization: authorization(
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ),
});
const PRESIGNED = raw(
  'GET',
  `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${ID}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
  { Host: 'examplebucket.s3.amazonaws.com' },
);
const plain = 'host;x-amz-content-sha256;x-amz-date';
const examples: readonly [name: string, request: RawRequest, kind: string][] = [
  ['GET Object', GET_OBJECT, 'hash'],
  [
    'PUT Object, with Date among the signed headers',
    raw('PUT', '/test%24file.text', {
      ...common,
      Date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      Authorization: authorization(
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    }),
    'hash',
  ],
  [
    'GET Bucket Lifecycle',
    raw('GET', '/?lifecycle', {
      ...common,
      Authorization: authorization(plain, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'),
    }),
    'hash',
  ],
  [
    'GET Bucket (List Objects)',
    raw('GET', '/?max-keys=2&prefix=J', {
      ...common,
      Authorization: authorization(plain, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'),
    }),
    'hash',
  ],
  ['a presigned URL', PRESIGNED, 'unsigned'],
];

for (const [name, request, kind] of examples) {
  test(`the published example of ${name} is accepted`, async () => {
    const verified = await verify(request);
    assert.equal(verified.accessKeyId, ID);
    assert.equal(verified.payload.kind, kind);
  });
}

const withHeader = (name: string, value: string | undefined, request = GET_OBJECT): RawRequest => {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([key, text]) => [key, String(text)]));
  const { [name]: _, ...others } = headers;
  return raw(request.method, request.rawUrl, value === undefined ? others : { ...others, [name]: value });
};
const authorized = (from: string | RegExp, to: string): RawRequest =>
  withHeader('authorization', String(GET_OBJECT.headers.authorization).replace(from, to));
const queried = (from: string | RegExp, to: string): RawRequest => ({
  ...PRESIGNED,
  rawUrl: PRESIGNED.rawUrl.replace(from, to),
});

const MISMATCH =
  '403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method.';
const MALFORMED = '400 AuthorizationHeaderMalformed: The authorization header is malformed;';
const PARAMETERS = '400 AuthorizationQueryParametersError:';
const UNSUPPORTED =
  '400 InvalidRequest: The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
const ONE_MECHANISM = '400 InvalidArgument: Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter';
const NOT_SIGNED = '403 AccessDenied: There were headers present in the request which were not signed';
const NO_DATE = '403 AccessDenied: AWS authentication requires a valid Date or x-amz-date header';
const COMPONENTS = `${MALFORMED} the authorization header requires three components: Credential, SignedHeaders, and Signature.`;
const REQUIRED = `${PARAMETERS} Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential`;

const refused: readonly [what: string, request: RawRequest, refusal: string][] = [
  ['no signature', withHeader('authorization', undefined), '403 AccessDenied: Access Denied'],
  ['an unknown access key', authorized(ID, 'AKIAOTHER'), '403 InvalidAccessKeyId: The AWS Access Key Id you provided'],
  ['another method', { ...GET_OBJECT, method: 'PUT' }, MISMATCH],
  ['another path', { ...GET_OBJECT, rawUrl: '/test.tx' }, MISMATCH],
  ['one parameter more', { ...GET_OBJECT, rawUrl: '/test.txt?acl' }, MISMATCH],
  ['another value of a signed header', withHeader('range', 'bytes=0-8'), MISMATCH],
  ['a signed header left out', withHeader('range', undefined), MISMATCH],
  ['another hash of the body', withHeader('x-amz-content-sha256', EMPTY.replace('e', 'f')), MISMATCH],
  ['another time', withHeader('x-amz-date', '20130524T000001Z'), MISMATCH],
  ['another signature', authorized(/.$/, '0'), MISMATCH],
  ['a shorter signature', authorized(/.$/, ''), MISMATCH],
  ['an x-amz header that is not signed', withHeader('x-amz-acl', 'public-read'), NOT_SIGNED],
  ['a Content-MD5 that is not signed', withHeader('content-md5', 'x'), NOT_SIGNED],
  ['a host that is not signed', authorized('host;', ''), NOT_SIGNED],
  ['no date', withHeader('x-amz-date', undefined), NO_DATE],
  ['a date in another form', withHeader('x-amz-date', '2013-05-24T00:00:00Z'), NO_DATE],
  [
    'no hash of the body',
    withHeader('x-amz-content-sha256', undefined),
    '400 InvalidRequest: Missing required header for this request: x-amz-content-sha256',
  ],
  [
    'a hash that is none',
    withHeader('x-amz-content-sha256', EMPTY.slice(1)),
    '400 InvalidArgument: x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4',
  ],
  [
    'a body signed with version 4A',
    withHeader('x-amz-content-sha256', 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'),
    UNSUPPORTED,
  ],
  ['version 2', withHeader('authorization', `AWS ${ID}:frJIUN8DYpKDtOLCwo//yllqDzg=`), UNSUPPORTED],
  ['version 4A', authorized('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), UNSUPPORTED],
  ['version 2 in the query', { ...raw('GET', '/a?AWSAccessKeyId=a&Expires=1&Signature=b', common) }, UNSUPPORTED],
  [
    'another scheme',
    withHeader('authorization', 'Bearer token'),
    '400 InvalidArgument: Unsupported Authorization Type',
  ],
  [
    'a scheme alone',
    withHeader('authorization', 'AWS4-HMAC-SHA256'),
    '400 InvalidArgument: Authorization header is invalid',
  ],
  ['two mechanisms', { ...GET_OBJECT, rawUrl: PRESIGNED.rawUrl }, ONE_MECHANISM],
  ['no credential', authorized(/Credential=[^,]+,/, ''), COMPONENTS],
  ['no signed headers', authorized(/SignedHeaders=[^,]+,/, ''), COMPONENTS],
  ['an Authorization without a signature', authorized(/,Signature.*/, ''), COMPONENTS],
  [
    'a credential of four parts',
    authorized('/us-east-1', ''),
    `${MALFORMED} the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`,
  ],
  ['a date of seven digits', authorized('/20130524/', '/2013052/'), `${MALFORMED} incorrect date format "2013052".`],
  ['another date', authorized('/20130524/', '/20130523/'), `${MALFORMED} Invalid credential date.`],
  [
    'another region',
    authorized('us-east-1', 'eu-west-1'),
    `${MALFORMED} the region 'eu-west-1' is wrong; expecting 'us-east-1'`,
  ],
  [
    'another service',
    authorized('/s3/', '/ec2/'),
    `${MALFORMED} incorrect service "ec2". This endpoint belongs to "s3".`,
  ],
  ['another end', authorized('aws4_request', 'aws5'), `${MALFORMED} incorrect terminal "aws5". This endpoint uses`],
  ['a query that is no UTF-8', { ...GET_OBJECT, rawUrl: '/test.txt?a=%ff' }, "400 InvalidURI: Couldn't parse"],
  ...['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map(
    (name): [string, RawRequest, string] => [
      `a presigned URL without X-Amz-${name}`,
      queried(new RegExp(`X-Amz-${name}=[^&]+&?`), ''),
      name === 'Algorithm' ? '403 AccessDenied: Access Denied' : REQUIRED,
    ],
  ),
  [
    'presigned with version 4A',
    queried('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    `${PARAMETERS} X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"`,
  ],
  [
    'a presigned date in another form',
    queried('20130524T', '20130524'),
    `${PARAMETERS} X-Amz-Date must be in the ISO8601 Long Format`,
  ],
  [
    'a week and a second',
    queried('=86400', '=604801'),
    `${PARAMETERS} X-Amz-Expires must be less than a week (in seconds)`,
  ],
  ['a negative time', queried('=86400', '=-1'), `${PARAMETERS} X-Amz-Expires must be non-negative`],
  ['a time in words', queried('=86400', '=1h'), `${PARAMETERS} X-Amz-Expires should be a number`],
  [
    'presigned for another region',
    queried('us-east-1', 'x'),
    `${PARAMETERS} Error parsing the X-Amz-Credential parameter; the region 'x' is wrong`,
  ],
  [
    'presigned with another date',
    queried('%2F20130524', '%2F20130523'),
    `${PARAMETERS} Invalid credential date "20130523".`,
  ],
  ['presigned and changed', queried('/test.txt', '/other.txt'), MISMATCH],
  ['presigned and prolonged', queried('=86400', '=86401'), MISMATCH],
  ['presigned and more asked for', queried('/test.txt?', '/test.txt?versionId=1&'), MISMATCH],
  ['presigned and a header more', withHeader('x-amz-acl', 'public-read', PRESIGNED), NOT_SIGNED],
];

for (const [what, request, expected] of refused) {
  test(`S3 refuses ${what}`, async () => {
    const got = await refusal(request);
    assert(got.startsWith(expected), got);
  });
}

for (const [request, at, seconds, expected] of [
  [GET_OBJECT, 'header', 900, 'accepted'],
  [GET_OBJECT, 'header', -900, 'accepted'],
  [
    GET_OBJECT,
    'header',
    901,
    '403 RequestTimeTooSkewed: The difference between the request time and the current time is too large.',
  ],
  [
    GET_OBJECT,
    'header',
    -901,
    '403 RequestTimeTooSkewed: The difference between the request time and the current time is too large.',
  ],
  [PRESIGNED, 'query', 86_400, 'accepted'],
  [PRESIGNED, 'query', 86_401, '403 AccessDenied: Request has expired'],
  [PRESIGNED, 'query', -900, 'accepted'],
  [PRESIGNED, 'query', -901, '403 AccessDenied: Request is not yet valid'],
] as const) {
  test(`a signature in the ${at} that is ${seconds} seconds old: ${expected.slice(0, 30)}`, async () => {
    assert.equal(await refusal(request, verifier({ now: NOW + seconds * 1000 })), expected);
  });
}

test('a presigned URL may be good for no time at all', async () => {
  assert.equal(await refusal(queried('=86400', '=0')), MISMATCH, 'and not expired');
  assert.match(await refusal(queried('=86400', '=0'), verifier({ now: NOW + 1 })), /Request has expired/);
});

test('any region is good when none is configured', async () => {
  const by = new SignatureVerifier({ keys: new Map([[ID, SECRET]]), region: undefined, now: () => NOW });
  assert.equal(await refusal(GET_OBJECT, by), 'accepted');
  assert.equal(await refusal(authorized('us-east-1', 'eu-west-1'), by), MISMATCH);
});

test('without keys nothing is verified, but the form of the body is known', async () => {
  const by = verifier({ keys: false });
  assert.deepEqual(await verify(raw('GET', '/a', {}), by), {
    service: 's3',
    accessKeyId: undefined,
    payload: { kind: 'unsigned' },
  });
  assert.deepEqual(await verify(authorized(/.$/, '0'), by), {
    service: 's3',
    accessKeyId: ID,
    payload: { kind: 'hash', sha256: EMPTY },
  });
  assert.equal((await verify(PRESIGNED, by)).accessKeyId, ID);
  assert.equal((await verify(withHeader('authorization', 'nonsense'), by)).accessKeyId, undefined);
  assert.match(await refusal(withHeader('x-amz-content-sha256', 'x'), by), /^400 InvalidArgument/);
});
