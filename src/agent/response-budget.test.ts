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

test('room is there at once, when something is released, or never once aborted', async () => {
  const budget = new ResponseBudget(10);
  const never = new AbortController().signal;
  await budget.room(7, never);
  budget.take(0, 20, () => undefined);
  await budget.room(0, never); // the oldest
  let entered = false;
  const waiting = budget.room(7, never).then(() => {
    entered = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert(!entered);
  budget.release(15);
  await waiting;
  budget.take(1, 20, () => undefined);
  const stop = new AbortController();
  const stopped = budget.room(8, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
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
