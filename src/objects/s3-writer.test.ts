import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partBytes } from './s3-writer.ts';

const [MIB, GIB, TIB] = [2 ** 20, 2 ** 30, 2 ** 40];

test('parts stay within what S3 allows, and reach the largest object that it does', () => {
  let total = 0;
  for (let number = 1; number <= 10_000; number++) {
    const bytes = partBytes(number);
    assert(bytes >= 5 * MIB && bytes <= 5 * GIB, `part ${number} has ${bytes} bytes`);
    total += bytes;
  }
  assert(total >= 5 * TIB);
});

test('outputs of a normal size cost little memory', () => {
  for (let number = 1; number <= 1000; number++) assert.equal(partBytes(number), 8 * MIB);
});
