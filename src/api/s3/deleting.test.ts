import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { codeOf, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

const Bucket = 'bucket';
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3();
  await s3.store.createBucket(Bucket);
});
after(async () => {
  await s3.close();
  assert.deepEqual(s3.errors, []);
});

async function put(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await s3.raw('PUT', `/${Bucket}/${encodeURIComponent(key)}`, { body: 'x' });
}

async function keys(): Promise<readonly unknown[]> {
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key }) => Key);
}

test('many objects at once, those that are not there as well', async () => {
  const odd = [' a ', 'a&<>"\'b', 'a\nb', 'a\rb', 'a//b', '..', '日本', '&amp;', ']]>'];
  await put(...odd, 'stays');
  const Objects = [...odd, 'none'].map((Key) => ({ Key }));
  const { Deleted, Errors } = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual(Deleted, Objects);
  assert.equal(Errors, undefined);
  assert.deepEqual(await keys(), ['stays']);
  await put('a\u0001', 'a');
  await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a\u0001' }], Quiet: true } }));
  assert.deepEqual(await keys(), ['a', 'stays'], 'a key with a control character is not the one without');
});

test('each key has its own result', async () => {
  await put('one', 'two', 'three');
  const ETag = `"${createHash('md5').update('x').digest('hex')}"`;
  const Objects = [
    { Key: 'one', VersionId: 'null' },
    { Key: 'two', VersionId: '7' },
    { Key: 'three', ETag: '"0"' },
    { Key: 'none', ETag },
    { Key: 'k'.repeat(1025) },
    { Key: 'two', ETag },
    { Key: 'three', Size: 1 },
  ];
  const { Deleted, Errors } = await s3.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual(Deleted, [{ Key: 'one', VersionId: 'null' }, { Key: 'two' }]);
  assert.deepEqual(
    Errors?.map(({ Code }) => Code),
    ['NoSuchVersion', 'PreconditionFailed', 'NoSuchKey', 'KeyTooLongError', 'NotImplemented'],
  );
  const quiet = await s3.client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: Objects.slice(0, 2), Quiet: true } }),
  );
  assert.deepEqual([quiet.Deleted, quiet.Errors?.length], [undefined, 1]);
});

test('a thousand keys and no more', async () => {
  const documentOf = (count: number) =>
    `<Delete>${Array.from({ length: count }, (_, at) => `<Object><Key>${at}</Key></Object>`).join('')}</Delete>`;
  const post = (body: string, headers = {}) => s3.raw('POST', `/${Bucket}?delete`, { body, headers });
  assert.equal((await post(documentOf(1000))).status, 200);
  assert.equal(codeOf(await post(documentOf(1001))), 'MalformedXML');
  assert.equal(codeOf(await post('<Delete></Delete>')), 'MalformedXML');
  assert.equal(codeOf(await post('<Delete><Object><VersionId>1</VersionId></Object></Delete>')), 'MalformedXML');
  assert.equal(codeOf(await post('')), 'MissingRequestBodyError');
  assert((await post('<Delete><Object><Key></Key></Object></Delete>')).body.includes('UserKeyMustBeSpecified'));
});

test('a document that was changed on its way deletes nothing', async () => {
  await put('precious');
  const body = '<Delete><Object><Key>precious</Key></Object></Delete>';
  const post = async (headers: Record<string, string>) =>
    codeOf(await s3.raw('POST', `/${Bucket}?delete`, { body, headers }));
  assert.equal(await post({ 'content-md5': createHash('md5').update('other').digest('base64') }), 'BadDigest');
  assert.equal(await post({ 'x-amz-checksum-crc32': 'AAAAAA==' }), 'BadDigest');
  assert.equal(await post({ 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }), 'BadDigest');
  assert((await keys()).includes('precious'));
  assert.equal(await post({ 'content-md5': createHash('md5').update(body).digest('base64') }), undefined);
  assert(!(await keys()).includes('precious'));
});
