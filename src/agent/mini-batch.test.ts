import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../core/errors.ts';
import { ChunkPool } from './chunk-pool.ts';
import { type BatchStrategy, halves, type MiniBatch, MiniBatcher } from './mini-batch.ts';
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
  {
    split = line(),
    strategy = 'MultiRecord' as BatchStrategy,
    max = 10,
    maxRecords = Number.POSITIVE_INFINITY,
    header = undefined as 'drop' | 'repeat' | undefined,
    chunkBytes = 16,
    pieces = [5],
  } = {},
): { batches: Packed[]; header?: string | undefined; error?: MillraceError; held: number } {
  const pool = new ChunkPool(chunkBytes, Number.POSITIVE_INFINITY);
  const batcher = new MiniBatcher(pool, {
    splitter: split.splitter({ name: 'o', sizeBytes: undefined, maxRecordBytes: max }),
    maxRecords: strategy === 'SingleRecord' ? 1 : maxRecords,
    maxBytes: max,
    limitBytes: max,
    header,
    object: 'o',
  });
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
  return { batches, header: batcher.header?.toString('latin1'), held: pool.held - 1 };
}

/** What the batches must be, written as plainly as possible. */
function reference(
  input: string,
  strategy: BatchStrategy,
  max: number,
  maxRecords: number,
): { batches: Packed[]; bad?: number } {
  const records = input.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const batches: Packed[] = [];
  let offset = 0;
  for (const [index, record] of records.entries()) {
    if (record.length > max) return { batches, bad: index };
    const last = batches.at(-1);
    const fits = last !== undefined && last.body.length + record.length <= max && last.records < maxRecords;
    if (strategy === 'MultiRecord' && fits) {
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
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Number.POSITIVE_INFINITY)),
      (input, strategy, max, chunkBytes, pieces, maxRecords) => {
        const expected = reference(input, strategy, max, maxRecords);
        const actual = pack(Buffer.from(input, 'latin1'), { strategy, max, maxRecords, chunkBytes, pieces });
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

test('a header is taken off, is no record, and leaves room for itself when it is repeated', () => {
  const input = Buffer.from('h1,h2\n1\n22\n333\n');
  const bodies = (header: 'drop' | 'repeat', max: number): string[] => {
    const packed = pack(input, { header, max, chunkBytes: 4, pieces: [3, 1] });
    assert.equal(packed.header, 'h1,h2\n');
    assert.equal(packed.held, 0);
    assert.deepEqual(packed.batches[0]?.record, 0);
    assert.equal(packed.batches[0]?.offset, 6);
    return packed.batches.map(({ body }) => body);
  };
  assert.deepEqual(bodies('drop', 10), ['1\n22\n333\n']);
  assert.deepEqual(bodies('repeat', 10), ['1\n', '22\n', '333\n']);
  assert.deepEqual(pack(Buffer.from('only'), { header: 'drop' }), { batches: [], header: 'only', held: 0 });
  assert.deepEqual(pack(Buffer.from(''), { header: 'drop' }), { batches: [], header: undefined, held: 0 });
  assert(pack(Buffer.from('a header that is too long\n1\n'), { header: 'drop' }).error?.is('RecordTooLarge'));
  assert(pack(Buffer.from('123456789\n1\n'), { header: 'repeat' }).error?.is('RecordTooLarge'));
});

test('the halves of a mini-batch are its records in order, with their places', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\n', 'a\n', 'bcd\n'), { minLength: 2, maxLength: 20 }),
      fc.boolean(),
      fc.array(fc.nat(60), { maxLength: 4 }),
      (lines, newline, cuts) => {
        const text = newline ? lines.join('') : lines.join('').slice(0, -1);
        fc.pre(text !== '' && (newline || lines.at(-1) !== '\n'));
        const ends = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((a, b) => a - b);
        const segments = [...ends, text.length].map((end, i) => Buffer.from(text.slice(ends[i - 1] ?? 0, end)));
        const batch = { offset: 100, bytes: text.length, record: 7, records: lines.length, segments, chunks: [] };
        const parts = cutAll(batch);
        assert.equal(parts.map(bodyOf).join(''), text);
        parts.forEach((part, i) => {
          assert.deepEqual([part.record, part.records, part.bytes], [7 + i, 1, bodyOf(part).length]);
          assert.equal(part.offset, 100 + lines.slice(0, i).join('').length);
        });
      },
    ),
  );
});

const bodyOf = ({ segments }: MiniBatch): string => Buffer.concat([...segments]).toString();

function cutAll(batch: MiniBatch): MiniBatch[] {
  if (batch.records === 1) return [batch];
  const splitter = line().splitter({ name: 'o', sizeBytes: undefined, maxRecordBytes: 100 });
  return halves(batch, splitter).flatMap(cutAll);
}
