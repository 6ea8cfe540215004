import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { line as newLine } from './line.ts';

const line = newLine();

test('boundaries agree with a search byte by byte, in any range at any alignment', () => {
  fc.assert(
    fc.property(
      // Dense, sparse and empty inputs: the count changes its method with the distance of the newlines.
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom('\n', 'x\n') }, fc.string({ maxLength: 300 })), {
        maxLength: 400,
      }),
      fc.nat(),
      fc.nat(),
      (parts, a, b) => {
        const bytes = Buffer.from(parts.join(''));
        const [from, to] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y) as [number, number];
        const boundaries = [];
        for (let i = from; i < to; i++) if (bytes[i] === 10) boundaries.push(i + 1);
        assert.equal(line.countBoundaries(bytes, from, to), boundaries.length);
        assert.equal(line.firstBoundary(bytes, from, to), boundaries.at(0) ?? -1);
        if (to > 0) assert.equal(line.lastBoundary(bytes, from, to), boundaries.at(-1) ?? -1);
      },
    ),
    { numRuns: 1000 },
  );
});

test('blocks of newlines are counted without a lane overflowing, whatever their length', () => {
  for (const length of [15, 16, 511, 512, 4079, 4080, 4081, 65_535, 65_536, 65_537, 300_000]) {
    assert.equal(line.countBoundaries(Buffer.alloc(length + 2, '\n'), 1, length + 1), length);
  }
});
