import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { settled } from '../../test/jobs-under-test.ts';
import type { ShardOutcome, Shards } from '../catalog/catalog.ts';
import { ShardLedger } from './shard-ledger.ts';

const outcome = (number: number): ShardOutcome => ({ number, records: 1, outputBytes: 1, failure: undefined });

const unasked = (): never => assert.fail('nobody asks');

/** Keeps what is written, one after the other; each write waits for `gate`. */
class Written implements Shards {
  readonly all: (readonly number[])[] = [];
  gate: Promise<void> = Promise.resolve();
  #writing = false;
  readonly pending = unasked;
  readonly completed = unasked;
  readonly totals = unasked;
  readonly failed = unasked;

  async record(job: number, outcomes: readonly ShardOutcome[]): Promise<void> {
    assert.equal(job, 7);
    assert(!this.#writing, 'two writes at once');
    this.#writing = true;
    try {
      await this.gate;
    } finally {
      this.#writing = false;
    }
    this.all.push(outcomes.map(({ number }) => number));
  }
}

function ledgerOf(t: TestContext): { readonly written: Written; readonly ledger: ShardLedger } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written = new Written();
  return { written, ledger: new ShardLedger(written, 7) };
}

test('outcomes of a moment are written together', async (t) => {
  const { ledger, written } = ledgerOf(t);
  ledger.record(outcome(0));
  t.mock.timers.tick(49);
  ledger.record(outcome(1));
  await settled();
  assert.deepEqual(written.all, []);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(written.all, [[0, 1]]);
  ledger.record(outcome(2));
  t.mock.timers.tick(50);
  await settled();
  assert.deepEqual(written.all, [[0, 1], [2]]);
  await ledger.close();
  assert.deepEqual(written.all, [[0, 1], [2]]);
});

test('closing writes what is left, after what is being written', async (t) => {
  const { ledger, written } = ledgerOf(t);
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  written.gate = gate;
  ledger.record(outcome(0));
  t.mock.timers.tick(50);
  ledger.record(outcome(1));
  let closed = false;
  const closing = ledger.close().then(() => {
    closed = true;
  });
  await settled();
  assert.equal(closed, false);
  open();
  await closing;
  assert.deepEqual(written.all, [[0], [1]]);
  t.mock.timers.tick(1000);
  await settled();
  assert.equal(written.all.length, 2, 'the timer is gone');
});

test('a ledger without outcomes writes nothing', async (t) => {
  const { ledger, written } = ledgerOf(t);
  await ledger.close();
  assert.deepEqual(written.all, []);
});

test('closing tells the first failure, and what came after it was tried', async (t) => {
  const { ledger, written } = ledgerOf(t);
  const { promise: gate, reject: fail } = Promise.withResolvers<void>();
  written.gate = gate;
  ledger.record(outcome(0));
  t.mock.timers.tick(50);
  await settled();
  fail(new Error('the disk is full'));
  await settled();
  written.gate = Promise.resolve();
  ledger.record(outcome(1));
  await assert.rejects(ledger.close(), /the disk is full/);
  assert.deepEqual(written.all, [[1]]);
});
