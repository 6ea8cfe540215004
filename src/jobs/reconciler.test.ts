import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobsUnderTest, jobsUnderTest, START, settled, withMethods } from '../../test/jobs-under-test.ts';
import type { Catalog } from '../catalog/catalog.ts';

test('a job is run to its end, and its status is written once', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\ny\n', 'in/b': 'z\n' });
  const job = await under.create('first');
  under.clock.ms += 1000;
  const reconciler = under.reconciler();
  reconciler.wake();
  const ended = await under.until('first', 'Completed');
  assert.deepEqual(await under.objects(), { 'first/a.out': 'X\nY\n', 'first/b.out': 'Z\n' });
  assert.deepEqual(under.changes, ['first Completed']);
  const { counts, ...rest } = ended;
  const times = { startedAt: START + 1000, endedAt: START + 1000, modifiedAt: START + 1000 };
  assert.deepEqual({ ...rest, counts: undefined }, { ...job, status: 'Completed', ...times });
  assert.deepEqual(JSON.parse(counts ?? ''), {
    total: 2,
    completed: 2,
    failed: 0,
    bytes: 6,
    bytesDone: 6,
    records: 3,
    outputBytes: 6,
    requests: 2,
    retries: 0,
    badRecords: 0,
  });
  await settled();
  assert.equal(reconciler.progress(job.id), undefined);
  assert.deepEqual([...reconciler.running()], []);
  assert.equal(reconciler.totals().requests, 2);
});

test('jobs wait for an instance in the order of their creation', async (t) => {
  const under = await jobsUnderTest(t);
  const answers = new Map<string, () => void>();
  under.answer = (body, response) => void answers.set(body.trim(), () => response.end(body));
  const names = ['one', 'two', 'three', 'four', 'five'];
  // Nothing but the order of creation counts: the clock went back.
  for (const name of names) {
    under.clock.ms -= 1000;
    await under.put({ [`in/${name}/a`]: `${name}\n` });
    const input = { kind: 'S3Prefix', uri: `s3://data/in/${name}/` } as const;
    await under.create(name, { input, environment: { JOB: name } });
  }
  const reconciler = under.reconciler({ maxInstances: 2 });
  reconciler.wake();
  for (let ended = 0; ended < names.length; ended++) {
    const busy = Math.min(2, names.length - ended);
    await under.when(() => answers.size === ended + busy, `${ended + busy} jobs to have begun`);
    assert.equal([...reconciler.running()].length, busy);
    assert.deepEqual(
      under.containers.orders.map(({ environment }) => environment['JOB']),
      names.slice(0, ended + busy),
    );
    const [name = ''] = names.slice(ended);
    answers.get(name)?.();
    await under.until(name, 'Completed');
  }
  assert.deepEqual(
    under.changes,
    names.map((name) => `${name} Completed`),
  );
});

test('whoever is woken while looking looks again', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  let looks = 0;
  const looked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const catalog = withJobs(under, {
    oldest: async (...question) => {
      const found = await under.catalog.jobs.oldest(...question);
      looks += 1;
      if (looks === 2) {
        looked.resolve();
        await goOn.promise;
      }
      return found;
    },
  });
  const reconciler = under.reconciler({ catalog });
  reconciler.wake();
  await looked.promise;
  // The answer is out of date before it is there.
  await under.create('late');
  reconciler.wake();
  goOn.resolve();
  await under.until('late', 'Completed');
});

test('a job whose definition cannot be read fails, and does not keep others from running', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  for (const [name, definition] of [
    ['broken', '{"wishes":'],
    ['empty', '{}'],
  ] as const) {
    const job = { name, arn: name, createdAt: START, request: '{}', definition };
    await under.catalog.jobs.add(job, [{ number: 0, inputKey: 'a', outputKey: 'b', name: 'a', size: 1 }], []);
  }
  await under.create('good');
  under.reconciler({ maxInstances: 1 }).wake();
  await under.until('good', 'Completed');
  for (const name of ['broken', 'empty']) {
    const { status, failureReason, endedAt } = await under.job(name);
    assert.deepEqual({ status, endedAt }, { status: 'Failed', endedAt: START });
    assert.match(failureReason ?? '', /^InternalServerError: /);
  }
  assert.deepEqual(under.errors, []);
});

test('a job that waits is stopped without having run', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>();
  under.answer = (body, response) => ask(() => response.end(body));
  for (const name of ['runs', 'waits']) await under.create(name);
  const reconciler = under.reconciler({ maxInstances: 1 });
  reconciler.wake();
  const answer = await asked;
  await under.stop('waits', reconciler);
  const stopped = await under.until('waits', 'Stopped');
  assert.equal(stopped.startedAt, undefined);
  assert.equal(stopped.endedAt, START);
  answer();
  await under.until('runs', 'Completed');
  assert.equal(under.containers.orders.length, 1);
});

test('a job that is stopped before the service looks at it does not run', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('gone');
  const reconciler = under.reconciler();
  await under.stop('gone', reconciler);
  await under.until('gone', 'Stopped');
  assert.equal(under.containers.orders.length, 0);
});

test('a job that ends at the moment in which it is stopped was stopped', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  await under.create('both');
  const reconciler: { wake(): void } = under.reconciler({
    catalog: withJobs(under, {
      change: async (id, from, change, at) => {
        // Between the two questions of the end: is it stopping, is it in progress.
        if (change.status === 'Completed') {
          await under.catalog.jobs.change(id, ['InProgress'], { status: 'Stopping' }, at);
          queueMicrotask(() => reconciler.wake());
        }
        return under.catalog.jobs.change(id, from, change, at);
      },
    }),
  });
  reconciler.wake();
  await under.until('both', 'Stopped');
  assert.deepEqual(await under.objects(), { 'both/a.out': 'X\n' });
});

test('more jobs than one look takes are stopped, also behind those that take long to end', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const gate = Promise.withResolvers<void>();
  under.containers.gate = gate.promise;
  const names = Array.from({ length: 103 }, (_, at) => `job-${String(at).padStart(3, '0')}`);
  for (const name of names) await under.create(name);
  const reconciler = under.reconciler({ maxInstances: 103 });
  reconciler.wake();
  await under.when(() => under.containers.orders.length === names.length, 'all jobs to begin');
  for (const name of names) {
    const { id } = await under.job(name);
    await under.catalog.jobs.change(id, ['InProgress'], { status: 'Stopping' }, START);
  }
  reconciler.wake();
  await settled();
  assert.equal(under.containers.orders.filter(({ signal }) => signal.aborted).length, names.length);
  gate.resolve();
  for (const name of names) await under.until(name, 'Stopped');
});

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

test('a job that somebody has removed while it ran ends without a trace', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const { id } = await under.create('a');
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>();
  under.answer = (body, response) => ask(() => response.end(body));
  const reconciler = under.reconciler();
  reconciler.wake();
  const answer = await asked;
  await under.catalog.jobs.remove(id);
  answer();
  while ([...reconciler.running()].length > 0) await settled();
  assert.deepEqual([under.changes, under.errors], [[], []]);
});

/** The catalog with some of the questions about jobs answered otherwise. */
function withJobs(under: JobsUnderTest, methods: Partial<Catalog['jobs']>): Catalog {
  return { ...under.catalog, jobs: withMethods(under.catalog.jobs, methods) };
}

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
