import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CopyObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { codeOf, refusal, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

const Bucket = 'bucket';
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3();
  await s3.store.createBucket(Bucket);
  await s3.store.createBucket('second');
  const input = { Bucket, Key: 'source', Body: 'hello', ContentType: 'text/csv', Metadata: { a: '1' } };
  await s3.client.send(new PutObjectCommand({ ...input, ChecksumAlgorithm: 'SHA1', StorageClass: 'ONEZONE_IA' }));
});
after(async () => {
  await s3.close();
  assert.deepEqual(s3.errors, []);
});

function head(bucket: string, Key: string) {
  return s3.client.send(new HeadObjectCommand({ Bucket: bucket, Key, ChecksumMode: 'ENABLED' }));
}

test('a copy has the bytes, the metadata and the kind of checksum of its source', async () => {
  const source = await head(Bucket, 'source');
  const copied = await s3.client.send(
    new CopyObjectCommand({ Bucket: 'second', Key: 'copy', CopySource: `${Bucket}/source` }),
  );
  assert.equal(copied.CopyObjectResult?.ETag, source.ETag);
  assert.equal(copied.CopyObjectResult?.ChecksumSHA1, source.ChecksumSHA1);
  assert(copied.CopyObjectResult?.LastModified instanceof Date);
  const copy = await head('second', 'copy');
  assert.deepEqual([copy.ContentType, copy.Metadata, copy.StorageClass], ['text/csv', { a: '1' }, undefined]);
  assert.equal(copy.ChecksumSHA1, source.ChecksumSHA1);
  const got = await s3.client.send(new GetObjectCommand({ Bucket: 'second', Key: 'copy' }));
  assert.equal(await got.Body?.transformToString(), 'hello');
});

test('metadata and checksum can be others', async () => {
  const input = { Bucket, Key: 'other', CopySource: `${Bucket}/source`, Metadata: { b: '2' }, ContentType: 'a/b' };
  await s3.client.send(new CopyObjectCommand({ ...input, MetadataDirective: 'COPY' }));
  assert.deepEqual((await head(Bucket, 'other')).Metadata, { a: '1' });
  await s3.client.send(new CopyObjectCommand({ ...input, MetadataDirective: 'REPLACE', ChecksumAlgorithm: 'CRC32C' }));
  const other = await head(Bucket, 'other');
  assert.deepEqual([other.Metadata, other.ContentType, other.ChecksumCRC32C], [{ b: '2' }, 'a/b', 'mnG7TA==']);
});

test('an object is copied to itself only to change what is said about it', async () => {
  const self = { Bucket, Key: 'self', CopySource: `/${Bucket}/self` };
  await s3.client.send(new PutObjectCommand({ Bucket, Key: 'self', Body: 'hello' }));
  assert.deepEqual(await refusal(s3.client.send(new CopyObjectCommand(self))), ['InvalidRequest', 400]);
  await s3.client.send(new CopyObjectCommand({ ...self, MetadataDirective: 'REPLACE', Metadata: { c: '3' } }));
  assert.deepEqual((await head(Bucket, 'self')).Metadata, { c: '3' });
  await s3.client.send(new CopyObjectCommand({ ...self, StorageClass: 'GLACIER_IR' }));
  const changed = await head(Bucket, 'self');
  assert.deepEqual([changed.Metadata, changed.StorageClass, changed.ContentLength], [{ c: '3' }, 'GLACIER_IR', 5]);
});

test('sources as clients write them', async () => {
  const key = 'a b/+ü%20?versionId=1';
  await s3.raw('PUT', `/${Bucket}/${encodeURIComponent(key)}`, { body: 'odd' });
  const copy = async (source: string) => {
    const answer = await s3.raw('PUT', `/${Bucket}/odd`, { headers: { 'x-amz-copy-source': source } });
    return answer.status === 200 ? (await s3.raw('GET', `/${Bucket}/odd`)).body : codeOf(answer);
  };
  const encoded = encodeURIComponent(key);
  for (const source of [
    `${Bucket}/${encoded}`,
    `/${Bucket}/${encoded}`,
    `%2F${Bucket}%2F${encoded}`.slice(3),
    `${Bucket}/${encoded}?versionId=null`,
  ]) {
    assert.equal(await copy(source), 'odd', source);
  }
  await s3.raw('PUT', `/${Bucket}/${encodeURIComponent('ü +')}`, { body: 'plain' });
  assert.equal(await copy(Buffer.from(`${Bucket}/ü +`).toString('latin1')), 'plain', 'as it is, in UTF-8');
  assert.equal(await copy(`${Bucket}/${encoded}?versionId=7`), 'NoSuchVersion');
  assert.equal(await copy(`${Bucket}/none`), 'NoSuchKey');
  assert.equal(await copy('nowhere/none'), 'NoSuchBucket');
  assert.equal(await copy('../etc/passwd'), 'InvalidBucketName');
  for (const source of ['', '/', Bucket, `${Bucket}/`, '%ff/a', `${Bucket}/%`])
    assert.equal(await copy(source), 'InvalidArgument', source);
});

test('conditions of the source and of the copy', async () => {
  const { ETag = '' } = await head(Bucket, 'source');
  const copy = async (headers: Record<string, string>) => {
    const source = { 'x-amz-copy-source': `${Bucket}/source` };
    const answer = await s3.raw('PUT', `/${Bucket}/conditional`, { headers: { ...source, ...headers } });
    return answer.status === 200 ? 200 : (/<Condition>(.*?)</.exec(answer.body)?.[1] ?? codeOf(answer));
  };
  const past = 'Mon, 01 Jan 2001 00:00:00 GMT';
  assert.equal(await copy({ 'x-amz-copy-source-if-match': '"0"' }), 'x-amz-copy-source-If-Match');
  assert.equal(await copy({ 'x-amz-copy-source-if-none-match': ETag }), 'x-amz-copy-source-If-None-Match');
  assert.equal(await copy({ 'x-amz-copy-source-if-unmodified-since': past }), 'x-amz-copy-source-If-Unmodified-Since');
  assert.equal(
    await copy({ 'x-amz-copy-source-if-modified-since': new Date(Date.now() + 1e6).toUTCString() }),
    'x-amz-copy-source-If-Modified-Since',
  );
  assert.equal(await copy({ 'x-amz-copy-source-if-match': ETag, 'x-amz-copy-source-if-unmodified-since': past }), 200);
  assert.equal(await copy({ 'if-none-match': '*' }), 'If-None-Match');
  assert.equal(await copy({ 'if-match': '"0"' }), 'If-Match');
  assert.equal(await copy({ 'if-match': ETag }), 200);
  assert.equal(await copy({ 'x-amz-metadata-directive': 'MIX' }), 'InvalidArgument');
});
