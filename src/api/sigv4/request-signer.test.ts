import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RequestHead } from './request-head.ts';
import { RequestSigner, sameSignature } from './request-signer.ts';

/*
 * The test suite of Signature Version 4, as awslabs/aws-c-auth has it in tests/aws-signing-test-suite/v4. Requests are the bytes on the wire, read as node:http reads them: one character each.
 */
const KEY = ['AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'] as const;
const STAMP = '20150830T123600Z';
const SCOPE = { date: '20150830', region: 'us-east-1', service: 'service' };

interface Vector {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly signature: string;
}

const normalized: Readonly<Record<string, Vector>> = {
  'get-vanilla': { signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  'post-vanilla': {
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  'post-x-www-form-urlencoded': {
    method: 'POST',
    headers: [
      ...['Content-Type', 'application/x-www-form-urlencoded', 'Content-Length', '13', 'x-amz-content-sha256'],
      '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e',
    ],
    body: 'Param1=value1',
    signature: 'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b',
  },
  'get-header-key-duplicate': {
    headers: ['My-Header1', 'value2', 'My-Header1', 'value2', 'My-Header1', 'value1'],
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  'get-header-value-order': {
    headers: ['My-Header1', 'value4', 'My-Header1', 'value1', 'My-Header1', 'value3', 'My-Header1', 'value2'],
    signature: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  },
  'get-header-value-trim': {
    headers: ['My-Header1', ' value1', 'My-Header2', ' "a   b   c"'],
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  'get-vanilla-with-session-token': {
    headers: ['X-Amz-Security-Token', '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267'],
    signature: '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8',
  },
  'get-utf8': {
    url: '/ሴ',
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  'get-vanilla-utf8-query': {
    url: '/?ሴ=bar',
    signature: '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  },
  'get-vanilla-query-order-key-case': {
    url: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  'get-vanilla-query-order-encoded': {
    url: '/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1',
    signature: '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac',
  },
  'get-vanilla-empty-query-key': {
    url: '/?Param1=value1',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  'get-vanilla-query-unreserved': {
    url: '/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  },
  'get-slashes-normalized': {
    url: '//example//',
    signature: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  },
  'get-relative-relative-normalized': {
    url: '/example1/example2/../..',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  'get-space-unnormalized': {
    url: '/example space/',
    signature: '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
  },
};

const asTheyAre: Readonly<Record<string, Vector>> = {
  'get-slash-dot-slash-unnormalized': {
    url: '/./',
    signature: '68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145',
  },
};

for (const [vectors, escapePath] of [
  [normalized, true],
  [asTheyAre, false],
] as const) {
  for (const [name, { method = 'GET', url = '/', headers = [], body = '', signature }] of Object.entries(vectors)) {
    test(`${name} of the test suite has the published signature`, async () => {
      const rawHeaders = ['Host', 'example.amazonaws.com', 'X-Amz-Date', STAMP, ...headers];
      const wire = Buffer.from(url).toString('latin1');
      const head = new RequestHead({ method, rawUrl: wire, headers: {}, rawHeaders });
      const parts = {
        method,
        path: head.path,
        query: head.query,
        headers: head.signedHeaders(Array.from(head.headerNames())),
        payloadHash: createHash('sha256').update(body).digest('hex'),
      };
      assert.equal(await new RequestSigner(...KEY, { escapePath }).signatureOf(parts, STAMP, SCOPE), signature);
    });
  }
}

test('signatures are the same only when they are', () => {
  assert(sameSignature('abc', 'abc'));
  for (const given of ['abd', 'ABC', 'ab', 'abcd', '', 'ab\u0163']) assert(!sameSignature('abc', given), given);
});
