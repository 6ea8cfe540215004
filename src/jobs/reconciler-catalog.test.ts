import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsUnderTest, settled, withJobs, withMethods } from '../../test/jobs-under-test.ts';

test('a catalog that cannot be read is asked again after five seconds, not before', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('a');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const broken = new Error('the disk is gone');
  let looks = 0;
  const reconciler = under.reconciler({
    catalog: withJobs(under, {
      oldest: async (...question) => {
        looks += 1;
        if (looks <= 2) throw broken;
        return under.catalog.jobs.oldest(...question);
      },
    }),
  });
  reconciler.wake();
  await settled();
  assert.deepEqual(under.errors, [broken]);
  t.mock.timers.tick(4999);
  await settled();
  assert.equal(looks, 1);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(under.errors, [broken, broken]);
  assert.equal(looks, 2);
  t.mock.timers.tick(5000);
  await under.until('a', 'Completed');
});

test('an end that cannot be written is written later, and nothing is done twice', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n', 'in/b': 'y\n' });
  await under.create('a', { capture: { uri: 's3://results/capture' } });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const full = new Error('database or disk is full');
  let tries = 0;
  const reconciler = under.reconciler({
    catalog: withJobs(under, {
      change: async (id, from, change, at) => {
        if (change.status === 'Completed' && ++tries <= 2) throw full;
        return under.catalog.jobs.change(id, from, change, at);
      },
    }),
  });
  reconciler.wake();
  for (let failures = 1; failures <= 2; failures++) {
    await under.when(() => under.errors.length === failures, 'the failure');
    await settled();
    assert.equal(under.errors.length, failures, 'it is not tried at once');
    assert.equal((await under.job('a')).status, 'InProgress');
    assert.deepEqual([...reconciler.running()], []);
    t.mock.timers.tick(5000);
  }
  await under.until('a', 'Completed');
  assert.deepEqual(under.errors, [full, full]);
  assert.equal(under.requests.length, 2);
  const manifests = Object.keys(await under.objects('capture/'));
  assert.equal(manifests.length, 2, `one pair: ${manifests}`);
});

test('work whose outcome cannot be written is done again, and the job does not fail', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('a');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const full = new Error('database or disk is full');
  let tries = 0;
  const shards = withMethods(under.catalog.shards, {
    record: async (...outcomes) => {
      if (++tries === 1) throw full;
      return under.catalog.shards.record(...outcomes);
    },
  });
  under.reconciler({ catalog: { ...under.catalog, shards } }).wake();
  await under.when(() => under.errors.length > 0, 'the failure');
  await settled();
  assert.deepEqual(under.errors, [full]);
  assert.equal((await under.job('a')).status, 'InProgress');
  t.mock.timers.tick(5000);
  await under.until('a', 'Completed');
  assert.deepEqual(await under.objects(), { 'a/a.out': 'X\n' });
});

test('work that cannot be listed is no failure of the job', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('a', { capture: { uri: 's3://results/capture' } });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const broken = new Error('connection lost');
  const left = new Map<PropertyKey, number>();
  /** Each question fails once. */
  const fails = (question: PropertyKey): boolean => {
    left.set(question, (left.get(question) ?? 2) - 1);
    return left.get(question) === 1;
  };
  const list = <A extends readonly unknown[], T>(question: string, ask: (...args: A) => AsyncIterable<T>) =>
    async function* (...args: A): AsyncIterable<T> {
      if (fails(question)) throw broken;
      yield* ask(...args);
    };
  const { shards: real } = under.catalog;
  const shards = withMethods(real, {
    pending: list('pending', (job: number) => real.pending(job)),
    completed: list('completed', (job: number) => real.completed(job)),
    totals: async (job) => {
      if (fails('totals')) throw broken;
      return real.totals(job);
    },
  });
  under.reconciler({ catalog: { ...under.catalog, shards } }).wake();
  for (let failures = 1; failures <= 3; failures++) {
    await under.when(() => under.errors.length === failures, 'the failure');
    await settled();
    t.mock.timers.tick(5000);
  }
  await under.until('a', 'Completed');
  assert.deepEqual(under.errors, [broken, broken, broken]);
});
