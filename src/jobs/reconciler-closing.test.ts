import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsUnderTest, START, settled, withJobs } from '../../test/jobs-under-test.ts';

test('a service that ends leaves its jobs to the next one, which goes on with them', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n', 'in/b': 'y\n', 'in/c': 'z\n' });
  await under.create('a');
  await under.create('waits');
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>();
  under.answer = (body, response) => {
    const answer = (): void => void response.end(body.toUpperCase());
    if (under.requests.length === 2) ask(answer);
    else answer();
  };
  const first = under.reconciler({ maxInstances: 1 });
  first.wake();
  const answer = await asked;
  const closed = first.close();
  await settled();
  answer(); // what is in flight is waited for
  await closed;
  const { status, endedAt, startedAt } = await under.job('a');
  assert.deepEqual({ status, endedAt, startedAt }, { status: 'InProgress', endedAt: undefined, startedAt: START });
  assert.equal((await under.job('waits')).startedAt, undefined);
  assert.deepEqual(await under.objects('a/'), { 'a/a.out': 'X\n', 'a/b.out': 'Y\n' });
  first.wake();
  await settled();
  assert.equal(under.containers.orders.length, 1, 'nothing begins any more');

  under.clock.ms += 60_000;
  under.reconciler({ maxInstances: 1 }).wake();
  await under.until('waits', 'Completed');
  const ended = await under.job('a');
  assert.deepEqual([ended.status, ended.startedAt, ended.endedAt], ['Completed', START, START + 60_000]);
  assert.deepEqual(await under.objects('a/'), { 'a/a.out': 'X\n', 'a/b.out': 'Y\n', 'a/c.out': 'Z\n' });
  assert.equal(under.requests.length, 3 + 3, 'no object was sent twice');
  assert.equal(JSON.parse(ended.counts ?? '').completed, 3);
});

test('a service that ends while it looks begins nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('a');
  const looked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const reconciler = under.reconciler({
    catalog: withJobs(under, {
      oldest: async (status, ...rest) => {
        const found = await under.catalog.jobs.oldest(status, ...rest);
        if (status === 'InProgress') {
          looked.resolve();
          await goOn.promise;
        }
        return found;
      },
    }),
  });
  reconciler.wake();
  await looked.promise;
  const closed = reconciler.close();
  goOn.resolve();
  await closed;
  assert.equal((await under.job('a')).startedAt, undefined);
  assert.equal(under.logs.lines.size, 0);
});

test('a job that is stopped when it is over leaves no timer behind', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('a');
  const ending = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const reconciler = under.reconciler({
    drainMs: 3_600_000,
    catalog: withJobs(under, {
      change: async (id, from, change, at) => {
        if (change.status === 'Stopped' && from.includes('Stopping')) {
          ending.resolve();
          await goOn.promise;
        }
        return under.catalog.jobs.change(id, from, change, at);
      },
    }),
  });
  reconciler.wake();
  await ending.promise;
  const timers = activeTimers();
  await under.stop('a', reconciler);
  await settled();
  const closed = reconciler.close();
  await settled();
  assert(activeTimers() <= timers, 'a timer of an hour keeps the process');
  goOn.resolve();
  await closed;
  assert.equal((await under.job('a')).status, 'Stopped');
});

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
