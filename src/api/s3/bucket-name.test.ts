import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBucketName, checkNewBucketName } from './bucket-name.ts';
import { S3Fault } from './s3-fault.ts';

function isRefused(check: (name: string) => void, name: string): boolean {
  try {
    check(name);
    return false;
  } catch (error) {
    assert(error instanceof S3Fault && error.code === 'InvalidBucketName' && error.status === 400);
    return true;
  }
}

test('new buckets have names by the rules of S3', () => {
  for (const name of ['abc', '1.2.3', 'a-b', 'my.bucket.1', 'x'.repeat(63), '192.168.5.4a', 'a.-b', 'console1']) {
    assert(!isRefused(checkNewBucketName, name), name);
  }
  const wrong = [
    'ab',
    'x'.repeat(64),
    'Abc',
    'a_b',
    '-ab',
    'ab-',
    '.ab',
    'ab.',
    'a..b',
    '192.168.5.4',
    'xn--abc',
    'a b',
  ];
  const taken = ['sthree-x', 'amzn-s3-demo-x', 'x-s3alias', 'x--ol-s3', 'x.mrap', 'x--x-s3', 'x--table-s3'];
  const ours = ['healthz', 'readyz', 'metrics', 'console'];
  for (const name of [...wrong, ...taken, ...ours]) assert(isRefused(checkNewBucketName, name), name);
});

test('what is no name of a folder is no bucket', () => {
  for (const name of ['abc', 'My_Old.Bucket-1', 'healthz']) assert(!isRefused(checkBucketName, name), name);
  for (const name of ['..', '.', '.hidden', 'a/b', 'a\\b', 'a\0b', 'ab', 'x'.repeat(256), 'é12', '-rf']) {
    assert(isRefused(checkBucketName, name), name);
  }
});
