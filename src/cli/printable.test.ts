import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('what could move the cursor is made visible, the rest stays', () => {
  assert.equal(printable('\u001b[2Jgone\r\u0007'), '␛[2Jgone␍␇');
  assert.equal(printable('a\tb\nü €\u009b'), 'a\tb\nü €\ufffd');
});
