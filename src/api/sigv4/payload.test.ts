import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePayload } from './payload.ts';
import { SignatureVerifier } from './verify.ts';

const [ID, SECRET] = ['AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'];
const NOW = Date.UTC(2013, 4, 24);

async function* inPieces(body: string, sizes: readonly number[]): AsyncIterable<Buffer> {
  const bytes = Buffer.from(body, 'latin1');
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

type Headers = Readonly<Record<string, string>>;
interface Upload {
  readonly headers: Headers;
  readonly body: string;
}

/** What comes out of an upload: verified, when keys are given, and decoded. */
async function receive({ headers, body }: Upload, { keys = false, sizes = [body.length || 1] } = {}) {
  const known = keys ? new Map([[ID, SECRET]]) : undefined;
  const verifier = new SignatureVerifier({ keys: known, region: undefined, now: () => NOW });
  const rawHeaders = Object.entries(headers).flat();
  const request = { method: 'PUT', rawUrl: '/examplebucket/chunkObject.txt', headers, rawHeaders };
  const verified = await verifier.verify({ ...request, service: 's3' });
  const payload = decodePayload(inPieces(body, sizes), verified, headers);
  assert.equal(payload.trailers().size, 0, 'trailers are not known yet');
  let data = '';
  for await (const piece of payload.body) data += piece.toString('latin1');
  return { data, length: payload.decodedLength, trailers: Array.from(payload.trailers()) };
}

/* The examples of the Amazon S3 API reference for chunked uploads, without and with a trailer, and their signatures. */
const A = 'a'.repeat(66_560);
const common: Headers = {
  host: 's3.amazonaws.com',
  'x-amz-date': '20130524T000000Z',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
};
const authorization = (signedHeaders: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=${ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
const frames = (first: string, second: string, last: string, trailer = ''): string =>
  [
    `10000;chunk-signature=${first}\r\n${A.slice(0, 65_536)}\r\n`,
    `400;chunk-signature=${second}\r\n${A.slice(0, 1024)}\r\n`,
    `0;chunk-signature=${last}\r\n${trailer}\r\n`,
  ].join('');
const CHUNKED: Upload = {
  headers: {
    ...common,
    'content-length': '66824',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    authorization: authorization(
      'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    ),
  },
  body: frames(
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ),
};
const WITH_TRAILER: Upload = {
  headers: {
    ...common,
    'x-amz-trailer': 'x-amz-checksum-crc32c',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    authorization: authorization(
      'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    ),
  },
  body: frames(
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n',
  ),
};

for (const [name, upload, trailers] of [
  ['a chunked upload', CHUNKED, []],
  ['a chunked upload with a trailer', WITH_TRAILER, [['x-amz-checksum-crc32c', 'sOO8/Q==']]],
] as const) {
  test(`the published example of ${name} is accepted in pieces of any size, and without keys`, async () => {
    const expected = { data: A, length: 66_560, trailers };
    assert.deepEqual(await receive(upload, { keys: true }), expected);
    assert.deepEqual(await receive(upload), expected);
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (given) => {
        assert.deepEqual(await receive(upload, { keys: true, sizes: given }), expected);
      }),
      { numRuns: 20 },
    );
  });
}

const changed = (upload: Upload, from: string, to: string): Upload => {
  assert(upload.body.includes(from), 'the test changes nothing');
  return { ...upload, body: upload.body.replace(from, to) };
};
const chunk = (upload: Upload, index: number): string => upload.body.split(/(?<=a\r\n)(?=400|0;)/)[index] ?? '';
for (const [what, upload] of [
  ['the signature of the first chunk', changed(CHUNKED, 'ad80', 'ad81')],
  ['the signature of a later chunk', changed(CHUNKED, '0055', '0056')],
  ['the signature of the last chunk', changed(CHUNKED, 'b6c6', 'b6c7')],
  [
    'no signature',
    changed(CHUNKED, ';chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497', ''),
  ],
  ['the bytes of a chunk', changed(CHUNKED, 'aaaa', 'aaba')],
  [
    'the order of chunks',
    changed(CHUNKED, `${chunk(CHUNKED, 0)}${chunk(CHUNKED, 1)}`, `${chunk(CHUNKED, 1)}${chunk(CHUNKED, 0)}`),
  ],
  [
    'the bounds of chunks',
    changed(
      CHUNKED,
      `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${A.slice(0, 65_536)}\r\n400`,
      `10400;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${A}\r\n0`,
    ),
  ],
  ['the trailer', changed(WITH_TRAILER, 'sOO8', 'sOO9')],
  ['the signature of the trailer', changed(WITH_TRAILER, 'd81f', 'd82f')],
  [
    'no signature of the trailer',
    changed(
      WITH_TRAILER,
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n',
      '',
    ),
  ],
] as const) {
  test(`a signed upload is refused with another thing in it: ${what}`, async () => {
    await assert.rejects(receive(upload, { keys: true }), {
      name: 'Fault',
      code: 'SignatureDoesNotMatch',
    });
  });
}

test('a chunk that is left out makes the upload too short', async () => {
  await assert.rejects(receive(changed(CHUNKED, chunk(CHUNKED, 1), ''), { keys: true }), { code: 'IncompleteBody' });
});

test('a chunk that is left out along with its length is refused as well', async () => {
  const headers = { ...common, 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' };
  const verifier = new SignatureVerifier({ keys: new Map([[ID, SECRET]]), region: undefined, now: () => NOW });
  const request = { method: 'PUT', rawUrl: '/examplebucket/chunkObject.txt', headers: CHUNKED.headers };
  const rawHeaders = Object.entries(CHUNKED.headers).flat();
  const verified = await verifier.verify({ ...request, rawHeaders, service: 's3' });
  const body = CHUNKED.body.replace(chunk(CHUNKED, 1), '');
  const shorter = { ...headers, 'x-amz-decoded-content-length': '65536' };
  const read = async (): Promise<void> => {
    for await (const _ of decodePayload(inPieces(body, [4096]), verified, shorter).body);
  };
  await assert.rejects(read(), { code: 'SignatureDoesNotMatch', status: 403 });
});

const unsigned = (body: string, headers: Headers = {}): Upload => ({
  headers: {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '5',
    'x-amz-trailer': 'x-amz-checksum-crc32',
    ...headers,
  },
  body,
});
const HELLO = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
const { 'x-amz-decoded-content-length': _, ...withoutLength } = unsigned(HELLO).headers;

test('an unsigned upload with a trailer', async () => {
  const trailers = [['x-amz-checksum-crc32', 'NhCmhg==']];
  assert.deepEqual(await receive(unsigned(HELLO)), { data: 'hello', length: 5, trailers });
});

for (const [what, upload, code] of [
  ['no length', { headers: withoutLength, body: HELLO }, 'MissingContentLength'],
  ['a length that is none', unsigned(HELLO, { 'x-amz-decoded-content-length': '5x' }), 'MissingContentLength'],
  ['a length that is too small', unsigned(HELLO, { 'x-amz-decoded-content-length': '4' }), 'IncompleteBody'],
  ['a length that is too large', unsigned(HELLO, { 'x-amz-decoded-content-length': '6' }), 'IncompleteBody'],
  ['no end', unsigned('5\r\nhello\r\n'), 'IncompleteBody'],
  ['no frames', unsigned('hello'), 'IncompleteBody'],
  ['no trailer', unsigned('5\r\nhello\r\n0\r\n\r\n'), 'MalformedTrailerError'],
  ['a trailer that was not announced', unsigned(HELLO, { 'x-amz-trailer': '' }), 'MalformedTrailerError'],
  ['another trailer', unsigned(HELLO.replace('crc32', 'sha1')), 'MalformedTrailerError'],
] as const) {
  test(`an unsigned upload is refused with ${what}`, async () => {
    await assert.rejects(receive(upload), { name: 'Fault', code });
  });
}

test('never more bytes than announced are passed on', async () => {
  let bytes = 0;
  const { headers, body } = unsigned('4\r\nhell\r\n4\r\nhell\r\n0\r\n\r\n');
  const verifier = new SignatureVerifier({ keys: undefined, region: undefined, now: () => NOW });
  const verified = await verifier.verify({ service: 's3', method: 'PUT', rawUrl: '/a', headers, rawHeaders: [] });
  const read = async (): Promise<void> => {
    for await (const piece of decodePayload(inPieces(body, [100]), verified, headers).body) bytes += piece.length;
  };
  await assert.rejects(read(), { code: 'IncompleteBody' });
  assert.equal(bytes, 4);
});

const plain = (body: string, headers: Headers): Upload => ({ headers, body });
const sha256 = createHash('sha256').update('hello').digest('hex');

test('a plain body is passed on, with and without a length and a hash', async () => {
  for (const [headers, length] of [
    [{}, undefined],
    [{ 'content-length': '5' }, 5],
    [{ 'content-length': '5', 'x-amz-content-sha256': sha256 }, 5],
    [{ 'x-amz-content-sha256': sha256.toUpperCase() }, undefined],
  ] as const) {
    assert.deepEqual(await receive(plain('hello', headers)), { data: 'hello', length, trailers: [] });
  }
});

for (const [what, upload, code] of [
  ['another hash', plain('hellO', { 'x-amz-content-sha256': sha256 }), 'XAmzContentSHA256Mismatch'],
  ['a hash and no bytes', plain('', { 'x-amz-content-sha256': sha256 }), 'XAmzContentSHA256Mismatch'],
  ['fewer bytes than said', plain('hell', { 'content-length': '5' }), 'IncompleteBody'],
  ['more bytes than said', plain('hello!', { 'content-length': '5' }), 'IncompleteBody'],
] as const) {
  test(`a plain body with ${what} is refused, at its end`, async () => {
    await assert.rejects(receive(upload, { sizes: [1] }), { name: 'Fault', code, status: 400 });
  });
}
