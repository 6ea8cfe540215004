import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRunSize } from './run-size.ts';

test('runs grow while they are short, and shrink when they are long', () => {
  // size, rows, seconds → next, with room for 2048
  const cases: [number, number, number, number][] = [
    [32, 32, 0.001, 64],
    [2048, 2048, 0.001, 2048],
    [1500, 1500, 0.001, 2048],
    [32, 32, 0.1, 32],
    [32, 5, 0.001, 32], // not full
    [32, 32, 0.3, 16],
    [32, 4, 0.3, 2],
    [1, 1, 10, 1],
  ];
  for (const [size, rows, seconds, next] of cases) assert.equal(nextRunSize(size, rows, seconds, 2048), next);
});
