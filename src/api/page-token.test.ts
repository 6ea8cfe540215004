import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from './fault.ts';
import { pageToken, readPageToken } from './page-token.ts';

const QUERY = { sortBy: 'Name', descending: true, nameContains: 'a' };

function refused(token: string, query: object = QUERY): void {
  assert.throws(
    () => readPageToken(token, query),
    (error) => error instanceof Fault && error.code === 'ValidationException' && error.message.includes('NextToken'),
    token,
  );
}

test('a token says where its question goes on, in characters that every client passes on', () => {
  const key = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(key, key, (value, id) => {
      const token = pageToken({ value, id }, QUERY);
      assert.match(token, /^[A-Za-z0-9_-]+$/);
      const read = readPageToken(token, { ...QUERY });
      assert(read.value === value && read.id === id, '-0 is 0');
    }),
  );
});

test('a token is of the longest name that there may be, and within the limit of the API', () => {
  assert(pageToken({ value: 'a'.repeat(63), id: 'a'.repeat(63) }, QUERY).length <= 8192);
});

test('a token does not go with another question', () => {
  const token = pageToken({ value: 'x', id: 1 }, QUERY);
  refused(token, {});
  refused(token, { ...QUERY, descending: false });
  refused(token, { ...QUERY, status: 'Failed' });
  refused(token, { ...QUERY, nameContains: 'b' });
});

test('what is no token is refused', () => {
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [, , digest] = JSON.parse(
    Buffer.from(pageToken({ value: 1, id: 1 }, QUERY), 'base64url').toString(),
  ) as string[];
  readPageToken(encoded([1, 1, digest]), QUERY);
  for (const token of [
    '',
    'x',
    '====',
    '\u{1f600}',
    encoded(null),
    encoded('x'),
    encoded({}),
    encoded([]),
    encoded([1, 1]),
  ])
    refused(token);
  for (const key of [null, true, {}, [1], ['a']]) {
    refused(encoded([key, 1, digest]));
    refused(encoded([1, key, digest]));
  }
});

test('any text is a token or refused', () => {
  fc.assert(fc.property(fc.string(), (text) => refused(text)));
});
