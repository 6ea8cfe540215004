import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ShardOutcome, ShardRow } from '../../src/catalog/catalog.ts';
import { addJob, all, type Cases, shardRow, shardRows } from './catalog-under-test.ts';

const done = (number: number, records = 1, outputBytes = 1): ShardOutcome => ({
  number,
  records,
  outputBytes,
  failure: undefined,
});
const failed = (number: number, message: string): ShardOutcome => ({
  number,
  records: 0,
  outputBytes: 0,
  failure: { fault: 'client', message },
});

/** The work of jobs. */
export const shardCases: Cases = {
  'work of many pages comes whole and in order, what has an outcome left out': async ({ catalog }) => {
    const { shards } = catalog;
    const count = 3500;
    const rows = shardRows(count);
    const job = await addJob(catalog, 'many', rows);
    const other = await addJob(catalog, 'other', shardRows(2));
    assert.deepEqual(plain(await all(shards.pending(job.id))), rows);
    // Gaps around the ends of pages, and one page without anything.
    const ended = new Set([0, 998, 999, 1000, 1999, 2000, count - 1]);
    for (let number = 2100; number < 3200; number++) ended.add(number);
    await shards.record(
      job.id,
      [...ended].map((number) => (number % 3 === 0 ? failed(number, `no ${number}`) : done(number))),
    );
    assert.deepEqual(
      plain(await all(shards.pending(job.id))),
      rows.filter(({ number }) => !ended.has(number)),
    );
    assert.deepEqual(
      plain(await all(shards.completed(job.id))),
      rows.filter(({ number }) => ended.has(number) && number % 3 !== 0),
    );
    assert.deepEqual(plain(await all(shards.pending(other.id))), shardRows(2));
  },

  'exactly one page, or two, are no reason to go on': async ({ catalog }) => {
    for (const count of [1000, 2000]) {
      const job = await addJob(catalog, `of-${count}`, shardRows(count));
      assert.equal((await all(catalog.shards.pending(job.id))).length, count);
    }
  },

  'work may be recorded while it is listed, and the list may be left': async ({ catalog }) => {
    const { shards } = catalog;
    const job = await addJob(catalog, 'a', shardRows(2500));
    const seen: number[] = [];
    for await (const { number } of shards.pending(job.id)) {
      seen.push(number);
      await shards.record(job.id, [done(number), done(number + 1500)]);
    }
    assert.deepEqual(
      seen.filter((number) => number < 1000),
      Array.from({ length: 1000 }, (_, at) => at),
    );
    assert.equal(new Set(seen).size, seen.length);
    for await (const { number } of shards.completed(job.id)) {
      assert.equal(number, 0);
      break;
    }
    assert.equal((await shards.totals(job.id)).completed, 2500);
  },

  'a job without work has none': async ({ catalog }) => {
    const { id } = await addJob(catalog, 'empty', []);
    assert.deepEqual(await all(catalog.shards.pending(id)), []);
    const zero = { total: 0, completed: 0, failed: 0, bytes: 0, bytesDone: 0, records: 0, outputBytes: 0 };
    assert.deepEqual({ ...(await catalog.shards.totals(id)) }, zero);
    await catalog.shards.record(id, []);
  },

  'totals and failures are those of the last outcome of each object': async ({ catalog }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 * 2 ** 40 }), { maxLength: 12 }),
        fc.array(
          fc.record({
            at: fc.nat({ max: 11 }),
            records: fc.nat({ max: 2 ** 40 }),
            outputBytes: fc.nat({ max: 2 ** 45 }),
            message: fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined }),
          }),
          { maxLength: 20 },
        ),
        fc.nat({ max: 5 }),
        async (sizes, reports, limit) => {
          const rows = sizes.map((size, number) => ({ ...shardRow(number), size }));
          const { id } = await addJob(catalog, 'a', rows);
          try {
            const outcomes = new Map<number, ShardOutcome>();
            for (const { at, records, outputBytes, message } of reports) {
              if (at >= rows.length) continue;
              const outcome = message === undefined ? done(at, records, outputBytes) : failed(at, message);
              outcomes.set(at, outcome);
              await catalog.shards.record(id, [outcome]);
            }
            const ended = [...outcomes.values()].sort((a, b) => a.number - b.number);
            const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
            assert.deepEqual(
              { ...(await catalog.shards.totals(id)) },
              {
                total: rows.length,
                completed: ended.filter(({ failure }) => failure === undefined).length,
                failed: ended.filter(({ failure }) => failure !== undefined).length,
                bytes: sum(sizes),
                bytesDone: sum(ended.map(({ number }) => sizes[number] ?? 0)),
                records: sum(ended.map(({ records }) => records)),
                outputBytes: sum(ended.map(({ outputBytes }) => outputBytes)),
              },
            );
            const failures = ended.flatMap(({ number, failure }) =>
              failure === undefined ? [] : [{ object: rows[number]?.name, ...failure }],
            );
            assert.deepEqual(plain(await catalog.shards.failed(id, limit)), failures.slice(0, limit));
          } finally {
            await catalog.jobs.remove(id);
          }
        },
      ),
      { numRuns: 60 },
    );
  },

  'keys and names of any characters come back as they were': async ({ catalog }) => {
    const texts = ["it's", '"q"', 'a\nb', 'a\tb', '', '%_?*', ' ', '\u{1f600}é漢', '\u{fffd}', '\u{10ffff}', "'); --"];
    const rows: ShardRow[] = texts.map((text, number) => ({
      number,
      inputKey: text,
      outputKey: `${text}.out`,
      name: text,
      size: 0,
    }));
    const { id } = await addJob(catalog, 'texts', rows);
    assert.deepEqual(plain(await all(catalog.shards.pending(id))), rows);
    await catalog.shards.record(
      id,
      rows.map(({ number, name }) => failed(number, name)),
    );
    assert.deepEqual(
      (await catalog.shards.failed(id, 100)).map(({ message }) => message),
      texts,
    );
  },
};

/** Rows of a database may be objects without a prototype. */
function plain<T extends object>(rows: readonly T[]): T[] {
  return rows.map((row) => ({ ...row }));
}
