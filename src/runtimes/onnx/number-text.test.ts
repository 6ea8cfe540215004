import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerFromText, numberFromText } from './number-text.ts';

test('numbers as data files spell them', () => {
  const cases: [string, number | undefined][] = [
    ['1', 1],
    [' -1.5e3\t', -1500],
    ['+.5', 0.5],
    ['5.', 5],
    ['NaN', Number.NaN],
    ['nan', Number.NaN],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['+INF', Number.POSITIVE_INFINITY],
    ['', undefined],
    ['0x10', undefined],
    ['1 2', undefined],
    ['1,5', undefined],
    ['NA', undefined],
    ['.', undefined],
  ];
  for (const [text, value] of cases) assert.equal(numberFromText(text), value, text);
});

test('integers stay exact, and may be written as decimals', () => {
  const cases: [string, bigint | undefined][] = [
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    [' +7 ', 7n],
    ['3.0', 3n],
    ['1e3', 1000n],
    ['1.5', undefined],
    ['1e300', undefined],
    ['inf', undefined],
    ['', undefined],
    ['12a', undefined],
  ];
  for (const [text, value] of cases) assert.equal(integerFromText(text), value, text);
});
