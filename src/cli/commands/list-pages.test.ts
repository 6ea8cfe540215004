import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionValues } from '../../core/option-table.ts';
import type { Answer, Service } from '../service-client.ts';
import { jsonList, listPages, listQuery, wantedItems } from './list-pages.ts';

const LISTING = { operation: 'ListModels', member: 'Models', query: { SortBy: 'Name' } };

/** A service with so many models, which answers at most `page` of them, and what it was asked. */
function serviceOf(models: number, page = 100): { readonly service: Service; readonly asked: object[] } {
  const asked: object[] = [];
  const call = async (_api: string, _operation: string, input: object): Promise<Answer> => {
    asked.push(input);
    const { MaxResults, NextToken = '0' } = input as { MaxResults: number; NextToken?: string };
    const from = Number(NextToken);
    const to = Math.min(models, from + Math.min(MaxResults, page));
    const Models = Array.from({ length: to - from }, (_, at) => from + at);
    return { Models, ...(to < models && { NextToken: String(to) }) };
  };
  return { service: { call }, asked };
}

async function json(models: number, limit: number, page?: number): Promise<string> {
  const parts: string[] = [];
  for await (const part of jsonList(listPages(serviceOf(models, page).service, LISTING, limit), 'Models'))
    parts.push(part);
  return parts.join('');
}

test('pages are asked for until there are enough, and no more than that', async () => {
  const { service, asked } = serviceOf(500);
  const counts: number[] = [];
  for await (const { items } of listPages(service, LISTING, 220)) counts.push(items.length);
  assert.deepEqual(counts, [100, 100, 20]);
  assert.deepEqual(asked, [
    { SortBy: 'Name', MaxResults: 100 },
    { SortBy: 'Name', MaxResults: 100, NextToken: '100' },
    { SortBy: 'Name', MaxResults: 20, NextToken: '200' },
  ]);
});

test('all pages are one document, which says when it is not all', async () => {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
  assert.deepEqual(JSON.parse(await json(0, 20)), { Models: [] });
  assert.deepEqual(JSON.parse(await json(7, 20)), { Models: numbers(7) });
  assert.deepEqual(JSON.parse(await json(250, Number.POSITIVE_INFINITY)), { Models: numbers(250) });
  assert.deepEqual(JSON.parse(await json(250, Number.POSITIVE_INFINITY, 7)), { Models: numbers(250) });
  assert.deepEqual(JSON.parse(await json(250, 120)), { Models: numbers(120), NextToken: '120' });
});

test('a server that answers the same page for ever is not asked for ever', async () => {
  const service: Service = { call: async () => ({ Models: [1], NextToken: 'x' }) };
  let pages = 0;
  for await (const _ of listPages(service, LISTING, Number.POSITIVE_INFINITY)) pages += 1;
  assert.equal(pages, 2);
});

test('what was asked, and how many', () => {
  const options = (...given: [string, string][]): OptionValues =>
    new OptionValues(given.map(([name, value]) => ({ name, value })));
  assert.deepEqual(listQuery(options(['status', 'Failed'], ['sort-by', 'Name'])), {
    StatusEquals: 'Failed',
    SortBy: 'Name',
  });
  assert.equal(wantedItems(options()), 20);
  assert.equal(wantedItems(options(['json', ''])), Number.POSITIVE_INFINITY);
  assert.equal(wantedItems(options(['json', ''], ['max-items', '3'])), 3);
});
