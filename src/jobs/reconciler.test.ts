import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsUnderTest, START, settled, withJobs } from '../../test/jobs-under-test.ts';

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
