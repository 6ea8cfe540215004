import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlockPool } from '../http/block-pool.ts';
import { BodyWriter } from './body-writer.ts';
import { Pieces } from './pieces.ts';

/** Counts what is taken and not given back. */
class CountingPool extends BlockPool {
  out = 0;

  override take(): Buffer {
    this.out += 1;
    return super.take();
  }

  override give(blocks: readonly Buffer[]): void {
    this.out -= blocks.length;
    for (const block of blocks) block.fill(0); // whoever still looks at it notices
    super.give(blocks);
  }
}

const source = Buffer.alloc(300_000, 'abcdefghijklmnopqrstuvwxyz');
const text = new Pieces([source.subarray(0, 100_000), source.subarray(100_000, 100_001), source.subarray(100_001)]);
const part = fc.oneof(
  fc.tuple(fc.nat(299_000), fc.nat(40)).map(([from, length]) => ({ from, to: from + length })),
  fc
    .tuple(fc.nat(100_000), fc.integer({ min: 60_000, max: 180_000 }))
    .map(([from, length]) => ({ from, to: from + length })),
  fc.string({ maxLength: 80 }).map((literal) => ({ literal: Buffer.from(literal) })),
  fc.integer({ min: 32, max: 126 }).map((byte) => ({ byte })),
);

test('what was written comes out, small and large, and every block is given back', () => {
  const pool = new CountingPool();
  const writer = new BodyWriter(pool);
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.boolean(), (parts, discarded) => {
      const expected: Buffer[] = [];
      for (const one of parts) {
        if ('literal' in one) {
          writer.literal(one.literal);
          expected.push(one.literal);
        } else if ('byte' in one) {
          writer.byte(one.byte);
          expected.push(Buffer.of(one.byte));
        } else {
          writer.range(text, one.from, one.to);
          expected.push(source.subarray(one.from, one.to));
        }
      }
      if (discarded) {
        writer.discard();
        assert.equal(pool.out, 0);
        return;
      }
      const body = writer.finish();
      const actual = Buffer.concat(body.segments);
      assert(actual.equals(Buffer.concat(expected)));
      assert.equal(body.bytes, actual.length);
      body.release();
      assert.equal(pool.out, 0);
    }),
    { numRuns: 300 },
  );
});

test('a large range is referred to, not copied', () => {
  const writer = new BodyWriter(new BlockPool());
  writer.byte(91);
  writer.range(text, 0, 100_000);
  const { segments, refers } = writer.finish();
  assert(refers);
  assert(segments.some((segment) => segment.buffer === source.buffer && segment.length === 100_000));
});
