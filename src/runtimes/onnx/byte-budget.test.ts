import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from './byte-budget.ts';

const never = new AbortController().signal;

test('who does not fit waits, first come, first served', async () => {
  const budget = new ByteBudget(10);
  const order: string[] = [];
  assert.equal(await budget.take(6, never), true);
  const large = budget.take(8, never).then(() => order.push('large'));
  const small = budget.take(1, never).then(() => order.push('small')); // would fit, but came later
  budget.release(6);
  await Promise.all([large, small]);
  assert.deepEqual(order, ['large', 'small']);
});

test('who gives up makes room for those behind', async () => {
  const budget = new ByteBudget(10);
  await budget.take(6, never);
  const impatient = new AbortController();
  const large = budget.take(8, impatient.signal);
  const small = budget.take(4, never);
  impatient.abort();
  assert.equal(await large, false);
  assert.equal(await small, true);
  assert.equal(await budget.take(1, impatient.signal), false);
});
