import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHead } from './request-head.ts';

const headOf = (rawUrl: string, rawHeaders: readonly string[] = []): RequestHead =>
  new RequestHead({ method: 'GET', rawUrl, headers: {}, rawHeaders });
/** As node:http reads what a client sends. */
const wire = (bytes: Buffer): string => bytes.toString('latin1');

test('the path stays as it came and the query is decoded', () => {
  const head = headOf('/a%20b//%2e?b=2&a=x+y%2B&b=1&c&&=d&e=f=g');
  assert.equal(head.path, '/a%20b//%2e');
  assert.deepEqual(Array.from(head.query), [
    ['b', ['2', '1']],
    ['a', ['x y+']],
    ['c', ['']],
    ['', ['d']],
    ['e', ['f=g']],
  ]);
  assert.equal(head.parameter('b'), '2');
  assert.equal(headOf('/a').query.size, 0);
});

test('a query that is no UTF-8 is refused', () => {
  for (const query of ['%', '%f', '%ff=a', 'a=%e9', 'a=%ed%a0%80']) {
    assert.throws(() => headOf(`/?${query}`), { name: 'Fault', code: 'InvalidURI', status: 400 }, query);
  }
});

test('repeated headers are one, in their order; one that is not there is empty', () => {
  const head = headOf('/', ['A', ' 2 ', 'b', '3', 'a', '1']);
  assert.deepEqual(head.signedHeaders(['a', 'b', 'c']), { a: '2,1', b: '3', c: '' });
  assert.deepEqual(Array.from(head.headerNames()), ['a', 'b']);
});

test('headers are the text that was signed: UTF-8, or what Python sends', () => {
  for (const bytes of [Buffer.from('é 日本'), Buffer.from('é', 'latin1')]) {
    const expected = bytes.length === 1 ? 'é' : 'é 日本';
    assert.equal(headOf('/', ['a', wire(bytes)]).signedHeaders(['a'])['a'], expected);
  }
  assert.equal(headOf(wire(Buffer.from('/日本'))).path, '/日本');
});

test('names of objects are names like any other', () => {
  const head = headOf('/?__proto__=1&constructor=2', ['__proto__', '3']);
  assert.equal(head.parameter('__proto__'), '1');
  assert.deepEqual(Object.entries(head.signedHeaders(['__proto__', 'constructor'])), [
    ['__proto__', '3'],
    ['constructor', ''],
  ]);
});
