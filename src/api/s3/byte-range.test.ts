import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRange } from './byte-range.ts';
import { S3Fault } from './s3-fault.ts';

test('one range is a part, anything else the whole', () => {
  assert.deepEqual(parseRange('bytes=2-4', 10), { start: 2, end: 5 });
  assert.deepEqual(parseRange('bytes=2-400', 10), { start: 2, end: 10 });
  assert.deepEqual(parseRange('bytes=9-', 10), { start: 9, end: 10 });
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 10 });
  assert.deepEqual(parseRange('bytes=-30', 10), { start: 0, end: 10 });
  assert.deepEqual(parseRange(' Bytes = 0-0 ', 10), { start: 0, end: 1 });
  for (const text of [undefined, '', 'bytes=-', 'bytes=4-2', 'bytes=1-2,4-5', 'lines=1-2', 'bytes=a-b', 'bytes 1-2']) {
    assert.equal(parseRange(text, 10), undefined, text);
  }
});

test('a range of nothing cannot be satisfied', () => {
  for (const [text, size] of [
    ['bytes=10-', 10],
    ['bytes=99-100', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
  ] as const) {
    assert.throws(
      () => parseRange(text, size),
      (error) =>
        error instanceof S3Fault &&
        error.code === 'InvalidRange' &&
        error.status === 416 &&
        error.headers['content-range'] === `bytes */${size}`,
      text,
    );
  }
});

test('a range is never empty and never outside', () => {
  const number = fc.option(fc.nat(40), { nil: '' as const });
  fc.assert(
    fc.property(number, number, fc.nat(30), (first, last, size) => {
      let range: ReturnType<typeof parseRange>;
      try {
        range = parseRange(`bytes=${first}-${last}`, size);
      } catch (error) {
        assert(error instanceof S3Fault);
        return;
      }
      if (range !== undefined) assert(0 <= range.start && range.start < range.end && range.end <= size);
    }),
  );
});
