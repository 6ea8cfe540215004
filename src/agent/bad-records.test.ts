import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../core/errors.ts';
import { brokenLimit, errorLine, type Isolation, isolate } from './bad-records.ts';
import type { MiniBatch } from './mini-batch.ts';

const failure = new MillraceError('ModelRefused', {
  object: 'o',
  record: 0,
  offset: 0,
  container: undefined,
  status: 400,
  body: 'no',
});

function batchOf(record: number, records: number): MiniBatch {
  return { record, records, offset: record * 10, bytes: records * 10, segments: [], chunks: [] };
}

/** Isolates the bad ones among `records` records whose mini-batch has failed. */
async function found(
  records: number,
  isBad: (batch: MiniBatch) => boolean,
): Promise<{ bad: number[]; good: number[]; requests: number; singles: number[] }> {
  let requests = 0;
  const singles: number[] = [];
  const isolation: Isolation<string> = {
    attempt: async (batch, last) => {
      assert.equal(last, batch.records === 1);
      requests += 1;
      if (last) singles.push(batch.record);
      return isBad(batch) ? failure : 'done';
    },
    halves: (batch) => {
      const half = Math.floor(batch.records / 2);
      return [batchOf(batch.record, half), batchOf(batch.record + half, batch.records - half)];
    },
  };
  const [bad, good]: [number[], number[]] = [[], []];
  let next = 0;
  for await (const part of isolate(batchOf(0, records), failure, isolation)) {
    assert.equal(part.batch.record, next, 'the parts come in order, without a gap');
    next += part.batch.records;
    if ('failure' in part) bad.push(part.batch.record);
    else for (let i = 0; i < part.batch.records; i++) good.push(part.batch.record + i);
  }
  assert.equal(next, records);
  return { bad, good, requests, singles };
}

test('exactly the bad records are found, each with 2·log2(n) further requests at the most', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3000 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      async (records, picks) => {
        const bad = new Set(picks.map((pick) => pick % records));
        const has = ({ record, records: count }: MiniBatch): boolean =>
          [...bad].some((one) => one >= record && one < record + count);
        const result = await found(records, has);
        assert.deepEqual(
          result.bad,
          [...bad].sort((a, b) => a - b),
        );
        assert.equal(result.good.length, records - bad.size);
        assert(result.requests <= bad.size * 2 * Math.ceil(Math.log2(records)), `${result.requests} requests`);
        for (const one of records > 1 ? result.bad : []) assert(result.singles.includes(one), 'it failed by itself');
      },
    ),
    { numRuns: 300 },
  );
});

test('a failure that comes of the size of a request costs no record', async () => {
  const { bad, good } = await found(100, ({ records }) => records > 8);
  assert.deepEqual(bad, []);
  assert.equal(good.length, 100);
});

test('what else goes wrong is thrown', async () => {
  const gone = new Error('the job was stopped');
  const isolation = {
    attempt: () => Promise.reject(gone),
    halves: () => [batchOf(0, 1), batchOf(1, 1)] as const,
  };
  await assert.rejects(async () => {
    for await (const _ of isolate(batchOf(0, 2), failure, isolation));
  }, gone);
});

test('limits: a number at once, a share when all records are known', () => {
  const policy = (limit: { count: number } | { percent: number } | undefined) => ({ placeholder: 'ERROR', limit });
  assert.equal(brokenLimit(policy({ count: 2 }), 2, 10, true), undefined);
  assert.equal(brokenLimit(policy({ count: 2 }), 3, 3, false), '2');
  assert.equal(brokenLimit(policy({ percent: 10 }), 1, 1, false), undefined);
  assert.equal(brokenLimit(policy({ percent: 10 }), 1, 10, true), undefined);
  assert.equal(brokenLimit(policy({ percent: 10 }), 2, 10, true), '10% of 10');
  assert.equal(brokenLimit(policy({ percent: 0 }), 0, 0, true), undefined);
  assert.equal(brokenLimit(policy({ percent: 0.1 }), 1, 999, true), '0.1% of 999');
  assert.equal(brokenLimit(policy(undefined), 10, 10, true), undefined);
});

test('a line for each bad record, counted from 1', () => {
  assert.deepEqual(JSON.parse(errorLine('b/o', { record: 41, offset: 900, bytes: 7, failure })), {
    object: 'b/o',
    record: 42,
    offset: 900,
    bytes: 7,
    code: 'ModelRefused',
    status: 400,
    body: 'no',
    message: failure.message,
  });
});
