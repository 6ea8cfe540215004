import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsUnderTest, START } from '../../test/jobs-under-test.ts';
import type { ShardOutcome } from '../catalog/catalog.ts';

const THREE = { 'in/a': 'x\n', 'in/b': 'y\n', 'in/c': 'z\n' };

const completed = (number: number): ShardOutcome => ({ number, records: 1, outputBytes: 2, failure: undefined });
const failed = (number: number): ShardOutcome => ({
  number,
  records: 0,
  outputBytes: 0,
  failure: { fault: 'client', message: 'it was bad' },
});

test('only what has no outcome is done, and all of it counts', async (t) => {
  for (const [outcome, failureReason] of [
    [completed(1), undefined],
    [failed(1), 'ClientError: 1 of 3 objects failed. data/in/b: it was bad'],
  ] as const) {
    const under = await jobsUnderTest(t);
    await under.put(THREE);
    const job = await under.create('a');
    await under.catalog.shards.record(job.id, [completed(0), outcome]);
    const end = await under.run(job, { resumed: true }).run();
    assert.deepEqual(end, failureReason === undefined ? { status: 'Completed' } : { status: 'Failed', failureReason });
    assert.deepEqual(under.requests, ['z\n']);
    assert.deepEqual(await under.objects(), { 'a/c.out': 'Z\n' });
    assert.deepEqual(under.swept, ['results/a/c.out'], 'finished outputs are left alone');
  }
});

test('a job without anything left to do launches nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const job = await under.create('a');
  await under.catalog.shards.record(job.id, [0, 1, 2].map(completed));
  assert.deepEqual(await under.run(job, { resumed: true }).run(), { status: 'Completed' });
  assert.equal(under.containers.orders.length, 0);
  assert.equal(under.logs.lines.size, 0);
});

test('a first life sweeps nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  await under.run(await under.create('a')).run();
  assert.deepEqual(under.swept, []);
});

test('data capture is of all lives of a job, and the same again when it is written again', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  under.answer = (body, response) => {
    if (body === 'z\n') response.statusCode = 400;
    response.end(body.toUpperCase());
  };
  const job = await under.create('a', { capture: { uri: 's3://results/captured/' } });
  const started = { ...job, startedAt: START - 3_600_000 };
  await under.catalog.shards.record(job.id, [completed(0)]);
  const first = await under.run(started, { resumed: true }).run();
  assert.equal(first.status, 'Failed');
  const captured = await under.objects('captured/');
  const [input, output] = Object.keys(captured);
  assert.match(input ?? '', /^captured\/input\/2026\/11\/22\/09\/[0-9a-f-]{36}\.json$/);
  assert.equal(output, input?.replace('/input/', '/output/'));
  assert.deepEqual(JSON.parse(captured[input ?? ''] ?? ''), [{ prefix: 's3://data/in/' }, 'a', 'b']);
  assert.deepEqual(JSON.parse(captured[output ?? ''] ?? ''), [{ prefix: 's3://results/a/' }, 'a.out', 'b.out']);

  under.clock.ms += 86_400_000;
  await under.run(started, { resumed: true }).run();
  assert.deepEqual(await under.objects('captured/'), captured);
  const other = await under.create('other', { capture: { uri: 's3://results/captured/' } });
  await under.run({ ...other, startedAt: START - 3_600_000 }).run();
  assert.equal(Object.keys(await under.objects('captured/')).length, 4, 'every job has names of its own');
});

test('a model that cannot be had fails the job, which the data log tells', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const containers = [
    { name: 'one', image: 'model', environment: {} },
    { name: 'two', image: 'broken', environment: {} },
  ];
  const end = await under.run(await under.create('a', { containers })).run();
  assert.equal(end.status, 'Failed');
  assert.match(end.failureReason, /^ClientError: Could not find model data at s3:\/\/models\/x/);
  assert.match(under.logs.dataLog().join(), /^Could not find model data at s3:\/\/models\/x/);
  assert.equal(under.containers.open, 0, 'the first one is disposed of');
  assert.equal(under.requests.length, 0);
});

test('a bucket that is gone by then fails the job', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const job = await under.create('a');
  const definition = job.definition.replace('s3://results/a', 's3://nobodys/a');
  const end = await under.run({ ...job, definition }).run();
  assert.equal(end.status, 'Failed');
  assert.match(end.failureReason, /nobodys/);
});

test('failures are told in the words of the API, and keys stay as they are', async (t) => {
  const under = await jobsUnderTest(t);
  const key = 'in/x--input/ --accept.csv';
  await under.put({ [key]: 'a line without an end '.repeat(60_000), 'in/y': 'y\n' });
  const wishes = { 'max-payload-in-mb': '1' };
  const end = await under.run(await under.create('a', { wishes })).run();
  assert.equal(end.status, 'Failed');
  const told = `1 of 2 objects failed. data/${key}: Too much data for max payload size: `;
  assert(end.failureReason.startsWith(`ClientError: ${told}`), end.failureReason);
  assert.match(end.failureReason, / Raise MaxPayloadInMB \(100 at the most\)\.$/);
  const [settings, ...lines] = under.logs.dataLog();
  assert.match(settings ?? '', /MaxConcurrentTransforms=1, MaxPayloadInMB=1, BatchStrategy=MULTI_RECORD$/);
  for (const line of lines) assert(line.startsWith(`2026-11-22T10:20:30.000:[sagemaker logs]: data/${key}: `), line);
  assert.match(lines.at(-1) ?? '', /Raise MaxPayloadInMB/);
});

test('a server is told what model, job and protocol say, the job before the model', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const job = await under.create('a', {
    wishes: { 'max-concurrent-transforms': '3', 'batch-strategy': 'SingleRecord', 'on-bad-record': 'placeholder' },
    environment: { BOTH: 'job', JOB: '1', SAGEMAKER_BATCH: 'no' },
    containers: [{ image: 'model', modelDataUrl: 's3://data/m', environment: { BOTH: 'model', MODEL: '1' } }],
  });
  await under.run(job).run();
  const [order] = under.containers.orders;
  assert.deepEqual([order?.image, order?.modelDataUrl], ['model', 's3://data/m']);
  assert.deepEqual(order?.environment, {
    BOTH: 'job',
    JOB: '1',
    MODEL: '1',
    SAGEMAKER_BATCH: 'true',
    SAGEMAKER_BATCH_STRATEGY: 'SINGLE_RECORD',
    SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: '3',
  });
});

test('the log streams are there before the model is, one for each container and one for the data', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const gate = Promise.withResolvers<void>();
  under.containers.gate = gate.promise;
  const containers = ['first', 'second'].map((name) => ({ name, image: 'model', environment: {} }));
  const jobs = [await under.create('one'), await under.create('two', { containers })];
  const ends = jobs.map((job) => under.run(job).run());
  await under.when(() => under.containers.orders.length === 2, 'the models to be fetched');
  const [one, two] = jobs.map(({ name }) => [...under.logs.lines.keys()].filter((stream) => stream.startsWith(name)));
  const epoch = Math.floor(START / 1000);
  assert.match(one?.[0] ?? '', new RegExp(`^one/i-[0-9a-f]{17}-${epoch}/data-log$`));
  assert.equal(one?.[1], one?.[0]?.replace('/data-log', ''));
  assert.equal(one?.length, 2);
  const base = two?.[0]?.replace('/data-log', '');
  assert.deepEqual(two, [`${base}/data-log`, `${base}/first`, `${base}/second`]);
  gate.resolve();
  await Promise.all(ends);
  under.containers.orders[0]?.onLine('what the server prints');
  assert.deepEqual(under.logs.lines.get(one?.[1] ?? ''), ['what the server prints']);
});

test('a container that is called as the data log is writes into it', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x\n' });
  const containers = ['first', 'data-log'].map((name) => ({ name, image: 'model', environment: {} }));
  assert.deepEqual(await under.run(await under.create('a', { containers })).run(), { status: 'Completed' });
  assert.equal(under.logs.lines.size, 2);
  under.containers.orders[1]?.onLine('what it prints');
  assert(under.logs.dataLog().includes('what it prints'));
});

test('counters can be read while a job runs', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put(THREE);
  const { asked, answer } = under.holdBack();
  const run = under.run(await under.create('a', { wishes: { 'max-concurrent-transforms': '3' } }));
  const end = run.run();
  await asked;
  await under.when(() => under.requests.length === 3, 'three requests');
  assert.deepEqual([run.progress.objectsTotal, run.progress.bytesTotal, run.progress.objectsDone], [3, 6, 0]);
  answer();
  await end;
  assert.deepEqual([run.progress.objectsDone, run.progress.records, run.progress.requests], [3, 3, 3]);
});
