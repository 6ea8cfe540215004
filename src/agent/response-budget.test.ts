import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseBudget } from './response-budget.ts';

test('who is over the budget waits, except the oldest', () => {
  const budget = new ResponseBudget(100);
  const resumed: number[] = [];
  const take = (sequence: number, bytes: number): boolean => budget.take(sequence, bytes, () => resumed.push(sequence));
  assert(take(1, 90));
  assert(!take(2, 20));
  assert(!take(3, 20));
  assert(take(0, 500), 'only its result makes room');
  budget.release(500);
  assert.deepEqual(resumed, []);
  budget.advance(1);
  assert.deepEqual(resumed, []);
  budget.release(90);
  assert.deepEqual(resumed, [2, 3]);
  assert.equal(budget.held, 40);
});

test('becoming the oldest lets a waiting request go on', () => {
  const budget = new ResponseBudget(10);
  let resumed = false;
  assert(
    !budget.take(5, 20, () => {
      resumed = true;
    }),
  );
  budget.advance(5);
  assert(resumed);
});
