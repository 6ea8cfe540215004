import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { codeOf, type RawRequest, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';

let s3: S3UnderTest;
before(async () => {
  s3 = await startS3();
  await s3.store.createBucket('bucket');
  await s3.raw('PUT', '/bucket/a', { body: 'x' });
});
after(async () => {
  await s3.close();
  assert.deepEqual(s3.errors, []);
});

async function outcome(method: string, path: string, request?: RawRequest): Promise<string> {
  const answer = await s3.raw(method, path, request);
  return `${answer.status} ${codeOf(answer) ?? ''}`.trim();
}

test('settings of buckets are what S3 says when nothing has been set', async () => {
  const absent = {
    policy: 'NoSuchBucketPolicy',
    policyStatus: 'NoSuchBucketPolicy',
    lifecycle: 'NoSuchLifecycleConfiguration',
    cors: 'NoSuchCORSConfiguration',
    encryption: 'ServerSideEncryptionConfigurationNotFoundError',
    tagging: 'NoSuchTagSet',
    website: 'NoSuchWebsiteConfiguration',
    replication: 'ReplicationConfigurationNotFoundError',
    'object-lock': 'ObjectLockConfigurationNotFoundError',
    publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
  };
  for (const [parameter, code] of Object.entries(absent)) {
    assert.equal(await outcome('GET', `/bucket?${parameter}`), `404 ${code}`);
    assert.equal(await outcome('PUT', `/bucket?${parameter}`, { body: '<a/>' }), '501 NotImplemented');
    assert.equal(await outcome('DELETE', `/bucket?${parameter}`), '501 NotImplemented');
    assert.equal(await outcome('GET', `/nowhere?${parameter}`), '404 NoSuchBucket');
  }
  const documents = {
    acl: '<Permission>FULL_CONTROL</Permission>',
    versioning: '<VersioningConfiguration',
    logging: '<BucketLoggingStatus',
    notification: '<NotificationConfiguration',
    accelerate: '<AccelerateConfiguration',
    requestPayment: '<Payer>BucketOwner</Payer>',
    ownershipControls: '<ObjectOwnership>BucketOwnerEnforced</ObjectOwnership>',
  };
  for (const [parameter, part] of Object.entries(documents)) {
    const { status, body } = await s3.raw('GET', `/bucket?${parameter}`);
    assert(status === 200 && body.includes(part), parameter);
  }
  assert.equal(await outcome('PUT', '/bucket?acl'), '400 AccessControlListNotSupported');
  assert((await s3.raw('PUT', '/bucket?versioning', { body: '<a/>' })).body.includes('PutBucketVersioning'));
  assert.equal((await s3.raw('HEAD', '/bucket')).status, 200, 'and the bucket is still there');
});

test('of objects, too', async () => {
  assert((await s3.raw('GET', '/bucket/a?acl')).body.includes('FULL_CONTROL'));
  assert((await s3.raw('GET', '/bucket/a?tagging')).body.includes('<TagSet></TagSet>'));
  assert.equal(await outcome('DELETE', '/bucket/a?tagging'), '204');
  const cases = {
    'PUT tagging': '501 NotImplemented',
    'PUT acl': '400 AccessControlListNotSupported',
    'GET legal-hold': '400 InvalidRequest',
    'GET retention': '400 InvalidRequest',
    'PUT legal-hold': '501 NotImplemented',
    'PUT retention': '501 NotImplemented',
    'GET torrent': '501 NotImplemented',
    'POST restore': '501 NotImplemented',
    'POST select': '501 NotImplemented',
    'PUT renameObject': '501 NotImplemented',
  };
  for (const [what, expected] of Object.entries(cases)) {
    const [method = '', parameter = ''] = what.split(' ');
    assert.equal(await outcome(method, `/bucket/a?${parameter}`, { body: 'y' }), expected, what);
  }
  assert.equal((await s3.raw('GET', '/bucket/a')).body, 'x', 'what is not the object has not become the object');
});

test('methods that mean nothing', async () => {
  assert.equal(await outcome('PATCH', '/bucket/a'), '405 MethodNotAllowed');
  assert.equal(await outcome('POST', '/bucket/a'), '405 MethodNotAllowed');
  assert.equal(await outcome('PATCH', '/bucket'), '405 MethodNotAllowed');
  assert.equal(await outcome('DELETE', '/'), '405 MethodNotAllowed');
  assert.equal(await outcome('OPTIONS', '/bucket/a'), '403 AccessForbidden');
  assert.equal(await outcome('POST', '/bucket'), '501 NotImplemented');
  const { headers, body } = await s3.raw('PATCH', '/bucket/a');
  assert.equal(headers.allow, 'PUT, GET, POST, DELETE, HEAD');
  assert(body.includes('<Method>PATCH</Method><ResourceType>OBJECT</ResourceType>'));
});

test('headers that ask for what this store does not do', async () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['x-amz-server-side-encryption', 'AES256', '501 NotImplemented'],
    ['x-amz-server-side-encryption', 'aws:kms', '501 NotImplemented'],
    ['x-amz-server-side-encryption-customer-algorithm', 'AES256', '501 NotImplemented'],
    ['x-amz-copy-source-server-side-encryption-customer-algorithm', 'AES256', '501 NotImplemented'],
    ['x-amz-tagging', 'a=b', '501 NotImplemented'],
    ['x-amz-write-offset-bytes', '1', '501 NotImplemented'],
    ['x-amz-object-lock-mode', 'GOVERNANCE', '400 InvalidRequest'],
    ['x-amz-acl', 'public-read', '400 AccessControlListNotSupported'],
    ['x-amz-grant-read', 'id=1', '400 AccessControlListNotSupported'],
    ['x-amz-storage-class', 'GLACIER', '400 InvalidStorageClass'],
    ['x-amz-expected-bucket-owner', '999999999999', '403 AccessDenied'],
    ['x-amz-meta-a', 'x'.repeat(2048), '400 MetadataTooLarge'],
  ];
  for (const [name, value, expected] of cases) {
    const request = { headers: { [name]: value }, body: 'y' };
    assert.equal(await outcome('PUT', '/bucket/refused', request), expected, name);
    assert.equal(await outcome('POST', '/bucket/refused?uploads', { headers: { [name]: value } }), expected, name);
  }
  assert(
    (await s3.raw('PUT', '/bucket/b', { headers: { 'x-amz-server-side-encryption': 'AES256' } })).body.includes(
      'does not encrypt',
    ),
  );
  for (const headers of [
    { 'x-amz-acl': 'private' },
    { 'x-amz-acl': 'bucket-owner-full-control' },
    { 'x-amz-tagging': '' },
    { 'x-amz-expected-bucket-owner': '123456789012' },
  ]) {
    assert.equal(await outcome('PUT', '/bucket/fine', { headers, body: '' }), '200');
  }
  assert.equal((await s3.raw('HEAD', '/bucket/refused')).status, 404);
});

test('what is asked of the attributes of an object', async () => {
  const get = (attributes: string) =>
    outcome('GET', '/bucket/a?attributes', { headers: { 'x-amz-object-attributes': attributes } });
  assert.equal(await get('ETag,ObjectSize'), '200');
  assert.equal(await get('Size'), '400 InvalidArgument');
  assert.equal(await get(''), '400 InvalidRequest');
  assert.equal(
    await outcome('GET', '/bucket/none?attributes', { headers: { 'x-amz-object-attributes': 'ETag' } }),
    '404 NoSuchKey',
  );
});

test('bodies have a length, and not any', async () => {
  const chunked = { headers: { 'transfer-encoding': 'chunked' }, body: 'x' };
  assert.equal(await outcome('PUT', '/bucket/long', chunked), '411 MissingContentLength');
  const huge = { 'content-length': '5368709121', expect: '100-continue' };
  assert.equal(await outcome('PUT', '/bucket/long', { headers: huge }), '400 EntityTooLarge');
  assert.equal((await s3.raw('HEAD', '/bucket/long')).status, 404);
});
