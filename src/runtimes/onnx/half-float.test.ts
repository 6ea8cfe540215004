import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHalf, toHalf } from './half-float.ts';

test('every half-precision number survives the way out and back', () => {
  let finite = 0;
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalf(bits);
    if (Number.isNaN(value)) continue;
    finite++;
    assert.equal(toHalf(value), bits);
  }
  assert.equal(finite, 63490);
});

test('rounds to the nearest, ties to even, and overflows to infinity', () => {
  const cases: [number, number][] = [
    [1, 1],
    [0.1, 0.0999755859375],
    [2049, 2048],
    [2051, 2052],
    [65504, 65504],
    [65519, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [-1e9, Number.NEGATIVE_INFINITY],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2 ** -23],
    [2 ** -14 - 2 ** -26, 2 ** -14],
    [Number.NaN, Number.NaN],
  ];
  for (const [value, half] of cases) assert.equal(fromHalf(toHalf(value)), half, String(value));
});
