import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPresignedHeaders } from './presigned-headers.ts';
import { S3Fault } from './s3-fault.ts';
import { headersToCopy, headersToStore } from './stored-headers.ts';

test('an object keeps what is said about it, and nothing else', () => {
  const kept = {
    'cache-control': 'no-store',
    'content-disposition': 'attachment; filename="\u00c3\u00bc"',
    'content-language': 'de',
    'content-type': 'text/csv',
    expires: 'never',
    'x-amz-meta-a': '1',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-website-redirect-location': '/x',
  };
  const others = {
    host: 'h',
    authorization: 'a',
    'x-amz-date': 'd',
    'x-amz-acl': 'private',
    'content-length': '3',
    etag: 'x',
  };
  assert.deepEqual(headersToStore({ ...kept, ...others }), kept);
  assert.deepEqual(headersToStore({}), { 'content-type': 'binary/octet-stream' });
});

test('aws-chunked is not what the object is encoded with', () => {
  const encodingOf = (encoding: string) => headersToStore({ 'content-encoding': encoding })['content-encoding'];
  assert.equal(encodingOf('aws-chunked'), undefined);
  assert.equal(encodingOf('aws-chunked,gzip'), 'gzip');
  assert.equal(encodingOf('gzip, AWS-Chunked'), 'gzip');
  assert.equal(encodingOf('gzip,br'), 'gzip, br');
});

test('metadata are names and values of 2 KB', () => {
  const stored = headersToStore({ 'x-amz-meta-ab': 'x'.repeat(2046) });
  assert.equal(stored['x-amz-meta-ab']?.length, 2046);
  assert.throws(
    () => headersToStore({ 'x-amz-meta-ab': 'x'.repeat(2000), 'x-amz-meta-c': '\u00fc'.repeat(46) }),
    (error) => error instanceof S3Fault && error.code === 'MetadataTooLarge' && error.details['Size'] === 2049,
  );
});

test('classes that need a restore before reading are refused', () => {
  for (const name of ['GLACIER', 'DEEP_ARCHIVE', 'standard', 'x']) {
    assert.throws(
      () => headersToStore({ 'x-amz-storage-class': name }),
      (error) => error instanceof S3Fault && error.code === 'InvalidStorageClass',
      name,
    );
  }
});

test('a copy keeps its metadata, but not its class and redirect', () => {
  const source = {
    'content-type': 'a/b',
    'x-amz-meta-a': '1',
    'x-amz-storage-class': 'GLACIER_IR',
    'x-amz-website-redirect-location': '/x',
  };
  const request = { 'content-type': 'c/d', 'x-amz-meta-b': '2', 'x-amz-storage-class': 'STANDARD_IA' };
  assert.deepEqual(headersToCopy(source, request), {
    'content-type': 'a/b',
    'x-amz-meta-a': '1',
    'x-amz-storage-class': 'STANDARD_IA',
  });
});

test('headers in the query of a link count, but for those of its signature and of a body that was not known', () => {
  const query = new Map([
    ['X-Amz-Signature', 'abc'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-checksum-crc32', 'AAAAAA=='],
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
    ['x-amz-checksum-mode', 'ENABLED'],
    ['x-amz-meta-a', 'ü\r\nx: y\x01'],
    ['x-amz-meta-b', 'of the query'],
    ['prefix', 'p'],
  ]);
  const headers = { host: 'h', 'x-amz-meta-b': 'of the request' };
  assert.deepEqual(withPresignedHeaders(headers, query), {
    ...headers,
    'x-amz-checksum-mode': 'ENABLED',
    'x-amz-meta-a': '\u00c3\u00bc  x: y ',
  });
  assert.deepEqual(withPresignedHeaders(headers, new Map([['x-amz-meta-a', '1']])), headers, 'not signed, not meant');
});
