import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketOfHost, parseAddress } from './address.ts';
import { S3Fault } from './s3-fault.ts';

const DOMAINS = ['localhost', 'example.com', 's3.example.com'];

function addressOf(host: string, url: string) {
  const { bucketName, key } = parseAddress(host, url, DOMAINS);
  return [bucketName, key];
}

/** `unit: 'binary'` says the same, but takes two seconds to begin. */
const character = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

test('the path names bucket and key', () => {
  assert.deepEqual(addressOf('127.0.0.1:9000', '/'), [undefined, undefined]);
  assert.deepEqual(addressOf('127.0.0.1:9000', '/bucket'), ['bucket', undefined]);
  assert.deepEqual(addressOf('127.0.0.1:9000', '/bucket/'), ['bucket', undefined]);
  assert.deepEqual(addressOf('127.0.0.1:9000', '/bucket/a/b'), ['bucket', 'a/b']);
  assert.deepEqual(addressOf('127.0.0.1:9000', '/bucket//a/'), ['bucket', '/a/']);
  assert.deepEqual(addressOf('127.0.0.1:9000', '/bucket/../x/./y'), ['bucket', '../x/./y']);
  assert.deepEqual(addressOf('[::1]:9000', '/bucket/k'), ['bucket', 'k']);
  assert.deepEqual(addressOf('somewhere.else', '/bucket/k'), ['bucket', 'k']);
  assert.deepEqual(addressOf('127.0.0.1', 'http://127.0.0.1/bucket/k?x'), ['bucket', 'k']);
});

test('the host names the bucket', () => {
  assert.deepEqual(addressOf('bucket.localhost:9000', '/a/b'), ['bucket', 'a/b']);
  assert.deepEqual(addressOf('my.bucket.LOCALHOST', '/'), ['my.bucket', undefined]);
  assert.deepEqual(addressOf('bucket.localhost.', '//a'), ['bucket', '/a']);
  assert.deepEqual(addressOf('localhost:9000', '/bucket/a'), ['bucket', 'a']);
  assert.equal(bucketOfHost('bucket.s3.example.com', DOMAINS), 'bucket');
  assert.equal(bucketOfHost('s3.example.com', DOMAINS), undefined, 'a domain itself is no bucket of a shorter one');
  assert.equal(bucketOfHost('notlocalhost', DOMAINS), undefined);
  assert.equal(bucketOfHost(undefined, DOMAINS), undefined);
});

test('a key is decoded once, and a plus is a plus', () => {
  assert.deepEqual(addressOf('h', '/b/a+b%20c%2Bd'), ['b', 'a+b c+d']);
  assert.deepEqual(addressOf('h', '/b/%2541'), ['b', '%41']);
  assert.deepEqual(addressOf('h', '/b/a%2Fb%3Fc'), ['b', 'a/b?c']);
  assert.deepEqual(addressOf('h', '/b/%F0%9F%98%80'), ['b', '😀']);
});

test('every key comes back', () => {
  const keys = fc.string({ unit: character, minLength: 1 });
  fc.assert(
    fc.property(keys, (key) => {
      assert.deepEqual(addressOf('h', `/b/${encodeURIComponent(key)}`), ['b', key]);
      assert.deepEqual(addressOf('b.localhost', `/${encodeURIComponent(key)}?list-type=2`), ['b', key]);
    }),
  );
});

test('what is no UTF-8 is refused', () => {
  for (const url of [
    '/b/%',
    '/b/%4',
    '/b/%zz',
    '/b/%ff',
    '/b/%c0%af',
    '/b/%ed%a0%80',
    '/b/\u00e9',
    '/%ff/k',
    '//k',
    '/b?a=%',
  ]) {
    assert.throws(
      () => addressOf('h', url),
      (error) => error instanceof S3Fault && error.code === 'InvalidURI',
      url,
    );
  }
});

test('in a query a plus is a space, and the first value counts', () => {
  const { query } = parseAddress('h', '/b?prefix=a+b%2Bc&uploads&x=1&x=2&empty=&=&&q=a=b?c', DOMAINS);
  const expected = [
    ['prefix', 'a b+c'],
    ['uploads', ''],
    ['x', '1'],
    ['empty', ''],
    ['', ''],
    ['q', 'a=b?c'],
  ];
  assert.deepEqual([...query], expected);
});
