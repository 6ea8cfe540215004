import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Task } from './worker.ts';
import { WorkerPool } from './worker-pool.ts';

const modelPath = join(import.meta.dirname, '../../../test/models/two-outputs.onnx');
const never = new AbortController().signal;

function task(text: string): Task {
  const body = new TextEncoder().encode(`${text}\n`);
  return { body: body.buffer, length: body.length - 1, request: 'json', response: 'csv' };
}

test('answers tasks in turn, until it is closed', async () => {
  const { pool, probe } = await WorkerPool.start({ modelPath, workers: 2, log: () => {} });
  assert.ok((probe?.secondsPerRecord ?? 0) > 0);
  const outcomes = await Promise.all(['[1,2]', '[3,4]', '[5]', '[5,6]'].map((text) => pool.run(task(text), never)));
  assert.deepEqual(outcomes, [
    { status: 200, body: Buffer.from('3,-1,-2\n') },
    { status: 200, body: Buffer.from('7,-3,-4\n') },
    { status: 400, message: 'instance 1: expected 2 columns, found 1' },
    { status: 200, body: Buffer.from('11,-5,-6\n') },
  ]);
  assert.equal(pool.failure, undefined);
  await pool.close();
  assert.deepEqual(await pool.run(task('[1,2]'), never), { status: 500, message: 'the model server is shutting down' });
});

test('a task that is given up leaves the line', async () => {
  const { pool } = await WorkerPool.start({ modelPath, workers: 1, log: () => {} });
  const gone = new AbortController();
  const [first, second] = [pool.run(task('[1,2]'), never), pool.run(task('[3,4]'), gone.signal)];
  gone.abort();
  assert.deepEqual(await second, { status: 500, message: 'the request was given up' });
  assert.equal((await first).status, 200);
  await pool.close();
});
