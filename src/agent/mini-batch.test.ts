import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../core/errors.ts';
import { ChunkPool } from './chunk-pool.ts';
import { type BatchStrategy, MiniBatcher } from './mini-batch.ts';
import { line } from './split/line.ts';
import { none } from './split/none.ts';

interface Packed {
  body: string;
  offset: number;
  record: number;
  records: number;
}

/** Packs `input`, cut into pieces of the given sizes in turn, through chunks of `chunkBytes`. */
function pack(
  input: Buffer,
  { split = line(), strategy = 'MultiRecord' as BatchStrategy, max = 10, chunkBytes = 16, pieces = [5] } = {},
): { batches: Packed[]; error?: MillraceError; held: number } {
  const pool = new ChunkPool(chunkBytes, Number.POSITIVE_INFINITY);
  const batcher = new MiniBatcher(pool, { split, strategy, maxPayloadBytes: max, object: 'o' });
  const batches: Packed[] = [];
  const keep = (batch: ReturnType<MiniBatcher['end']>): void => {
    if (batch === undefined) return;
    const body = Buffer.concat(batch.segments);
    assert.equal(body.length, batch.bytes);
    assert.equal(batch.segments.length, batch.chunks.length);
    batches.push({ body: body.toString('latin1'), offset: batch.offset, record: batch.record, records: batch.records });
    for (const chunk of batch.chunks) pool.release(chunk);
  };
  const signal = new AbortController().signal;
  let chunk = pool.acquire(signal);
  let used = 0;
  try {
    for (let at = 0, turn = 0; at < input.length; turn++) {
      if (chunk instanceof Promise) throw new Error('the pool has no bound here');
      if (used === chunkBytes) {
        pool.release(chunk);
        chunk = pool.acquire(signal);
        used = 0;
        continue;
      }
      const size = Math.min(pieces[turn % pieces.length] as number, chunkBytes - used, input.length - at);
      input.copy(chunk.buffer, used, at, at + size);
      for (const batch of batcher.push(chunk, used, used + size)) keep(batch);
      used += size;
      at += size;
    }
    keep(batcher.end());
  } catch (error) {
    assert(error instanceof MillraceError);
    batcher.discard();
    return { batches, error, held: pool.held - 1 };
  }
  return { batches, held: pool.held - 1 };
}

/** What the batches must be, written as plainly as possible. */
function reference(input: string, strategy: BatchStrategy, max: number): { batches: Packed[]; bad?: number } {
  const records = input.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const batches: Packed[] = [];
  let offset = 0;
  for (const [index, record] of records.entries()) {
    if (record.length > max) return { batches, bad: index };
    const last = batches.at(-1);
    if (strategy === 'MultiRecord' && last && last.body.length + record.length <= max) {
      last.body += record;
      last.records += 1;
    } else batches.push({ body: record, offset, record: index, records: 1 });
    offset += record.length;
  }
  return { batches };
}

test('any chunking of the input gives the same mini-batches, and no chunk is kept', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '\r', '\n', '\0'), { maxLength: 120 })
    .map((letters) => letters.join(''));
  fc.assert(
    fc.property(
      text,
      fc.constantFrom<BatchStrategy>('MultiRecord', 'SingleRecord'),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      (input, strategy, max, chunkBytes, pieces) => {
        const expected = reference(input, strategy, max);
        const actual = pack(Buffer.from(input, 'latin1'), { strategy, max, chunkBytes, pieces });
        assert.equal(actual.held, 0);
        if (expected.bad === undefined) assert.deepEqual(actual.batches, expected.batches);
        else {
          assert(actual.error?.is('RecordTooLarge'));
          assert.equal(actual.error.details.record, expected.bad);
          // What was packed before the bad record may lack the last mini-batch, which was not full yet.
          assert.deepEqual(actual.batches, expected.batches.slice(0, actual.batches.length));
          assert(actual.batches.length >= expected.batches.length - 1);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('a record of exactly the limit fits, one byte more does not', () => {
  assert.deepEqual(
    pack(Buffer.from('123456789\nx\n')).batches.map((batch) => batch.body),
    ['123456789\n', 'x\n'],
  );
  const { error } = pack(Buffer.from('ab\n1234567890\nx\n'));
  assert(error?.is('RecordTooLarge'));
  assert.deepEqual(error.details, { object: 'o', record: 1, offset: 3, limitBytes: 10 });
});

test('without a split the object is one record', () => {
  assert.deepEqual(pack(Buffer.from('a\nb\nc'), { split: none() }).batches, [
    { body: 'a\nb\nc', offset: 0, record: 0, records: 1 },
  ]);
  assert.deepEqual(pack(Buffer.from(''), { split: none() }).batches, []);
});
