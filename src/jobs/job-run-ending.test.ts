import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobsUnderTest, jobsUnderTest, settled } from '../../test/jobs-under-test.ts';
import type { Instance } from '../instances/instance.ts';

const THREE = { 'in/a': 'x\n', 'in/b': 'y\n', 'in/c': 'z\n' };

/** A server that is the model, and ends when it is told to. */
function mortalServer(under: JobsUnderTest) {
  const exited = Promise.withResolvers<string>();
  const stops: AbortSignal[] = [];
  const { driver } = under.containers;
  under.containers.driver = {
    launch: async (signal): Promise<Instance> => ({
      ...(await driver.launch(signal)),
      exited: exited.promise,
      lastWords: () => 'stderr: serve.py: error: unrecognized arguments: --model',
      stop: async (hurry) => void stops.push(hurry),
    }),
  };
  return { exit: exited.resolve, stops };
}

test('a stop waits for requests in flight, and whole outputs stay', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const { asked, answer } = under.holdBack();
  const job = await under.create('a');
  const run = under.run(job, { drainMs: 3_600_000 });
  const end = run.run();
  await asked;
  run.stop();
  run.stop();
  assert.equal(run.stopping, true);
  await settled();
  answer();
  assert.deepEqual(await end, { status: 'Stopped' });
  assert.deepEqual(await under.objects(), { 'a/a.out': 'X\n' });
  const { completed: done, failed: bad } = await under.catalog.shards.totals(job.id);
  assert.deepEqual([done, bad], [1, 0]);
});

test('with nothing to wait a stop ends requests in flight, whose objects have no outcome', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const { asked } = under.holdBack();
  const job = await under.create('a');
  const run = under.run(job, { drainMs: 0 });
  const end = run.run();
  await asked;
  run.stop();
  assert.deepEqual(await end, { status: 'Stopped' });
  assert.deepEqual(await under.objects(), {});
  const { completed: done, failed: bad } = await under.catalog.shards.totals(job.id);
  assert.deepEqual([done, bad], [0, 0]);
});

test('a job that is over when it is stopped has been done', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const { asked, answer } = under.holdBack();
  const run = under.run(await under.create('a'));
  const end = run.run();
  await asked;
  run.interrupt();
  answer();
  assert.deepEqual(await end, { status: 'Completed' }, 'the next life would have nothing to do');
});

test('a job that is stopped before it has begun launches nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  for (const [end, status] of [
    ['stop', 'Stopped'],
    ['interrupt', 'Interrupted'],
  ] as const) {
    const run = under.run(await under.create(end));
    run[end]();
    assert.deepEqual(await run.run(), { status });
  }
  assert.deepEqual([under.requests.length, under.containers.orders.length, under.logs.lines.size], [0, 0, 0]);
});

test('a job that is stopped while its model is fetched launches nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const gate = Promise.withResolvers<void>();
  under.containers.gate = gate.promise;
  const { stops } = mortalServer(under);
  const run = under.run(await under.create('a'));
  const end = run.run();
  await under.when(() => under.containers.orders.length === 1, 'the model to be fetched');
  run.stop();
  gate.resolve();
  assert.deepEqual(await end, { status: 'Stopped' });
  assert.equal(stops.length, 0);
});

test('a job that is stopped while its model is fetched says nothing of failures', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const gate = Promise.withResolvers<void>();
  under.containers.gate = gate.promise;
  const run = under.run(await under.create('a', { containers: [{ image: 'broken', environment: {} }] }));
  const end = run.run();
  await under.when(() => under.containers.orders.length === 1, 'the model to be fetched');
  run.stop();
  assert.equal(under.containers.orders[0]?.signal.aborted, true);
  gate.resolve();
  assert.deepEqual(await end, { status: 'Stopped' });
  assert.deepEqual(under.logs.dataLog(), []);
});

test('a job whose server ends while it is stopped was stopped', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const { asked } = under.holdBack();
  const { exit } = mortalServer(under);
  const job = await under.create('a');
  const run = under.run(job, { drainMs: 3_600_000 });
  const end = run.run();
  await asked;
  run.stop();
  exit('exited with code 1');
  assert.deepEqual(await end, { status: 'Stopped' });
  assert.equal((await under.catalog.shards.totals(job.id)).failed, 0, 'what was cut off has not failed');
});

test('a job whose server ends has failed, with the last words as they were said', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const { asked } = under.holdBack();
  const { exit, stops } = mortalServer(under);
  const end = under.run(await under.create('a')).run();
  await asked;
  exit('exited with code 2');
  assert.deepEqual(await end, {
    status: 'Failed',
    failureReason:
      'AlgorithmError: The model server exited with code 2. Its last words:\nstderr: serve.py: error: unrecognized arguments: --model',
  });
  assert.equal(stops.length, 1, 'what it has started may be there still');
});

test('a stop leaves a server its time to end, the end of the service does not', async (t) => {
  for (const [how, inAHurry] of [
    ['stop', false],
    ['interrupt', true],
  ] as const) {
    const under = await jobsUnderTest(t);
    await under.put({ 'in/a': 'x\n', 'in/b': 'y\n' });
    const { asked } = under.holdBack();
    const { stops } = mortalServer(under);
    const run = under.run(await under.create('a'), { drainMs: 0 });
    const end = run.run();
    await asked;
    run[how]();
    await end;
    assert.deepEqual(
      stops.map(({ aborted }) => aborted),
      [inAHurry],
      how,
    );
  }
});
