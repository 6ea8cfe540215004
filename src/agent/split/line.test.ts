import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { line } from './line.ts';

const split = line();
const object = { name: 'o', sizeBytes: undefined, maxRecordBytes: 100 };

test('boundaries agree with a search byte by byte, in any range at any alignment, for any number of records', () => {
  fc.assert(
    fc.property(
      // Dense, sparse and empty inputs: the count changes its method with the distance of the newlines.
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom('\n', 'x\n') }, fc.string({ maxLength: 300 })), {
        maxLength: 400,
      }),
      fc.nat(),
      fc.nat(),
      fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constant(Number.POSITIVE_INFINITY)),
      (parts, a, b, maxRecords) => {
        const bytes = Buffer.from(parts.join(''));
        const [from, to] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y) as [number, number];
        const boundaries: number[] = [];
        for (let i = from; i < to && boundaries.length < maxRecords; i++) if (bytes[i] === 10) boundaries.push(i + 1);
        const splitter = split.splitter(object);
        const taken = splitter.scan(bytes, from, to, maxRecords);
        assert.equal(splitter.records, boundaries.length);
        assert.equal(splitter.boundary, boundaries.at(-1) ?? -1);
        assert.equal(taken, boundaries.length === maxRecords ? boundaries.at(-1) : to);
      },
    ),
    { numRuns: 1000 },
  );
});
