import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pieces } from './pieces.ts';

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });

test('ranges are those of the whole text, in whatever order they are asked for', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), cuts, fc.array(fc.tuple(fc.nat(), fc.nat())), (array, at, ranges) => {
      const bytes = Buffer.from(array);
      const text = new Pieces(cut(bytes, at));
      assert.equal(text.length, bytes.length);
      for (const [a, b] of ranges) {
        const [from, to] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y) as [number, number];
        const expected = bytes.subarray(from, to);
        assert.deepEqual(text.slice(from, to), Buffer.from(expected));
        const parts: Buffer[] = [];
        text.forEach(from, to, (piece, start, end) => parts.push(piece.subarray(start, end)));
        assert.deepEqual(Buffer.concat(parts), Buffer.from(expected));
        if (from === to) continue;
        assert(text.equals(from, Buffer.from(expected)));
        assert(!text.equals(from, Buffer.concat([expected.subarray(0, -1), Buffer.of((expected.at(-1) ?? 0) ^ 1)])));
      }
    }),
  );
});

test('a text is UTF-8 however it is cut', () => {
  const bytes = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text.toWellFormed())),
    fc.array(fc.constantFrom(0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff)).map(Buffer.from),
  );
  fc.assert(
    fc.property(bytes, cuts, (text, at) => {
      assert.equal(new Pieces(cut(text, at)).isUtf8(), isUtf8(text));
    }),
    { numRuns: 2000 },
  );
});
