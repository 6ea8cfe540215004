import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { basicDate, parseBasicDate, parseRequestDate } from './timestamp.ts';

const MS = Date.UTC(2013, 4, 24, 1, 2, 3);

test('the basic format is read and written', () => {
  assert.deepEqual(parseBasicDate('20130524T010203Z'), { text: '20130524T010203Z', ms: MS });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      assert.equal(parseBasicDate(basicDate(seconds * 1000))?.ms, seconds * 1000);
    }),
  );
});

for (const text of [
  '',
  '20130524',
  '20130524T010203',
  '2013-05-24T01:02:03Z',
  '20130230T010203Z',
  '20131301T010203Z',
  '20130524T240000Z',
  '20130524T016003Z',
  '20130524T010203Z ',
  '20130524T010203.000Z',
]) {
  test(`"${text}" is no date`, () => {
    assert.equal(parseBasicDate(text), undefined);
  });
}

test('X-Amz-Date goes before Date, which may be written as HTTP does', () => {
  const http = 'Fri, 24 May 2013 01:02:03 GMT';
  assert.deepEqual(parseRequestDate(undefined, http), { text: '20130524T010203Z', ms: MS });
  assert.equal(parseRequestDate(undefined, '20130524T010203Z')?.ms, MS);
  assert.equal(parseRequestDate('20130524T000000Z', http)?.text, '20130524T000000Z');
  assert.equal(parseRequestDate('nonsense', http), undefined, 'a broken X-Amz-Date is not passed over');
  assert.equal(parseRequestDate(undefined, 'Fri, 24 Mai 2013 01:02:03 GMT'), undefined);
  assert.equal(parseRequestDate(undefined, '24 May 2013'), undefined);
  assert.equal(parseRequestDate(undefined, undefined), undefined);
});
