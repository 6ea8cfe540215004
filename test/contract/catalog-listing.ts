import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Cursor,
  type JobQuery,
  type JobStatus,
  type JobSummary,
  jobStatuses,
  type ModelQuery,
  type ModelRow,
} from '../../src/catalog/catalog.ts';
import { addJob, type Cases, modelRow, newJob } from './catalog-under-test.ts';

// Few values, so that many are equal: what tells equal ones apart is what a list is about.
const time = fc.integer({ min: 1, max: 4 });
const name = fc.string({ unit: fc.constantFrom('a', 'B', 'c', '0', '-'), minLength: 1, maxLength: 4 });
const paging = { limit: fc.integer({ min: 1, max: 5 }), descending: fc.boolean() };
const window = {
  nameContains: maybe(fc.constantFrom('a', 'B', 'b', '-', 'aa', '%', '_')),
  createdAfter: maybe(time),
  createdBefore: maybe(time),
};

/** Lists, from page to page. */
export const listingCases: Cases = {
  'models are listed like a sorted array, page by page': async ({ catalog }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.record({ name, createdAt: time }), { selector: lowerCased, maxLength: 14 }),
        fc.record({ sortBy: fc.constantFrom('Name', 'CreationTime'), ...paging, ...window }),
        async (models, asked) => {
          const query = withoutUndefined(asked) as unknown as ModelQuery;
          for (const model of models) await catalog.models.add(modelRow(model.name, model.createdAt), []);
          try {
            const sortedBy = (row: ModelRow): string | number => (query.sortBy === 'Name' ? row.name : row.createdAt);
            const expected = models
              .filter((row) => fits(query, row))
              .map((row) => modelRow(row.name, row.createdAt))
              .sort((a, b) => compare(sortedBy(a), sortedBy(b)) || compare(a.name, b.name));
            if (query.descending) expected.reverse();
            const listed = await pages(
              query.limit,
              (after) => catalog.models.list({ ...query, ...after }),
              (row) => ({ value: sortedBy(row), id: row.name }),
            );
            assert.deepEqual(
              listed.map((row) => ({ ...row })),
              expected,
            );
          } finally {
            for (const model of models) await catalog.models.remove(model.name);
          }
        },
      ),
      { numRuns: 150 },
    );
  },

  'jobs are listed like a sorted array, page by page': async ({ catalog }) => {
    const job = fc.record({ name, createdAt: time, modifiedAt: time, status: fc.constantFrom(...jobStatuses) });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(job, { selector: lowerCased, maxLength: 14 }),
        fc.record({
          sortBy: fc.constantFrom('Name', 'CreationTime', 'Status'),
          ...paging,
          ...window,
          status: maybe(fc.constantFrom(...jobStatuses)),
          modifiedAfter: maybe(time),
          modifiedBefore: maybe(time),
        }),
        async (jobs, asked) => {
          const query = withoutUndefined(asked) as unknown as JobQuery;
          const added: JobSummary[] = [];
          for (const { status, modifiedAt, ...one } of jobs) {
            const row = await addJob(catalog, newJob(one.name, one.createdAt), []);
            added.push((await catalog.jobs.change(row.id, ['InProgress'], { status }, modifiedAt)) ?? row);
          }
          try {
            const sortedBy = (row: JobSummary): string | number =>
              ({ Name: row.name, CreationTime: row.createdAt, Status: row.status })[query.sortBy];
            const expected = added
              .filter((row) => fits(query, row) && fitsJob(query, row))
              .sort((a, b) => compare(sortedBy(a), sortedBy(b)) || a.id - b.id);
            if (query.descending) expected.reverse();
            const listed = await pages(
              query.limit,
              (after) => catalog.jobs.list({ ...query, ...after }),
              (row) => ({ value: sortedBy(row), id: row.id }),
            );
            assert.deepEqual(listed.map(summary), expected.map(summary));
          } finally {
            for (const { id } of added) await catalog.jobs.remove(id);
          }
        },
      ),
      { numRuns: 150 },
    );
  },

  'rows that come and go between two pages neither hide nor repeat others': async ({ catalog: { models } }) => {
    for (const [at, one] of ['b', 'd', 'f', 'h', 'j'].entries()) await models.add(modelRow(one, at), []);
    const query = { sortBy: 'Name', descending: false, limit: 2 } as const;
    assert.deepEqual(names(await models.list(query)), ['b', 'd']);
    await models.remove('d');
    await models.remove('f');
    await models.add(modelRow('a'), []);
    await models.add(modelRow('g'), []);
    const after = { value: 'd', id: 'd' };
    assert.deepEqual(names(await models.list({ ...query, after })), ['g', 'h']);
  },
};

/** All rows, asked for page by page as a client does. */
async function pages<Row>(
  limit: number,
  list: (after: { readonly after?: Cursor }) => Promise<readonly Row[]>,
  cursorOf: (row: Row) => Cursor,
): Promise<Row[]> {
  const rows: Row[] = [];
  while (true) {
    const last = rows.at(-1);
    const page = await list(last === undefined ? {} : { after: cursorOf(last) });
    assert(page.length <= limit, `${page.length} rows on a page of ${limit}`);
    rows.push(...page);
    assert(rows.length <= 100, 'the list does not end');
    if (page.length < limit) return rows;
  }
}

interface Listed {
  readonly name: string;
  readonly createdAt: number;
}

function fits({ nameContains = '', createdAfter = 0, createdBefore = 9 }: ModelQuery | JobQuery, row: Listed): boolean {
  return row.name.includes(nameContains) && row.createdAt > createdAfter && row.createdAt < createdBefore;
}

function fitsJob({ status, modifiedAfter = 0, modifiedBefore = 9 }: JobQuery, row: JobSummary): boolean {
  const inTime = row.modifiedAt > modifiedAfter && row.modifiedAt < modifiedBefore;
  return inTime && (status === undefined || row.status === status);
}

function summary({ id, name: of, status, createdAt, modifiedAt }: JobSummary): readonly (string | number)[] {
  return [id, of, status satisfies JobStatus, createdAt, modifiedAt];
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function names(rows: readonly Listed[]): string[] {
  return rows.map((row) => row.name);
}

function lowerCased(row: Listed): string {
  return row.name.toLowerCase();
}

function maybe<T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(some, { nil: undefined, freq: 1 });
}

function withoutUndefined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
