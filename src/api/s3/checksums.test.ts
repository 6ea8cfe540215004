import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { codeOf, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

const Bucket = 'bucket';
/** Of `123456789`, the check value of CRC catalogues among them. */
const VALUES = {
  CRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
  CRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
  CRC64NVME: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
  SHA1: createHash('sha1').update('123456789').digest('base64'),
  SHA256: createHash('sha256').update('123456789').digest('base64'),
} as const;
const ALGORITHMS = Object.keys(VALUES) as (keyof typeof VALUES)[];
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3();
  await s3.store.createBucket(Bucket);
});
after(async () => {
  await s3.close();
  assert.deepEqual(s3.errors, []);
});

async function putRaw(key: string, headers: Record<string, string>, body = '123456789') {
  const answer = await s3.raw('PUT', `/${Bucket}/${key}`, { headers, body });
  return answer.status === 200 ? answer.headers : codeOf(answer);
}

test('a checksum is verified, kept, and given back to who asks', async () => {
  for (const algorithm of ALGORITHMS) {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const answer = await putRaw(algorithm, { [name]: VALUES[algorithm] });
    assert(typeof answer === 'object', String(answer));
    assert.equal(answer[name], VALUES[algorithm]);
    assert.equal(answer['x-amz-checksum-type'], 'FULL_OBJECT');
    const get = (headers: Record<string, string>) => s3.raw('GET', `/${Bucket}/${algorithm}`, { headers });
    const asked = await get({ 'x-amz-checksum-mode': 'ENABLED' });
    assert.deepEqual([asked.headers[name], asked.headers['x-amz-checksum-type']], [VALUES[algorithm], 'FULL_OBJECT']);
    assert.equal((await get({})).headers[name], undefined);
    const part = await get({ 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=0-1' });
    assert.equal(part.headers[name], undefined, 'a client would compare it with the part');

    const wrong = Buffer.from(VALUES[algorithm], 'base64');
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    assert.equal(await putRaw('wrong', { [name]: wrong.toString('base64') }), 'BadDigest');
    assert.equal(await putRaw('wrong', { [name]: 'AAAA' }), 'InvalidRequest');
  }
  assert.equal((await s3.raw('HEAD', `/${Bucket}/wrong`)).status, 404, 'nothing is left of what was refused');
});

test('the SDK sends checksums in headers and in trailers, and checks what it gets', async () => {
  for (const ChecksumAlgorithm of ALGORITHMS) {
    for (const Body of ['123456789', Readable.from([Buffer.from('12345'), Buffer.from('6789')])]) {
      const Key = `sdk-${ChecksumAlgorithm}`;
      await s3.client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: 9, ChecksumAlgorithm }));
      const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      assert.equal(head[`Checksum${ChecksumAlgorithm}`], VALUES[ChecksumAlgorithm]);
      const got = await s3.client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      assert.equal(await got.Body?.transformToString(), '123456789');
    }
  }
});

function framed(payload: string, trailer: string): string {
  return `${payload.length.toString(16)}\r\n${payload}\r\n0\r\n${trailer}\r\n`;
}

test('checksums in a trailer', async () => {
  const put = (key: string, trailer: string, announced = 'x-amz-checksum-crc32', more = {}) =>
    putRaw(
      key,
      {
        'content-encoding': 'aws-chunked',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '9',
        'x-amz-trailer': announced,
        ...more,
      },
      framed('123456789', trailer),
    );
  const answer = await put('trailer', `x-amz-checksum-crc32:${VALUES.CRC32}\r\n`);
  assert(typeof answer === 'object' && answer['x-amz-checksum-crc32'] === VALUES.CRC32);
  assert.equal(await put('bad', 'x-amz-checksum-crc32:AAAAAA==\r\n'), 'BadDigest');
  assert.equal(await put('bad', 'x-amz-checksum-crc32:AAAA\r\n'), 'InvalidRequest');
  assert.equal(await put('bad', ''), 'MalformedTrailerError');
  assert.equal(await put('bad', 'x-amz-meta-a:1\r\n', 'x-amz-meta-a'), 'InvalidRequest');
  const both = { 'x-amz-checksum-sha1': VALUES.SHA1 };
  assert.equal(
    await put('bad', `x-amz-checksum-crc32:${VALUES.CRC32}\r\n`, 'x-amz-checksum-crc32', both),
    'InvalidRequest',
  );
  assert.equal((await s3.raw('HEAD', `/${Bucket}/bad`)).status, 404);
});

test('Content-MD5', async () => {
  const md5 = createHash('md5').update('123456789').digest('base64');
  assert.equal(typeof (await putRaw('md5', { 'content-md5': md5 })), 'object');
  assert.equal(await putRaw('md5', { 'content-md5': md5 }, '12345678x'), 'BadDigest');
  assert.equal(await putRaw('md5', { 'content-md5': 'nonsense' }), 'InvalidDigest');
  assert.equal((await s3.raw('GET', `/${Bucket}/md5`)).body, '123456789');
});

test('what is said about checksums has to fit', async () => {
  const crc32 = { 'x-amz-checksum-crc32': VALUES.CRC32 };
  assert.equal(await putRaw('fit', { ...crc32, 'x-amz-checksum-sha1': VALUES.SHA1 }), 'InvalidRequest');
  assert.equal(await putRaw('fit', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }), 'InvalidRequest');
  assert.equal(await putRaw('fit', { ...crc32, 'x-amz-sdk-checksum-algorithm': 'SHA1' }), 'InvalidRequest');
  assert.equal(await putRaw('fit', { 'x-amz-checksum-xxhash64': 'AAAAAAAAAAA=' }), 'NotImplemented');
  assert.equal(typeof (await putRaw('fit', { ...crc32, 'x-amz-sdk-checksum-algorithm': 'crc32' })), 'object');
});
