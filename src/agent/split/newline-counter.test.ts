import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newlineCounter } from './newline-counter.ts';

const count = newlineCounter();

test('the count agrees with one byte by byte, in any range at any alignment, whatever was counted before', () => {
  fc.assert(
    fc.property(
      // Dense, sparse and empty inputs: the count changes its method with the length.
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom('\n', 'x\n') }, fc.string({ maxLength: 300 })), {
        maxLength: 400,
      }),
      fc.nat(),
      fc.nat(),
      (parts, a, b) => {
        const bytes = Buffer.from(parts.join(''));
        const from = a % (bytes.length + 1);
        const to = from + (b % (bytes.length - from + 1));
        let expected = 0;
        for (const byte of bytes.subarray(from, to)) expected += Number(byte === 10);
        assert.equal(count(bytes, from, to), expected);
      },
    ),
    { numRuns: 1000 },
  );
});

test('blocks of newlines are counted without a lane overflowing, whatever their length', () => {
  for (const length of [15, 16, 511, 512, 8159, 8160, 8161, 65_535, 65_536, 65_537, 300_000]) {
    assert.equal(count(Buffer.alloc(length + 2, '\n'), 1, length + 1), length);
  }
});
