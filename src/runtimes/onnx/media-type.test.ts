import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestFormat, responseType } from './media-type.ts';

test('the form of a request', () => {
  const cases: [string | undefined, string, string | undefined][] = [
    ['text/csv', '', 'csv'],
    ['Text/CSV; charset=utf-8; header=absent', '', 'csv'],
    ['application/json', '', 'json'],
    ['application/jsonlines', '', 'jsonlines'],
    ['application/x-ndjson', '', 'jsonlines'],
    ['application/jsonl', '', 'jsonlines'],
    ['application/x-image', '', undefined],
    ['text/libsvm', '', undefined],
    [undefined, '1,2\n', 'csv'],
    ['application/x-www-form-urlencoded', '1,2\n', 'csv'],
    [undefined, '', 'csv'],
    [undefined, ' \n[[1,2]]', 'json'],
    ['', '{"instances":[]}', 'json'],
  ];
  for (const [type, body, format] of cases)
    assert.equal(requestFormat(type, Buffer.from(body)), format, `${type} ${body}`);
});

test('the form of a response', () => {
  const cases: [string | undefined, string | undefined][] = [
    [undefined, 'text/csv'],
    ['', 'text/csv'],
    ['*/*', 'text/csv'],
    ['text/*', 'text/csv'],
    ['application/json', 'application/json'],
    ['application/json; verbose=true', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['text/html, application/jsonlines;q=0.5', 'application/jsonlines'],
    ['application/json;q=0.5, text/csv', 'text/csv'],
    ['application/json;q=0, */*', 'text/csv'],
    ['text/html, image/png', 'text/csv'],
    ['text/html', undefined],
    ['image/*', undefined],
  ];
  for (const [accept, type] of cases) assert.equal(responseType(accept, 'csv')?.contentType, type, accept);
});
