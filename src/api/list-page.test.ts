import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Cursor } from '../catalog/catalog.ts';
import { Fault } from './fault.ts';
import { given, listPage } from './list-page.ts';

const QUERY = { sortBy: 'Name' };

interface Row {
  readonly name: string;
}

const rowsOf = (count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({ name: String(at).padStart(4, '0') }));
const cursorOf = ({ name }: Row): Cursor => ({ value: name, id: name });

/** Rows after a cursor, and the limits that were asked for. */
function source(rows: readonly Row[]) {
  const limits: number[] = [];
  return {
    limits,
    rows: async ({ limit, after }: { readonly limit: number; readonly after?: Cursor }): Promise<readonly Row[]> => {
      limits.push(limit);
      return rows.filter(({ name }) => after === undefined || name > after.value).slice(0, limit);
    },
  };
}

test('pages of any size show every row once, and there is no empty page at the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 12 }), async (count, MaxResults) => {
      const all = rowsOf(count);
      const { rows } = source(all);
      const shown: Row[] = [];
      let pages = 0;
      for (let next: { readonly NextToken?: string } = {}; ; ) {
        const page = await listPage({ MaxResults, ...next }, QUERY, rows, cursorOf);
        pages += 1;
        assert(page.shown.length <= MaxResults);
        shown.push(...page.shown);
        if (page.next.NextToken === undefined) break;
        next = page.next;
      }
      assert.deepEqual(shown, all);
      assert.equal(pages, Math.max(1, Math.ceil(count / MaxResults)));
    }),
  );
});

test('a page has ten rows when nobody says how many', async () => {
  const { rows, limits } = source(rowsOf(11));
  const { shown, next } = await listPage({}, QUERY, rows, cursorOf);
  assert.equal(shown.length, 10);
  assert.equal(typeof next.NextToken, 'string');
  assert.deepEqual(limits, [11]);
  assert.deepEqual((await listPage({}, QUERY, source(rowsOf(10)).rows, cursorOf)).next, {});
});

test('the size of a page may change from one to the next', async () => {
  const { rows } = source(rowsOf(7));
  const { next } = await listPage({ MaxResults: 2 }, QUERY, rows, cursorOf);
  const { shown } = await listPage({ MaxResults: 100, ...next }, QUERY, rows, cursorOf);
  assert.deepEqual(shown, rowsOf(7).slice(2));
});

test('a token of another list is refused before anybody is asked', async () => {
  const { rows, limits } = source(rowsOf(7));
  const { next } = await listPage({ MaxResults: 2 }, QUERY, rows, cursorOf);
  limits.length = 0;
  await assert.rejects(listPage({ ...next }, { sortBy: 'CreationTime' }, rows, cursorOf), Fault);
  assert.deepEqual(limits, []);
});

test('members that were not sent are not there', () => {
  assert.deepEqual(given({ a: undefined, b: 0, c: '', d: false, e: null }), { b: 0, c: '', d: false, e: null });
});
