import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { eventually } from './eventually.ts';
import { type Gate, gate } from './gate.ts';
import { type ModelServer, predictions, startModelServer } from './model-server.ts';
import { lengths, serveLines } from './serve-command.ts';
import { type Service, ServiceHome } from './service.ts';
import {
  describeJob,
  endedJob,
  logStreamsOf,
  makeBuckets,
  makeModel,
  modelArchive,
  objectsUnder,
  progressOf,
  put,
  startJob,
} from './service-jobs.ts';

/** What a job of these tests reads, and what comes out of it. */
const OBJECTS = Object.fromEntries(
  ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [`in/${key}.csv`, `${key}1\n${key}2\n`]),
);
const RESULTS = Object.fromEntries(
  Object.entries(OBJECTS).map(([key, text]) => [`${key.slice(3)}.out`, predictions(text)]),
);
const WISH = { model: 'any', input: 's3://data/in/', output: 's3://out' };
const ONE_BY_ONE = { ...WISH, MaxConcurrentTransforms: 1 };
/** What the data folder holds when nothing is under way: the state, the logs, the objects. */
const KEPT = /^(millrace\.db|logs\/job\/i-[^/]+(\/data-log)?\.log|s3\/buckets\/(data|out)\/.+)$/;

interface Life {
  readonly home: ServiceHome;
  readonly service: Service;
  readonly server: ModelServer;
  readonly open: Gate;
}

/** A service with everything for a job, of a model that holds back the object `held` until the gate is open. */
async function begun(t: TestContext, held = 'nothing', ...args: string[]): Promise<Life> {
  const home = new ServiceHome(t);
  const open = gate();
  t.after(open.pass);
  const server = await startModelServer(t, {
    invoke: async ({ text, body }) => {
      if (text.startsWith(held)) await open.passed;
      return predictions(body);
    },
  });
  const service = await home.serve({ args });
  await makeBuckets(service, 'data', 'out');
  await put(service, 'data', OBJECTS);
  await makeModel(service, 'any', { Image: server.url });
  return { home, service, server, open };
}

/** How often each object was sent. */
function sent({ invocations }: ModelServer): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { text } of invocations) counts[text.charAt(0)] = (counts[text.charAt(0)] ?? 0) + 1;
  return counts;
}

/** When so many objects are done and written down, what they have come to is not done again. */
async function done(service: Service, count: number): Promise<void> {
  await eventually(
    `${count} objects are done`,
    async () => (await progressOf(service, 'job'))['ObjectsCompleted'] === count,
  );
}

/** That the job ends well in the second life of the service, and nothing but its results is left. */
async function assertFinished({ home }: Life, again: Service): Promise<void> {
  const job = await endedJob(again, 'job');
  assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
  assert.deepEqual(await objectsUnder(again, 'out', ''), RESULTS);
  assert.equal((await progressOf(again, 'job'))['ObjectsCompleted'], 6);
  await again.stop();
  assert.deepEqual(
    (await home.files('data')).filter((file) => !KEPT.test(file)),
    [],
  );
}

describe('SIGTERM', { concurrency: 2 }, () => {
  test('with a job that runs: status 0 within the drain time, and the next start finishes the job', async (t) => {
    const life = await begun(t, 'c', '--drain-timeout-in-seconds', '1');
    const { home, service, server, open } = life;
    await startJob(service, 'job', ONE_BY_ONE);
    await server.arrived(3);
    await done(service, 2);
    const before = await describeJob(service, 'job');
    const asked = Date.now();
    await service.stop();
    assert.ok(Date.now() - asked < 4000, `it took ${Date.now() - asked} ms`);
    open.pass();
    const again = await home.serve();
    const after = await endedJob(again, 'job');
    for (const time of ['CreationTime', 'TransformStartTime'] as const) assert.deepEqual(after[time], before[time]);
    await assertFinished(life, again);
    assert.deepEqual(sent(server), { a: 1, b: 1, c: 2, d: 1, e: 1, f: 1 });
  });

  test('what is in flight is finished first', async (t) => {
    const life = await begun(t, 'c', '--drain-timeout-in-seconds', '30');
    const { home, service, server, open } = life;
    await startJob(service, 'job', ONE_BY_ONE);
    await server.arrived(3);
    const stopped = service.stop();
    open.pass();
    await stopped;
    const first = sent(server);
    assert.equal(first['c'], 1);
    await assertFinished(life, await home.serve());
    assert.deepEqual(sent(server), { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 });
  });
});

describe('kill -9', { concurrency: 2 }, () => {
  test('before the first result', async (t) => {
    const life = await begun(t, 'a');
    const { home, service, server, open } = life;
    await startJob(service, 'job', ONE_BY_ONE);
    await server.arrived(1);
    await service.kill();
    open.pass();
    await assertFinished(life, await home.serve());
    assert.deepEqual(sent(server), { a: 2, b: 1, c: 1, d: 1, e: 1, f: 1 });
  });

  test('between objects: those that are done are not sent again, and all of them are captured once', async (t) => {
    const life = await begun(t, 'd');
    const { home, service, server, open } = life;
    await startJob(service, 'job', { ...ONE_BY_ONE, DataCaptureConfig: { DestinationS3Uri: 's3://data/captured' } });
    await server.arrived(4);
    await done(service, 3);
    await service.kill();
    open.pass();
    const again = await home.serve();
    assert.equal((await endedJob(again, 'job')).TransformJobStatus, 'Completed');
    const captured = Object.values(await objectsUnder(again, 'data', 'captured/')).map((text) => JSON.parse(text));
    const names = Object.keys(OBJECTS).map((key) => key.slice(3));
    assert.deepEqual(captured, [
      [{ prefix: 's3://data/in/' }, ...names],
      [{ prefix: 's3://out/' }, ...names.map((name) => `${name}.out`)],
    ]);
    await assertFinished(life, again);
    assert.deepEqual(sent(server), { a: 1, b: 1, c: 1, d: 2, e: 1, f: 1 });
  });

  for (const request of [2, 4, 6]) {
    test(`whatever is just being done when request ${request} comes`, async (t) => {
      const life = await begun(t);
      const { home, service, server } = life;
      await startJob(service, 'job', { ...WISH, MaxConcurrentTransforms: 2 });
      await server.arrived(request);
      await service.kill();
      await assertFinished(life, await home.serve());
      for (const [object, count] of Object.entries(sent(server))) assert.ok(count <= 2, `${object}: ${count}`);
    });
  }

  test('right after the end of a job: it stays as it is', async (t) => {
    const life = await begun(t);
    const { home, service, server } = life;
    await startJob(service, 'job', WISH);
    const { $metadata: _, ...before } = await endedJob(service, 'job');
    const place = { Bucket: 'out', Key: 'a.csv.out' };
    const written = await service.s3.send(new HeadObjectCommand(place));
    await service.kill();
    const again = await home.serve();
    const { $metadata: __, ...after } = await describeJob(again, 'job');
    assert.deepEqual(after, before);
    const found = await again.s3.send(new HeadObjectCommand(place));
    assert.deepEqual([found.ETag, found.LastModified], [written.ETag, written.LastModified]);
    assert.equal((await logStreamsOf(again, 'job')).length, 2, 'it has not begun another time');
    await assertFinished(life, again);
    assert.deepEqual(sent(server), { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 });
  });

  test('of a job that is being stopped: it is Stopped at the next start', async (t) => {
    const { home, service, server } = await begun(t, 'c', '--drain-timeout-in-seconds', '60');
    await startJob(service, 'job', ONE_BY_ONE);
    await server.arrived(3);
    await done(service, 2);
    await service.sagemaker.send(new StopTransformJobCommand({ TransformJobName: 'job' }));
    assert.equal((await describeJob(service, 'job')).TransformJobStatus, 'Stopping');
    await service.kill();
    const again = await home.serve();
    assert.equal((await endedJob(again, 'job')).TransformJobStatus, 'Stopped');
    const { 'a.csv.out': a, 'b.csv.out': b } = RESULTS;
    assert.deepEqual(await objectsUnder(again, 'out', ''), { 'a.csv.out': a, 'b.csv.out': b });
    assert.equal(server.invocations.length, 3);
    await again.stop();
  });

  test('with jobs that wait: they run in their order after the one that ran', async (t) => {
    const { home, service, server, open } = await begun(t, 'a', '--max-instances', '1');
    for (const name of ['job', 'z', 'y']) await startJob(service, name, { ...WISH, output: `s3://out/${name}` });
    await server.arrived(1);
    await service.kill();
    open.pass();
    const again = await home.serve({ args: ['--max-instances', '1'] });
    const [job, z, y] = [await endedJob(again, 'job'), await endedJob(again, 'z'), await endedJob(again, 'y')];
    for (const { TransformJobStatus, FailureReason } of [job, z, y])
      assert.equal(TransformJobStatus, 'Completed', FailureReason);
    const times = [job.TransformEndTime, z.TransformStartTime, z.TransformEndTime, y.TransformStartTime].map(Number);
    assert.deepEqual(
      times,
      times.toSorted((one, other) => one - other),
    );
    await again.stop();
  });

  test('the model server that it had started, and what that had started, end with it', async (t) => {
    const home = new ServiceHome(t);
    const image = (...args: string[]): string[] => ['--image', `lines=${serveLines(...args)}`];
    const service = await home.serve({ args: image('--hang-at', '2', '--ignore-sigterm', '--grandchild') });
    await makeBuckets(service, 'data', 'out');
    await home.write('weights', 'any');
    await put(service, 'data', { ...OBJECTS, 'model.tar.gz': await modelArchive(home.folder, 'weights') });
    await makeModel(service, 'any', { Image: 'lines', ModelDataUrl: 's3://data/model.tar.gz' });
    await startJob(service, 'job', ONE_BY_ONE);
    await done(service, 1);
    assert.notDeepEqual(await home.files('data/tmp/models'), [], 'the model is unpacked');
    await service.kill();
    await eventually('its processes have ended', async () => (await home.processes()).length === 0, 5000);

    const again = await home.serve({ args: image() });
    const job = await endedJob(again, 'job');
    assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
    const results = Object.fromEntries(
      Object.entries(OBJECTS).map(([key, text]) => [`${key.slice(3)}.out`, lengths(text)]),
    );
    assert.deepEqual(await objectsUnder(again, 'out', ''), results);
    assert.equal((await logStreamsOf(again, 'job')).length, 4, 'both of either life');
    await again.stop();
  });
});
