import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { continuationToken, nameEncoding, readContinuationToken, wholeNumber } from './list-parameters.ts';
import type { S3Call } from './s3-call.ts';
import { S3Fault } from './s3-fault.ts';

function isInvalidArgument(error: unknown): boolean {
  return error instanceof S3Fault && error.code === 'InvalidArgument';
}

/** `unit: 'binary'` says the same, but takes two seconds to begin. */
const character = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

test('a token gives back where a page ended', () => {
  fc.assert(
    fc.property(fc.string({ unit: character, minLength: 1 }), (after) => {
      assert.equal(readContinuationToken(continuationToken(after)), after);
    }),
  );
  for (const token of ['', '1', 'a/key', '2YQ', '1_w', '1YR', '1YQ==', '1Y Q']) {
    assert.throws(() => readContinuationToken(token), isInvalidArgument, token);
  }
});

test('names with encoding-type=url are safe, and decoders that take a plus for a space agree', () => {
  const encode = nameEncoding({ query: new Map([['encoding-type', 'url']]) } as unknown as S3Call);
  fc.assert(
    fc.property(fc.string({ unit: character }), (name) => {
      const encoded = encode(name);
      assert.match(encoded, /^[\w.~!*'()/%-]*$/);
      assert.equal(decodeURIComponent(encoded), name);
      assert.equal(decodeURIComponent(encoded.replaceAll('+', ' ')), name);
    }),
  );
  assert.equal(encode('a/b c'), 'a/b%20c');
  assert.throws(
    () => nameEncoding({ query: new Map([['encoding-type', 'html']]) } as unknown as S3Call),
    isInvalidArgument,
  );
});

test('whole numbers are whole numbers', () => {
  assert.equal(wholeNumber('2147483647', 'x'), 2147483647);
  assert.equal(wholeNumber('0', 'x'), 0);
  assert.equal(wholeNumber('', 'x'), undefined);
  assert.equal(wholeNumber(undefined, 'x'), undefined);
  for (const text of ['-1', '1.5', '1e3', ' 1', '2147483648', 'x', '99999999999999999999']) {
    assert.throws(() => wholeNumber(text, 'x'), isInvalidArgument, text);
  }
  assert.throws(() => wholeNumber('0', 'x', 1), isInvalidArgument);
});
