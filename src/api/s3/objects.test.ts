import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { codeOf, refusal, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

const Bucket = 'objects';
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3();
  await s3.store.createBucket(Bucket);
});
after(async () => {
  await s3.close();
  assert.deepEqual(s3.errors, []);
});

function put(Key: string, Body: string | Readable, input: Partial<PutObjectCommandInput> = {}) {
  return s3.client.send(new PutObjectCommand({ Bucket, Key, Body, ...input }));
}

test('what is put is got, with everything that was said about it', async () => {
  const { ETag } = await put('a/b c', 'hello', {
    CacheControl: 'no-store',
    ContentDisposition: 'attachment',
    ContentEncoding: 'gzip',
    ContentLanguage: 'de',
    ContentType: 'text/csv',
    Metadata: { first: '1', Second: 'zwei  drei' },
    StorageClass: 'STANDARD_IA',
    WebsiteRedirectLocation: '/else',
  });
  assert.equal(ETag, '"5d41402abc4b2a76b9719d911017c592"');
  const got = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'a/b c' }));
  const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'a/b c' }));
  for (const answer of [got, head]) {
    assert.equal(answer.ContentLength, 5);
    assert.equal(answer.ETag, ETag);
    assert.equal(answer.AcceptRanges, 'bytes');
    assert.equal(answer.CacheControl, 'no-store');
    assert.equal(answer.ContentDisposition, 'attachment');
    assert.equal(answer.ContentEncoding, 'gzip');
    assert.equal(answer.ContentLanguage, 'de');
    assert.equal(answer.ContentType, 'text/csv');
    assert.deepEqual(answer.Metadata, { first: '1', second: 'zwei  drei' });
    assert.equal(answer.StorageClass, 'STANDARD_IA');
    assert.equal(answer.WebsiteRedirectLocation, '/else');
    assert(Math.abs(Date.now() - (answer.LastModified?.getTime() ?? 0)) < 60_000);
  }
  assert.equal(await got.Body?.transformToString(), 'hello');
});

test('what is not said is what S3 says', async () => {
  await put('plain', '', { StorageClass: 'STANDARD' });
  const { headers, status, body } = await s3.raw('GET', `/${Bucket}/plain`);
  assert.deepEqual([status, body], [200, '']);
  assert.equal(headers['content-type'], 'application/octet-stream');
  assert.equal(headers['x-amz-storage-class'], undefined);
  assert.equal(headers['content-length'], '0');
  assert.equal(headers['x-amz-request-id'], 'REQUEST1');
  await s3.raw('PUT', `/${Bucket}/untyped`, { body: 'x' });
  assert.equal((await s3.raw('HEAD', `/${Bucket}/untyped`)).headers['content-type'], 'binary/octet-stream');
});

test('a stream in chunks is put as it is', async () => {
  const pieces = Array.from({ length: 100 }, (_, at) => Buffer.alloc(7919, at));
  const whole = Buffer.concat(pieces);
  await put('streamed', Readable.from(pieces), { ContentLength: whole.length });
  const got = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'streamed' }));
  assert.equal(got.ContentEncoding, undefined, 'aws-chunked is how it came');
  assert(whole.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0)));
});

test('keys are just keys', async () => {
  const keys = [
    '..',
    '../../etc/passwd',
    './a',
    'a//b',
    '/',
    '//',
    'a/',
    'a\\b',
    '%2e%2e',
    'a+b',
    'ü',
    '😀',
    'x\u0001\n\r',
    'é',
  ];
  for (const key of [...keys, 'k'.repeat(1024)]) {
    const path = `/${Bucket}/${encodeURIComponent(key)}`;
    assert.equal((await s3.raw('PUT', path, { body: key })).status, 200, key);
    const got = await s3.raw('GET', path);
    assert.deepEqual([got.status, got.body], [200, key]);
    assert.equal((await s3.raw('DELETE', path)).status, 204);
    assert.equal((await s3.raw('HEAD', path)).status, 404);
  }
  for (const method of ['PUT', 'GET', 'DELETE']) {
    const answer = await s3.raw(method, `/${Bucket}/${'k'.repeat(1025)}`);
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'KeyTooLongError']);
  }
});

test('parts of an object', async () => {
  await put('ten', '0123456789');
  const get = async (range: string, headers = {}) => {
    const answer = await s3.raw('GET', `/${Bucket}/ten`, { headers: { range, ...headers } });
    const head = await s3.raw('HEAD', `/${Bucket}/ten`, { headers: { range, ...headers } });
    const { 'content-length': length, 'content-range': contentRange } = answer.headers;
    assert.deepEqual([head.status, head.body, head.headers['content-range']], [answer.status, '', contentRange]);
    if (answer.status !== 416) assert.deepEqual(head.headers['content-length'], length);
    return [answer.status, contentRange, answer.status === 416 ? codeOf(answer) : answer.body];
  };
  assert.deepEqual(await get('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
  assert.deepEqual(await get('bytes=7-'), [206, 'bytes 7-9/10', '789']);
  assert.deepEqual(await get('bytes=-2'), [206, 'bytes 8-9/10', '89']);
  assert.deepEqual(await get('bytes=0-99'), [206, 'bytes 0-9/10', '0123456789']);
  assert.deepEqual(await get('bytes=1-2,4-5'), [200, undefined, '0123456789'], 'several ranges are the whole');
  assert.deepEqual(await get('pages=1'), [200, undefined, '0123456789']);
  assert.deepEqual(await get('bytes=10-'), [416, 'bytes */10', 'InvalidRange']);
  const { headers } = await s3.raw('HEAD', `/${Bucket}/ten`);
  assert.deepEqual(await get('bytes=2-4', { 'if-range': headers.etag }), [206, 'bytes 2-4/10', '234']);
  assert.deepEqual(await get('bytes=2-4', { 'if-range': headers['last-modified'] }), [206, 'bytes 2-4/10', '234']);
  assert.deepEqual(await get('bytes=2-4', { 'if-range': '"another"' }), [200, undefined, '0123456789']);
});

test('part 1 of an object that has no parts is the whole of it', async () => {
  await put('single', 'abc');
  const got = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'single', PartNumber: 1 }));
  assert.deepEqual(
    [got.ContentRange, got.PartsCount, await got.Body?.transformToString()],
    ['bytes 0-2/3', undefined, 'abc'],
  );
  const get = async (query: string, headers = {}) =>
    codeOf(await s3.raw('GET', `/${Bucket}/single?${query}`, { headers }));
  assert.equal(await get('partNumber=2'), 'InvalidPartNumber');
  assert.equal(await get('partNumber=0'), 'InvalidArgument');
  assert.equal(await get('partNumber=10001'), 'InvalidArgument');
  assert.equal(await get('partNumber=1', { range: 'bytes=0-1' }), 'InvalidRequest');
});

test('links can say what the browser is told', async () => {
  await put('report', 'x');
  const query =
    'response-content-type=text%2Fplain&response-content-disposition=attachment%3B%20filename%3D%22a.txt%22&response-cache-control=no-cache&response-content-language=fr&response-expires=0&response-content-encoding=identity';
  const { headers } = await s3.raw('GET', `/${Bucket}/report?${query}`);
  assert.equal(headers['content-type'], 'text/plain');
  assert.equal(headers['content-disposition'], 'attachment; filename="a.txt"');
  assert.equal(headers['cache-control'], 'no-cache');
  assert.equal(headers['content-language'], 'fr');
  assert.equal(headers['expires'], '0');
  assert.equal(headers['content-encoding'], 'identity');
  const split = await s3.raw('GET', `/${Bucket}/report?response-content-type=a%0d%0aset-cookie:%20b`);
  assert.deepEqual([split.status, codeOf(split), split.headers['set-cookie']], [400, 'InvalidArgument', undefined]);
});

test('a link of the SDK uploads what it did not know, with the metadata that it names', async () => {
  const command = new PutObjectCommand({ Bucket, Key: 'linked', Metadata: { a: '1' } });
  const url = new URL(await getSignedUrl(s3.client, command, { expiresIn: 60 }));
  assert.equal(url.searchParams.get('x-amz-checksum-crc32'), 'AAAAAA==', 'of nothing, which S3 passes over');
  assert.equal((await s3.raw('PUT', url.pathname + url.search, { body: 'hello' })).status, 200);
  const got = await s3.raw('GET', `/${Bucket}/linked`);
  assert.deepEqual([got.body, got.headers['x-amz-meta-a']], ['hello', '1']);
});

test('objects that are not there', async () => {
  assert.deepEqual(await refusal(s3.client.send(new GetObjectCommand({ Bucket, Key: 'no' }))), ['NoSuchKey', 404]);
  assert.deepEqual(await refusal(s3.client.send(new HeadObjectCommand({ Bucket, Key: 'no' }))), ['NotFound', 404]);
  assert.deepEqual(await refusal(s3.client.send(new GetObjectTaggingCommand({ Bucket, Key: 'no' }))), [
    'NoSuchKey',
    404,
  ]);
  assert.deepEqual(await refusal(s3.client.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'a' }))), [
    'NoSuchBucket',
    404,
  ]);
  await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'no' }));
});

test('an error is a document that names what it is about', async () => {
  const answer = await s3.raw('GET', `/${Bucket}/a%20%3Cb?x=1`);
  assert.equal(answer.headers['content-type'], 'application/xml');
  assert.equal(answer.headers['x-amz-request-id'], 'REQUEST1');
  assert.equal(
    answer.body,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a &lt;b</Key><Resource>/objects/a%20%3Cb</Resource><RequestId>REQUEST1</RequestId></Error>',
  );
  const head = await s3.raw('HEAD', `/${Bucket}/no`);
  assert.deepEqual([head.status, head.body, head.headers['x-amz-request-id']], [404, '', 'REQUEST1']);
});

test('there is one version of an object', async () => {
  await put('versioned', 'x');
  const get = async (id: string) => {
    const answer = await s3.raw('GET', `/${Bucket}/versioned?versionId=${id}`);
    return answer.status === 200 ? answer.body : codeOf(answer);
  };
  assert.equal(await get('null'), 'x');
  assert.equal(await get(''), 'InvalidArgument');
  assert.equal(await get('3HL4kqtJlcpXroDTDmJ'), 'NoSuchVersion');
  assert.equal((await s3.raw('DELETE', `/${Bucket}/versioned?versionId=x`)).status, 404);
  assert.equal((await s3.raw('DELETE', `/${Bucket}/versioned?versionId=null`)).status, 204);
});
