import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
  paginateListBuckets,
} from '@aws-sdk/client-s3';
import { codeOf, refusal, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

let s3: S3UnderTest;
before(async () => {
  s3 = await startS3();
});
after(() => s3.close());

test('a bucket from beginning to end', async () => {
  const { client } = s3;
  const created = await client.send(
    new CreateBucketCommand({ Bucket: 'one', CreateBucketConfiguration: { LocationConstraint: 'eu-west-3' } }),
  );
  assert.equal(created.Location, '/one');
  assert.deepEqual(await refusal(client.send(new CreateBucketCommand({ Bucket: 'one' }))), [
    'BucketAlreadyOwnedByYou',
    409,
  ]);
  const head = await client.send(new HeadBucketCommand({ Bucket: 'one' }));
  assert.equal(head.BucketRegion, 'eu-central-1');
  const location = await client.send(new GetBucketLocationCommand({ Bucket: 'one' }));
  assert.equal(location.LocationConstraint, 'eu-central-1');
  const list = await client.send(new ListBucketsCommand());
  assert.deepEqual(
    list.Buckets?.map(({ Name, BucketRegion }) => [Name, BucketRegion]),
    [['one', 'eu-central-1']],
  );
  assert(list.Buckets?.[0]?.CreationDate instanceof Date);
  assert.equal(list.Owner?.ID, '123456789012');

  await client.send(new PutObjectCommand({ Bucket: 'one', Key: 'a', Body: 'x' }));
  assert.deepEqual(await refusal(client.send(new DeleteBucketCommand({ Bucket: 'one' }))), ['BucketNotEmpty', 409]);
  await (await s3.store.bucket('one'))?.remove('a');
  await client.send(new DeleteBucketCommand({ Bucket: 'one' }));
  assert.deepEqual(await refusal(client.send(new HeadBucketCommand({ Bucket: 'one' }))), ['NotFound', 404]);
  assert.deepEqual(await refusal(client.send(new DeleteBucketCommand({ Bucket: 'one' }))), ['NoSuchBucket', 404]);
});

test('buckets are listed page by page', async () => {
  const names = ['page-a', 'page-b', 'page-c', 'page-d', 'page-e'];
  for (const name of [...names, 'other']) await s3.store.createBucket(name);
  const pages: unknown[] = [];
  for await (const page of paginateListBuckets({ client: s3.client, pageSize: 2 }, { Prefix: 'page-' })) {
    pages.push(page.Buckets?.map(({ Name }) => Name));
  }
  assert.deepEqual(pages, [names.slice(0, 2), names.slice(2, 4), names.slice(4)]);
  assert.equal(codeOf(await s3.raw('GET', '/?max-buckets=0')), 'InvalidArgument');
  assert.equal(codeOf(await s3.raw('GET', '/?max-buckets=10001')), 'InvalidArgument');
  assert.equal(codeOf(await s3.raw('GET', '/?continuation-token=page-b')), 'InvalidArgument');
  assert((await s3.raw('GET', '/?bucket-region=us-east-1')).body.includes('<Buckets></Buckets>'));
  for (const name of [...names, 'other']) await s3.store.removeBucket(name);
});

test('names and wishes that cannot be granted', async () => {
  const create = async (path: string, headers = {}, body = '') => codeOf(await s3.raw('PUT', path, { headers, body }));
  for (const path of ['/ab', '/Upper', '/console', '/a..b', '/192.168.0.1', '/xn--abc', '/%ff']) {
    assert.match((await create(path)) ?? '', /^(InvalidBucketName|InvalidURI)$/, path);
  }
  assert.equal(await create('/locked', { 'x-amz-bucket-object-lock-enabled': 'true' }), 'NotImplemented');
  assert.equal(await create('/owned', { 'x-amz-object-ownership': 'ObjectWriter' }), 'NotImplemented');
  assert.equal(await create('/public', { 'x-amz-acl': 'public-read' }), 'AccessControlListNotSupported');
  const configuration = (inside: string) => `<CreateBucketConfiguration>${inside}</CreateBucketConfiguration>`;
  assert.equal(await create('/tagged', {}, configuration('<Tags><Tag/></Tags>')), 'NotImplemented');
  assert.equal(await create('/broken', {}, '<CreateBucketConfiguration>'), 'MalformedXML');
  assert.equal(await create('/long', {}, configuration(' '.repeat(2 * 1024 * 1024))), 'MaxMessageLengthExceeded');
  assert.deepEqual(await s3.store.buckets(), []);
});

test('a bucket is in the path or in the host', async () => {
  await s3.store.createBucket('my.bucket');
  for (const host of ['my.bucket.localhost', 'my.bucket.localhost:80', 'MY.bucket.s3.example.com']) {
    assert.equal((await s3.raw('PUT', '/a/b%20c', { headers: { host }, body: 'x' })).status, 200);
    assert.equal((await s3.raw('GET', '/a/b%20c', { headers: { host } })).body, 'x');
    assert((await s3.raw('GET', '/?list-type=2', { headers: { host } })).body.includes('<Key>a/b c</Key>'));
    assert.equal((await s3.raw('HEAD', '/', { headers: { host } })).status, 200);
    assert.equal((await s3.raw('GET', '/my.bucket/a/b%20c', { headers: { host: 'localhost' } })).body, 'x');
    assert.equal((await s3.raw('DELETE', '/a/b%20c', { headers: { host } })).status, 204);
  }
  await s3.store.removeBucket('my.bucket');
});

test('us-east-1 is no location', async () => {
  const east = await startS3({ region: 'us-east-1' });
  try {
    await east.store.createBucket('abc');
    assert.match(
      (await east.raw('GET', '/abc?location')).body,
      /<LocationConstraint xmlns="[^"]*"><\/LocationConstraint>/,
    );
  } finally {
    await east.close();
  }
});
