import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ListTagsCommand, StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { type Gate, gate } from './gate.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { type Service, serviceOfFile } from './service.ts';
import {
  describeJob,
  endedJob,
  type JobWish,
  jobIn,
  logStreamsOf,
  makeBuckets,
  makeModel,
  objectsUnder,
  progressOf,
  put,
  runJob,
  startJob,
} from './service-jobs.ts';

interface Gated {
  readonly server: ModelServer;
  /** Opened at the latest when the test is over. */
  readonly open: Gate;
}

/** A model that gives back what it gets, but holds back what has this word in it until the gate is open. */
async function gated(t: TestContext, service: Service, model: string, word: string): Promise<Gated> {
  const open = gate();
  t.after(open.pass);
  const server = await startModelServer(t, {
    invoke: async ({ text }) => {
      if (text.includes(word)) await open.passed;
      return text;
    },
  });
  await makeModel(service, model, { Image: server.url });
  return { server, open };
}

/** A job over these objects, below its own name. */
async function startOver(
  service: Service,
  name: string,
  model: string,
  objects: Readonly<Record<string, string>>,
  wish: Partial<JobWish> = {},
): Promise<void> {
  await put(
    service,
    'data',
    Object.fromEntries(Object.entries(objects).map(([key, text]) => [`${name}/${key}`, text])),
  );
  await startJob(service, name, { model, input: `s3://data/${name}/`, output: `s3://out/${name}/`, ...wish });
}

function stop({ sagemaker }: Service, TransformJobName: string): Promise<unknown> {
  return sagemaker.send(new StopTransformJobCommand({ TransformJobName }));
}

const texts = ({ invocations }: ModelServer): string[] => invocations.map(({ text }) => text);

describe('with one instance', () => {
  const args = ['--max-instances', '1', '--drain-timeout-in-seconds', '1'];
  const on = serviceOfFile({ args }, (service) => makeBuckets(service, 'data', 'out'));

  test('jobs run in the order of their creation; those that wait are InProgress and have not started', async (t) => {
    const { service } = on;
    const { server, open } = await gated(t, service, 'ordered', 'first');
    // Neither in the order of their names nor of the time that they take.
    for (const name of ['z-first', 'b-second', 'a-third'])
      await startOver(service, name, 'ordered', { x: `${name}\n` });
    await server.arrived(1);
    for (const name of ['b-second', 'a-third']) {
      const { TransformJobStatus, TransformStartTime } = await describeJob(service, name);
      assert.deepEqual([TransformJobStatus, TransformStartTime], ['InProgress', undefined]);
      assert.deepEqual(await logStreamsOf(service, name), []);
    }
    assert.ok((await describeJob(service, 'z-first')).TransformStartTime);
    assert.deepEqual(texts(server), ['z-first\n']);
    open.pass();
    const [first, second, third] = [
      await endedJob(service, 'z-first'),
      await endedJob(service, 'b-second'),
      await endedJob(service, 'a-third'),
    ];
    assert.deepEqual(texts(server), ['z-first\n', 'b-second\n', 'a-third\n']);
    for (const [before, after] of [
      [first, second],
      [second, third],
    ]) {
      assert.ok(before?.TransformEndTime && after?.TransformStartTime);
      assert.ok(before.TransformEndTime <= after.TransformStartTime);
    }
  });

  test('a job that waits is stopped at once, and its place goes to the next one', async (t) => {
    const { service } = on;
    const { server, open } = await gated(t, service, 'busy', 'busy');
    for (const name of ['busy', 'waiting', 'next']) await startOver(service, name, 'busy', { x: `${name}\n` });
    await server.arrived(1);
    await stop(service, 'waiting');
    const stopped = await jobIn(service, 'waiting', 'Stopped');
    assert.equal(stopped.TransformStartTime, undefined);
    assert.ok(stopped.TransformEndTime);
    assert.equal((await describeJob(service, 'busy')).TransformJobStatus, 'InProgress');
    open.pass();
    assert.equal((await endedJob(service, 'next')).TransformJobStatus, 'Completed');
    assert.deepEqual(texts(server), ['busy\n', 'next\n']);
    assert.deepEqual(await objectsUnder(service, 'out', 'waiting/'), {});
  });

  test('a job that runs: Stopping, then Stopped; what is finished stays, what is not is removed', async (t) => {
    const { service, home } = on;
    const { server, open } = await gated(t, service, 'running', 'b2\n');
    const lines = Array.from({ length: 50 }, (_, at) => `b${at + 1}\n`);
    const objects = { a: 'a1\n', b: lines.join(''), c: 'c1\n' };
    const wish = { BatchStrategy: 'SingleRecord', MaxConcurrentTransforms: 1 } as const;
    await startOver(service, 'running', 'running', objects, wish);
    await server.arrived(3);
    await stop(service, 'running');
    assert.equal((await describeJob(service, 'running')).TransformJobStatus, 'Stopping');
    await stop(service, 'running'); // once more is no error
    const { status, body } = await service.call('DeleteTransformJob', { TransformJobName: 'running' });
    assert.deepEqual([status, body['__type']], [400, 'ResourceInUse']);
    open.pass();
    const stopped = await jobIn(service, 'running', 'Stopped');
    assert.ok(stopped.TransformStartTime && stopped.TransformEndTime);
    assert.equal(stopped.FailureReason, undefined);
    // The request in flight is answered; one more may have been ready to go.
    assert.deepEqual(texts(server).slice(0, 3), ['a1\n', 'b1\n', 'b2\n']);
    assert.ok(server.invocations.length <= 4, texts(server).join());
    assert.deepEqual(await objectsUnder(service, 'out', 'running/'), { 'running/a.out': 'a1\n' });
    await home.assertNothingUnderWay();
    await assert.rejects(stop(service, 'running'), {
      name: 'ValidationException',
      message: /^The request was rejected because the transform job is in status Stopped/,
    });
  });

  test('a model that does not answer does not keep a job from being stopped', async (t) => {
    const { service, home } = on;
    const { server } = await gated(t, service, 'hangs', 'x');
    await startOver(service, 'hangs', 'hangs', { a: '1\n', b: 'x\n', c: '3\n' }, { MaxConcurrentTransforms: 1 });
    await server.arrived(2);
    await stop(service, 'hangs');
    assert.equal((await endedJob(service, 'hangs')).TransformJobStatus, 'Stopped');
    assert.deepEqual(await objectsUnder(service, 'out', 'hangs/'), { 'hangs/a.out': '1\n' });
    await home.assertNothingUnderWay();
  });

  test('nor does one that never gets up', async (t) => {
    const { service } = on;
    const asked = gate();
    const ping = (): { status: number } => {
      asked.pass();
      return { status: 503 };
    };
    const server = await startModelServer(t, { ping });
    await makeModel(service, 'never-up', { Image: server.url });
    await startOver(service, 'never-up', 'never-up', { a: '1\n' });
    await asked.passed;
    assert.ok((await describeJob(service, 'never-up')).TransformStartTime);
    await stop(service, 'never-up');
    assert.equal((await endedJob(service, 'never-up')).TransformJobStatus, 'Stopped');
  });

  test('how far a job is, while it runs and when it has ended', async (t) => {
    const { service } = on;
    const { server, open } = await gated(t, service, 'far', 'b');
    const objects = { a: 'a1\na2\n', b: 'b1\nb2\nb3\n' };
    await startOver(service, 'far', 'far', objects, { MaxConcurrentTransforms: 1 });
    await server.arrived(2);
    const { Requests: _requests, ...running } = await progressOf(service, 'far');
    const known = { Objects: 2, ObjectsFailed: 0, Bytes: 15, BadRecords: 0, Retries: 0 };
    // The first object may be on its way to the disk, and its outcome to the ledger.
    const { ObjectsCompleted, BytesTransformed, Records, OutputBytes, ...rest } = running;
    assert.deepEqual(rest, known);
    assert.ok((ObjectsCompleted ?? 2) <= 1);
    for (const [count, most] of [
      [BytesTransformed, 6],
      [Records, 2],
      [OutputBytes, 6],
    ] as const) {
      assert.ok(count === 0 || count === most, JSON.stringify(running));
    }
    open.pass();
    await endedJob(service, 'far');
    assert.deepEqual(await progressOf(service, 'far'), {
      ...known,
      ObjectsCompleted: 2,
      BytesTransformed: 15,
      Records: 5,
      OutputBytes: 15,
      Requests: 2,
    });
  });
});

describe('with three instances', () => {
  const on = serviceOfFile({ args: ['--max-instances', '3'] }, (service) => makeBuckets(service, 'data', 'out'));

  test('three jobs at a time, the fourth waits for any of them', async (t) => {
    const { service } = on;
    const { server, open } = await gated(t, service, 'side', 'held');
    const names = ['s1', 's2', 's3', 's4'];
    for (const name of names)
      await startOver(service, name, 'side', { x: `${name} ${name === 's2' ? 'stays' : 'held'}\n` });
    // The second one does not stay at the gate, so that the fourth takes its place.
    await server.arrived(4);
    assert.equal((await endedJob(service, 's2')).TransformJobStatus, 'Completed');
    assert.equal(server.mostOpen, 3);
    await startOver(service, 's5', 'side', { x: 's5\n' });
    const waiting = await describeJob(service, 's5');
    assert.deepEqual([waiting.TransformJobStatus, waiting.TransformStartTime], ['InProgress', undefined]);
    open.pass();
    for (const name of [...names, 's5']) assert.equal((await endedJob(service, name)).TransformJobStatus, 'Completed');
    assert.deepEqual(texts(server).sort(), ['s1 held\n', 's2 stays\n', 's3 held\n', 's4 held\n', 's5\n']);
  });

  test('DeleteTransformJob: the job, its tags and logs go, its results stay, its name is free', async (t) => {
    const { service } = on;
    const { server } = await gated(t, service, 'deleted', 'nothing');
    const wish = { model: 'deleted', input: 's3://data/deleted/', output: 's3://out/deleted/' };
    await put(service, 'data', { 'deleted/x': '1\n' });
    const job = await runJob(service, 'deleted', { ...wish, Tags: [{ Key: 'team', Value: 'fraud' }] });
    assert.equal((await logStreamsOf(service, 'deleted')).length, 2);
    assert.deepEqual(await service.call('DeleteTransformJob', { TransformJobName: 'deleted' }), {
      status: 200,
      body: {},
    });
    await assert.rejects(describeJob(service, 'deleted'), {
      message: 'Could not find requested job with name: deleted',
    });
    assert.deepEqual(await logStreamsOf(service, 'deleted'), []);
    await assert.rejects(service.sagemaker.send(new ListTagsCommand({ ResourceArn: job.TransformJobArn })), {
      message: `Could not find resource "${job.TransformJobArn}".`,
    });
    assert.deepEqual(await objectsUnder(service, 'out', 'deleted/'), { 'deleted/x.out': '1\n' });

    const again = await runJob(service, 'deleted', wish);
    assert.equal(again.TransformJobStatus, 'Completed', again.FailureReason);
    assert.equal(again.TransformJobArn, job.TransformJobArn);
    assert.deepEqual(
      (await service.sagemaker.send(new ListTagsCommand({ ResourceArn: job.TransformJobArn }))).Tags,
      [],
    );
    assert.equal(server.invocations.length, 2);
  });

  test('DeleteTransformJob of a job that runs, and of none', async (t) => {
    const { service } = on;
    const { server, open } = await gated(t, service, 'undeleted', 'held');
    await startOver(service, 'undeleted', 'undeleted', { x: 'held\n' });
    await server.arrived(1);
    assert.deepEqual(await service.call('DeleteTransformJob', { TransformJobName: 'undeleted' }), {
      status: 400,
      body: {
        __type: 'ResourceInUse',
        message:
          'The request was rejected because the transform job is in status InProgress. Stop it with StopTransformJob first.',
      },
    });
    open.pass();
    assert.equal((await endedJob(service, 'undeleted')).TransformJobStatus, 'Completed');
    const { body } = await service.call('DeleteTransformJob', { TransformJobName: 'nobody' });
    assert.equal(body['message'], 'Could not find requested job with name: nobody');
  });
});
