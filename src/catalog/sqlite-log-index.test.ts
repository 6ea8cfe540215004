import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogStreamInfo, StreamQuery } from '../logs/log-index.ts';
import { openDatabase } from './database.ts';
import { SqliteLogIndex } from './sqlite-log-index.ts';

// Few times, so that many are equal; streams without events have none.
const time = fc.integer({ min: 0, max: 3 });
const streams = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', 'Z'), minLength: 1, maxLength: 4 }),
      job: fc.constantFrom('one', 'two', 'three'),
      createdAt: time,
      times: fc.option(fc.tuple(time, time), { nil: undefined }),
      storedBytes: fc.nat({ max: 2 ** 40 }),
    }),
    { selector: ({ name }) => name, maxLength: 12 },
  )
  .map((list) =>
    list.map(({ times, ...stream }): LogStreamInfo => {
      const [first, last] = times === undefined ? [] : [Math.min(...times), Math.max(...times)];
      return { ...stream, firstEventAt: first, lastEventAt: last, lastIngestedAt: last };
    }),
  );

async function indexOf(infos: readonly LogStreamInfo[]): Promise<SqliteLogIndex> {
  const index = new SqliteLogIndex(await openDatabase(':memory:'));
  for (const info of infos) index.create(info);
  index.update(infos);
  return index;
}

const byName = (a: LogStreamInfo, b: LogStreamInfo): number => (a.name < b.name ? -1 : 1);
/** Streams without events are the oldest. */
const lastOf = ({ lastEventAt = -1 }: LogStreamInfo): number => lastEventAt;

test('streams are listed like a sorted array, page by page, in both orders and directions', async () => {
  await fc.assert(
    fc.asyncProperty(
      streams,
      fc.constantFrom('name' as const, 'lastEvent' as const),
      fc.constantFrom('', 'a', 'ab', 'b/'),
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      async (infos, orderBy, prefix, descending, limit) => {
        const index = await indexOf(infos);
        const expected =
          orderBy === 'name'
            ? infos.filter(({ name }) => name.startsWith(prefix)).sort(byName)
            : [...infos].sort((a, b) => lastOf(a) - lastOf(b) || byName(a, b));
        if (descending) expected.reverse();
        const listed: LogStreamInfo[] = [];
        for (let more = true; more; ) {
          const after = listed.at(-1);
          const paging = { descending, limit, ...(after === undefined ? {} : { after }) };
          const query: StreamQuery =
            orderBy === 'name' ? { orderBy, prefix, ...paging } : { orderBy: 'lastEvent', ...paging };
          const page = index.list(query);
          listed.push(...page);
          more = page.length === limit;
        }
        assert.deepEqual(listed, expected);
      },
    ),
    { numRuns: 150 },
  );
});

test('candidates, jobs and totals are those of all streams', async () => {
  await fc.assert(
    fc.asyncProperty(
      streams,
      fc.constantFrom('', 'a'),
      time,
      fc.integer({ min: 1, max: 5 }),
      async (infos, prefix, from, limit) => {
        const index = await indexOf(infos);
        const candidates = infos
          .filter((info) => info.name.startsWith(prefix) && lastOf(info) >= from)
          .sort((a, b) => (a.firstEventAt ?? 0) - (b.firstEventAt ?? 0) || byName(a, b));
        assert.deepEqual(index.candidates({ prefix, from, limit }), candidates.slice(0, limit));

        const lastEvents = new Map<string, number>();
        for (const { job, lastEventAt, createdAt } of infos)
          lastEvents.set(job, Math.max(lastEvents.get(job) ?? 0, lastEventAt ?? createdAt));
        const oldest = [...lastEvents].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([job]) => job);
        assert.deepEqual(index.oldestJobs({ limit: 2, offset: 0 }), oldest.slice(0, 2));
        assert.deepEqual(index.oldestJobs({ limit: 2, offset: 1 }), oldest.slice(1, 3));

        assert.deepEqual(index.ofJob('one'), infos.filter(({ job }) => job === 'one').sort(byName));
        const bytes = infos.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
        assert.deepEqual({ ...index.totals() }, { streams: infos.length, bytes });
        index.removeJob('one');
        assert.deepEqual(index.ofJob('one'), []);
        assert.equal(index.totals().streams, infos.filter(({ job }) => job !== 'one').length);
      },
    ),
    { numRuns: 100 },
  );
});

test('a stream that is there is not made again', async () => {
  const info = { name: 'job/i-1', job: 'job', createdAt: 1 };
  const full = { ...info, firstEventAt: 2, lastEventAt: 3, lastIngestedAt: 4, storedBytes: 5 };
  const index = await indexOf([full]);
  index.create({ ...info, createdAt: 9 });
  assert.deepEqual(index.get('job/i-1'), full);
  assert.equal(index.get('job/i-2'), undefined);
});
