import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { DeleteModelCommand, type DescribeTransformJobCommandOutput } from '@aws-sdk/client-sagemaker';
import { gate } from './gate.ts';
import { type Invocation, predictions, type Reply, startModelServer } from './model-server.ts';
import { serveScript } from './serve-command.ts';
import { serviceOfFile } from './service.ts';
import {
  endedJob,
  type JobWish,
  logOf,
  logStreamsOf,
  makeBuckets,
  makeModel,
  objectsUnder,
  progressOf,
  put,
  runJob,
  startJob,
} from './service-jobs.ts';

const on = serviceOfFile(
  {
    args: [
      '--image=broken=echo "loading" && echo "no module named torch" >&2 && exit 3',
      `--image=silent=${serveScript('setInterval(() => {}, 1e6)')}`,
      '--startup-timeout-in-seconds=1',
    ],
  },
  (service) => makeBuckets(service, 'data', 'models'),
);

/** Runs a job over these objects with this container; its name is that of everything. */
async function ran(
  name: string,
  Image: string,
  objects: Readonly<Record<string, string>>,
  wish: Partial<JobWish> = {},
): Promise<DescribeTransformJobCommandOutput> {
  const { service } = on;
  await put(
    service,
    'data',
    Object.fromEntries(Object.entries(objects).map(([key, text]) => [`${name}/${key}`, text])),
  );
  await makeModel(service, name, { Image });
  return runJob(service, name, { model: name, input: `s3://data/${name}/`, output: `s3://data/${name}-out/`, ...wish });
}

async function outputsOf(name: string): Promise<Record<string, string>> {
  return objectsUnder(on.service, 'data', `${name}-out/`);
}

/** Answers what has the word in it in this way, the rest as usual. */
async function failing(t: TestContext, word: string, reply: (invocation: Invocation) => Reply): Promise<string> {
  const server = await startModelServer(t, {
    invoke: (invocation) => (invocation.text.includes(word) ? reply(invocation) : predictions(invocation.body)),
  });
  return server.url;
}

/** That a job has failed with such a reason, in the words of the API. */
function assertFailed(
  { TransformJobStatus, FailureReason = '' }: DescribeTransformJobCommandOutput,
  reason: RegExp,
): void {
  assert.equal(TransformJobStatus, 'Failed');
  assert.match(FailureReason, reason);
  assert.ok(FailureReason.length <= 1024);
  assert.doesNotMatch(FailureReason, /--(?!startup-timeout-in-seconds)[a-z]/, 'options of millrace transform');
}

describe('objects that cannot be transformed', () => {
  test('a record that the model refuses: its object and its number, and the others are kept', async (t) => {
    const url = await failing(t, 'bad', () => ({ status: 400, body: 'age must be a number' }));
    const objects = { 'a.csv': '1\n2\n', 'b.csv': '3\nbad\n', 'c.csv': '5\n' };
    const job = await ran('refused', url, objects, { BatchStrategy: 'SingleRecord' });
    assertFailed(
      job,
      /^ClientError: 1 of 3 objects failed\. data\/refused\/b\.csv: .*answered 400 to .* record 2 at byte 2: age must be a number$/,
    );
    assert.deepEqual(await outputsOf('refused'), {
      'refused-out/a.csv.out': predictions('1\n2\n'),
      'refused-out/c.csv.out': predictions('5\n'),
    });
    const { Objects, ObjectsCompleted, ObjectsFailed } = await progressOf(on.service, 'refused');
    assert.deepEqual([Objects, ObjectsCompleted, ObjectsFailed], [3, 2, 1]);
    const [, dataLog = ''] = await logStreamsOf(on.service, 'refused');
    const [, ...lines] = await logOf(on.service, dataLog);
    assert.deepEqual(
      lines.map((line) => line.replace(/^.*\[sagemaker logs\]: /, '')),
      [
        'data/refused/b.csv: ClientError: 400',
        'data/refused/b.csv: ',
        'data/refused/b.csv: Message:',
        'data/refused/b.csv: age must be a number',
        'data/refused/b.csv: (the mini-batch starts with record 2 at byte 2)',
      ],
    );
  });

  test('what the model says is its own, also where it looks like an option of ours', async (t) => {
    const url = await failing(t, 'bad', () => ({ status: 400, body: 'give --input a number' }));
    const job = await ran('its-words', url, { 'a.csv': 'bad\n' });
    assert.match(job.FailureReason ?? '', /: give --input a number$/);
    const [, dataLog = ''] = await logStreamsOf(on.service, 'its-words');
    const lines = await logOf(on.service, dataLog);
    assert.ok(
      lines.some((line) => line.endsWith('a.csv: give --input a number')),
      lines.join('\n'),
    );
  });

  test('a record that is too large: what to raise is named as a member', async (t) => {
    const server = await startModelServer(t);
    const objects = { 'a.csv': `1\n${'x'.repeat(2 ** 20)}\n`, 'b.csv': '2\n' };
    const job = await ran('too-large', server.url, objects, { MaxPayloadInMB: 1 });
    assertFailed(job, /^ClientError: 1 of 2 objects failed\. data\/too-large\/a\.csv: .*record 2.*MaxPayloadInMB/);
    assert.deepEqual(await outputsOf('too-large'), { 'too-large-out/b.csv.out': predictions('2\n') });
  });

  test('a model that fails: told after its retries', async (t) => {
    const url = await failing(t, '1', () => ({ status: 500, headers: { 'Retry-After': '0' }, body: 'out of memory' }));
    const job = await ran('fails', url, { 'a.csv': '1\n' }, { ModelClientConfig: { InvocationsMaxRetries: 1 } });
    assertFailed(
      job,
      /^AlgorithmError: 1 of 1 object failed\. data\/fails\/a\.csv: Bad HTTP status received from algorithm: 500, at the last of 2 tries/,
    );
    assert.deepEqual(await outputsOf('fails'), {});
    assert.equal((await progressOf(on.service, 'fails'))['Retries'], 1);
  });

  test('many of them: as many as fit are named, the rest counted', async (t) => {
    const url = await failing(t, '', () => ({ status: 400, body: 'x'.repeat(500) }));
    const names = Array.from({ length: 9 }, (_, at) => `${at}.csv`);
    const job = await ran('many', url, Object.fromEntries(names.map((name) => [name, '1\n'])));
    assertFailed(job, /^ClientError: 9 of 9 objects failed\. data\/many\/0\.csv: .* \(and 6 more\)$/s);
  });
});

describe('containers that do not serve', () => {
  test('one that exits: its code and its last words', async () => {
    const job = await ran('exits', 'broken', { 'a.csv': '1\n' });
    assertFailed(
      job,
      /^AlgorithmError: The model server exited with code 3\. Its last words:\n(loading\n)?no module named torch/,
    );
    assert.deepEqual(await outputsOf('exits'), {});
    const [instance = ''] = await logStreamsOf(on.service, 'exits');
    assert.deepEqual((await logOf(on.service, instance)).sort(), ['loading', 'no module named torch']);
  });

  test('what ended the job is in its data log, too', async () => {
    await ran('exits-again', 'broken', { 'a.csv': '1\n' });
    const [, dataLog = ''] = await logStreamsOf(on.service, 'exits-again');
    assert.match((await logOf(on.service, dataLog)).join('\n'), /exited with code 3/);
  });

  test('one that never listens', async () => {
    const job = await ran('silent', 'silent', { 'a.csv': '1\n' });
    assertFailed(job, /^AlgorithmError: The model server .* did not answer GET \/ping with 200 within 1 seconds/);
  });

  test('one that goes away', async (t) => {
    const server = await startModelServer(t, {
      invoke: ({ socket, text }) => {
        if (text.startsWith('3')) void server.close().finally(() => socket.destroy());
        return text;
      },
    });
    const objects = { 'a.csv': '1\n', 'b.csv': '2\n', 'c.csv': '3\n', 'd.csv': '4\n' };
    const job = await ran('goes', server.url, objects, { ModelClientConfig: { InvocationsMaxRetries: 0 } });
    assertFailed(job, /^AlgorithmError: .*no longer answers/);
    assert.deepEqual(await outputsOf('goes'), { 'goes-out/a.csv.out': '1\n', 'goes-out/b.csv.out': '2\n' });
  });

  test('a model archive that is none', async () => {
    const { service } = on;
    await put(service, 'models', { 'model.tar.gz': 'no archive' });
    await put(service, 'data', { 'no-archive/a.csv': '1\n' });
    await makeModel(service, 'no-archive', { Image: 'onnx', ModelDataUrl: 's3://models/model.tar.gz' });
    const places = { input: 's3://data/no-archive/', output: 's3://data/no-archive-out/' };
    const job = await runJob(service, 'no-archive', { model: 'no-archive', ...places });
    assertFailed(job, /^ClientError: s3:\/\/models\/model\.tar\.gz is not a model archive \(\.tar\.gz\): /);
  });
});

test('a model that is deleted while its job runs does not matter to it', async (t) => {
  const { service } = on;
  const open = gate();
  const server = await startModelServer(t, { invoke: ({ body }) => open.passed.then(() => predictions(body)) });
  await put(service, 'data', { 'deleted/a.csv': '1\n' });
  await makeModel(service, 'deleted', { Image: server.url });
  await startJob(service, 'deleted', {
    model: 'deleted',
    input: 's3://data/deleted/',
    output: 's3://data/deleted-out/',
  });
  await server.arrived(1);
  await service.sagemaker.send(new DeleteModelCommand({ ModelName: 'deleted' }));
  open.pass();
  const job = await endedJob(service, 'deleted');
  assert.deepEqual([job.TransformJobStatus, job.ModelName], ['Completed', 'deleted']);
});
