import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../core/sha256.ts';
import { Fault } from '../fault.ts';
import { decodePayload } from './payload.ts';
import { SignatureVerifier } from './verify.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const keys = new Map([[credentials.accessKeyId, credentials.secretAccessKey]]);

/** What the server of this test received last. */
let received: { readonly body: string; readonly trailers: readonly string[]; readonly kind: string } | undefined;
const verifier = new SignatureVerifier({ keys, region: 'eu-central-1', now: Date.now });

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url: rawUrl = '', headers, rawHeaders } = request;
  const source: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  try {
    const verified = await verifier.verify({ service: 's3', method, rawUrl, headers, rawHeaders });
    const payload = decodePayload(source, verified, headers);
    const pieces: Buffer[] = await Readable.from(payload.body).toArray();
    const trailers = Array.from(payload.trailers().keys());
    received = { body: Buffer.concat(pieces).toString(), trailers, kind: verified.payload.kind };
    response.end();
  } catch (error) {
    assert(error instanceof Fault, String(error));
    request.resume();
    response
      .writeHead(error.status)
      .end(`<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`);
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.destroy(error));
});
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  server.closeAllConnections();
  server.close();
});

function client(secretAccessKey = credentials.secretAccessKey): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { ...credentials, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
  });
}

const Key = "a b/%20/é+~//(paren)!*'/日本/../.";

test('@aws-sdk/client-s3 sends a buffer with its hash', async () => {
  const s3 = client();
  const Metadata = { a: 'inner  double   space' };
  await s3.send(new PutObjectCommand({ Bucket: 'buck', Key, Body: 'hello', Metadata }));
  assert.deepEqual(received, { body: 'hello', trailers: [], kind: 'hash' });
  s3.destroy();
});

test('@aws-sdk/client-s3 sends a stream in chunks with a trailer', async () => {
  const s3 = client();
  const pieces = Array.from({ length: 40 }, (_, index) => Buffer.alloc(5000, index));
  const length = pieces.length * 5000;
  await s3.send(new PutObjectCommand({ Bucket: 'buck', Key, Body: Readable.from(pieces), ContentLength: length }));
  assert.deepEqual(received, {
    body: Buffer.concat(pieces).toString(),
    trailers: ['x-amz-checksum-crc32'],
    kind: 'chunked',
  });
  s3.destroy();
});

test('@aws-sdk/client-s3 reads and lists', async () => {
  const s3 = client();
  await s3.send(new GetObjectCommand({ Bucket: 'buck', Key, Range: 'bytes=0-9' }));
  await s3.send(new ListObjectsV2Command({ Bucket: 'buck', Prefix: 'a b+é', Delimiter: '/', StartAfter: '' }));
  s3.destroy();
});

test('@aws-sdk/client-s3 with another secret gets the refusal, although its body was not read', async () => {
  const s3 = client('another');
  const Body = Buffer.alloc(1 << 20);
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket: 'buck', Key, Body })), { name: 'SignatureDoesNotMatch' });
  s3.destroy();
});

for (const [what, payload, code] of [
  [
    'of another hash, at its end',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'XAmzContentSHA256Mismatch',
  ],
  ['without frames, at its start', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'IncompleteBody'],
] as const) {
  test(`the refusal of a body ${what}, leaves the connection good for the next request`, async () => {
    const { port } = server.address() as AddressInfo;
    const signer = new SignatureV4({
      ...{ credentials, region: 'eu-central-1', service: 's3' },
      ...{ sha256: Sha256, uriEscapePath: false },
    });
    const { headers } = await signer.sign({
      ...{ method: 'PUT', protocol: 'http:', hostname: '127.0.0.1', path: '/buck/a' },
      headers: { host: `127.0.0.1:${port}`, 'x-amz-content-sha256': payload, 'x-amz-decoded-content-length': '1' },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const reused of [false, true]) {
      const put = httpRequest({ port, path: '/buck/a', method: 'PUT', headers, agent }).end(Buffer.alloc(4 << 20));
      // Node's client uses a connection again when what it sent is gone, too.
      const [[response]] = (await Promise.all([once(put, 'response'), once(put, 'finish')])) as [[IncomingMessage], []];
      assert.match(String(Buffer.concat(await response.toArray())), new RegExp(`<Code>${code}</Code>`));
      assert.equal(put.reusedSocket, reused);
    }
    agent.destroy();
  });
}
