import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { DescribeTransformJobCommandOutput } from '@aws-sdk/client-sagemaker';
import { type Invocation, type ModelServer, type Reply, startModelServer } from './model-server.ts';
import { serviceOfFile } from './service.ts';
import { type JobWish, logStreamsOf, makeBuckets, makeModel, objectsUnder, put, runJob } from './service-jobs.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RANDOM_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const on = serviceOfFile({}, (service) => makeBuckets(service, 'data', 'results'));

interface Ran {
  readonly job: DescribeTransformJobCommandOutput;
  /** By their keys behind the name of the job. */
  readonly outputs: Record<string, string>;
  readonly server: ModelServer;
}

/** Runs a job over these objects, all under its name: its model, its input, its output. */
async function ran(
  t: TestContext,
  name: string,
  objects: Readonly<Record<string, string>>,
  invoke: (invocation: Invocation) => Reply,
  wish: Partial<JobWish> = {},
): Promise<Ran> {
  const { service } = on;
  const server = await startModelServer(t, { invoke });
  await put(
    service,
    'data',
    Object.fromEntries(Object.entries(objects).map(([key, text]) => [`${name}/${key}`, text])),
  );
  await makeModel(service, name, { Image: server.url });
  const places = { input: `s3://data/${name}/`, output: `s3://results/${name}/` };
  const job = await runJob(service, name, { model: name, ...places, ...wish });
  const outputs = await objectsUnder(service, 'results', `${name}/`);
  const named = Object.entries(outputs).map(([key, text]) => [key.slice(name.length + 1), text]);
  return { job, outputs: Object.fromEntries(named), server };
}

function assertCompleted({ TransformJobStatus, FailureReason }: DescribeTransformJobCommandOutput): void {
  assert.equal(TransformJobStatus, 'Completed', FailureReason);
}

/** Every line between brackets. */
const bracketed = ({ text }: Invocation): string => text.replaceAll(/[^\n]+/g, (line) => `[${line}]`);
/** How many columns each line has. */
const widths = ({ text }: Invocation): string => text.replaceAll(/[^\n]+/g, (line) => String(line.split(',').length));

const manifest = (name: string): Partial<JobWish> => ({
  TransformInput: {
    DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: `s3://data/${name}/list.manifest` } },
  },
});

describe('manifests', () => {
  test('the objects that it lists, named relative to its prefix', async (t) => {
    const list = JSON.stringify([{ prefix: 's3://data/listed/' }, 'one.csv', 'deep/two.csv']);
    const objects = { 'list.manifest': list, 'one.csv': '1\n', 'deep/two.csv': '2\n', 'three.csv': '3\n' };
    const { job, outputs } = await ran(t, 'listed', objects, bracketed, manifest('listed'));
    assertCompleted(job);
    assert.deepEqual(outputs, { 'one.csv.out': '[1]\n', 'deep/two.csv.out': '[2]\n' });
  });

  test('an object that does not exist fails alone, with its key', async (t) => {
    const list = JSON.stringify([{ prefix: 's3://data/holes/' }, 'one.csv', 'nothing.csv']);
    const { job, outputs } = await ran(
      t,
      'holes',
      { 'list.manifest': list, 'one.csv': '1\n' },
      bracketed,
      manifest('holes'),
    );
    assert.equal(job.TransformJobStatus, 'Failed');
    assert.match(job.FailureReason ?? '', /^ClientError: 1 of 2 objects failed\. data\/holes\/nothing\.csv: /);
    assert.deepEqual(outputs, { 'one.csv.out': '[1]\n' });
  });

  test('one that is none is refused with the reason and the position', async (t) => {
    const objects = { 'list.manifest': '[{"prefix": "s3://data/"}, 1]', 'x.csv': '1\n' };
    const refused = ran(t, 'no-manifest', objects, bracketed, manifest('no-manifest'));
    await assert.rejects(refused, {
      name: 'ValidationException',
      message: /^s3:\/\/data\/no-manifest\/list\.manifest is not a manifest: .*(1|second|2)/,
    });
  });
});

describe('data processing', () => {
  test('CSV: input filter, join, output filter', async (t) => {
    const { job, outputs, server } = await ran(t, 'joined', { 'a.csv': 'id1,2,3\nid2,4,5\n' }, widths, {
      DataProcessing: { InputFilter: '$[1:]', JoinSource: 'Input', OutputFilter: '$[0,-1]' },
      TransformOutput: { Accept: 'text/csv' },
    });
    assertCompleted(job);
    assert.deepEqual(
      server.invocations.map(({ text }) => text),
      ['2,3\n4,5\n'],
    );
    assert.deepEqual(outputs, { 'a.csv.out': 'id1,2\nid2,2\n' });
    assert.deepEqual(job.DataProcessing, { InputFilter: '$[1:]', JoinSource: 'Input', OutputFilter: '$[0,-1]' });
  });

  test('JSON Lines: joined, and no number is rounded', async (t) => {
    const { job, outputs } = await ran(
      t,
      'jsonlines',
      { 'a.jsonl': '{"id": 9007199254740993, "x": 1}\n{"id": 2, "x": 1e400}\n' },
      ({ text }) => text.replaceAll(/[^\n]+/g, '{"score": 0.50}'),
      {
        DataProcessing: { InputFilter: '$.x', JoinSource: 'Input', OutputFilter: "$['id','SageMakerOutput']" },
        TransformInput: { ContentType: 'application/jsonlines' },
        TransformOutput: { Accept: 'application/jsonlines' },
      },
    );
    assertCompleted(job);
    const lines = (outputs['a.jsonl.out'] ?? '').replaceAll(' ', '');
    assert.equal(
      lines,
      '{"id":9007199254740993,"SageMakerOutput":{"score":0.50}}\n{"id":2,"SageMakerOutput":{"score":0.50}}\n',
    );
  });

  test('a filter that cannot be is refused where it was made, with its position', async (t) => {
    const refused = ran(t, 'no-path', { 'a.csv': '1\n' }, widths, { DataProcessing: { OutputFilter: '$[0' } });
    await assert.rejects(refused, {
      name: 'ValidationException',
      message: /^Invalid OutputFilter: "\$\[0"\. .*position/,
    });
  });

  test('a join whose answer is of another type is refused in the words of the API', async (t) => {
    const refused = ran(t, 'other-type', { 'a.csv': '1\n' }, widths, {
      DataProcessing: { JoinSource: 'Input' },
      TransformOutput: { Accept: 'application/json' },
    });
    await assert.rejects(refused, ({ name, message }: Error) => {
      assert.equal(name, 'ValidationException');
      assert.match(message, /JoinSource/);
      assert.doesNotMatch(message, /--/);
      return true;
    });
  });
});

test('data capture: two manifests of one name, and inference ids', async (t) => {
  const started = Date.now();
  const { job, outputs } = await ran(t, 'captured', { 'a.csv': '1\n2\n', 'b.csv': '3\n' }, widths, {
    DataCaptureConfig: { DestinationS3Uri: 's3://data/captures/', GenerateInferenceId: true },
  });
  assertCompleted(job);
  const ids = new Set<string>();
  for (const line of `${outputs['a.csv.out']}${outputs['b.csv.out']}`.trimEnd().split('\n')) {
    const [width, id = '', time = ''] = line.split(',');
    assert.equal(width, '1');
    assert.match(id, RANDOM_UUID);
    assert.equal(time, job.TransformStartTime?.toISOString().replace(/\.\d+Z$/, 'Z'));
    ids.add(id);
  }
  assert.equal(ids.size, 3);

  const captured = await objectsUnder(on.service, 'data', 'captures/');
  const [[input = '', inputs = ''] = [], [output = '', written = ''] = [], ...more] = Object.entries(captured);
  assert.deepEqual(more, []);
  const [, hour = '', uuid = ''] = /^captures\/input\/(\d{4}\/\d\d\/\d\d\/\d\d)\/(.*)\.json$/.exec(input) ?? [];
  const hours = [started, Date.now()].map((ms) => new Date(ms).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/'));
  assert.ok(hours.includes(hour), input);
  assert.match(uuid, UUID);
  assert.equal(output, `captures/output/${hour}/${uuid}.json`);
  assert.deepEqual(JSON.parse(inputs), [{ prefix: 's3://data/captured/' }, 'a.csv', 'b.csv']);
  assert.deepEqual(JSON.parse(written), [{ prefix: 's3://results/captured/' }, 'a.csv.out', 'b.csv.out']);
});

test('a pipeline of two containers, each with its log', async (t) => {
  const { service } = on;
  const [first, second] = [
    await startModelServer(t, {
      invoke: (invocation) => ({ headers: { 'Content-Type': 'text/x-features' }, body: bracketed(invocation) }),
    }),
    await startModelServer(t, { invoke: ({ text }) => text.replaceAll(/[^\n]+/g, (line) => String(line.length)) }),
  ];
  await put(service, 'data', { 'piped/a.csv': '1\n22\n' });
  await makeModel(
    service,
    'piped',
    { Image: first.url, ContainerHostname: 'features' },
    { Image: second.url, ContainerHostname: 'score' },
  );
  const job = await runJob(service, 'piped', {
    model: 'piped',
    input: 's3://data/piped/',
    output: 's3://results/piped',
  });
  assertCompleted(job);
  assert.deepEqual(await objectsUnder(service, 'results', 'piped/'), { 'piped/a.csv.out': '3\n4\n' });
  assert.equal(second.invocations[0]?.headers['content-type'], 'text/x-features');
  const streams = (await logStreamsOf(service, 'piped')).map((stream) => stream.replace(/^piped\/i-[^/]+/, ''));
  assert.deepEqual(streams, ['/data-log', '/features', '/score']);
});

describe('settings that the original has no members for', () => {
  /** Refuses what has a bad record in it, as models do. */
  const picky = (invocation: Invocation): Reply =>
    invocation.text.includes('bad') ? { status: 400, body: 'no number' } : bracketed(invocation);

  test('a placeholder for a bad record, and what was wrong with it', async (t) => {
    const { job, outputs } = await ran(t, 'placeholders', { 'a.csv': '1\nbad\n3\n' }, picky, {
      Environment: { MILLRACE_ON_BAD_RECORD: 'placeholder', MILLRACE_BAD_RECORD_PLACEHOLDER: 'n/a' },
    });
    assertCompleted(job);
    const { 'a.csv.out': output, 'a.csv.out.errors.jsonl': errors = '', ...more } = outputs;
    assert.equal(output, '[1]\nn/a\n[3]\n');
    assert.deepEqual(more, {});
    const { object, record, status, body } = JSON.parse(errors);
    assert.deepEqual([object, record, status, body], ['data/placeholders/a.csv', 2, 400, 'no number']);
    assert.equal(job.Environment?.['MILLRACE_ON_BAD_RECORD'], 'placeholder');
  });

  test('more of them than are allowed: Failed, named as the variable', async (t) => {
    const { job, outputs } = await ran(t, 'too-many', { 'a.csv': 'bad\n2\nbad\n', 'b.csv': '4\n' }, picky, {
      Environment: { MILLRACE_ON_BAD_RECORD: 'placeholder', MILLRACE_MAX_BAD_RECORDS: '1' },
    });
    assert.equal(job.TransformJobStatus, 'Failed');
    assert.match(
      job.FailureReason ?? '',
      /^ClientError: 1 of 2 objects failed\. data\/too-many\/a\.csv: 2 bad records, 1 allowed \(MILLRACE_MAX_BAD_RECORDS\)/,
    );
    assert.deepEqual(outputs, { 'b.csv.out': '[4]\n' });
  });

  test('a CSV header, which the model does not get', async (t) => {
    const { job, outputs, server } = await ran(t, 'header', { 'a.csv': 'name\n1\n' }, bracketed, {
      Environment: { MILLRACE_CSV_HEADER: 'drop' },
    });
    assertCompleted(job);
    assert.deepEqual(
      server.invocations.map(({ text }) => text),
      ['1\n'],
    );
    assert.deepEqual(outputs, { 'a.csv.out': 'name\n[1]\n' });
  });

  for (const [name, value, message] of [
    [
      'MILLRACE_ON_BAD_RECORDS',
      'placeholder',
      /MILLRACE_ON_BAD_RECORDS=placeholder.*Did you mean MILLRACE_ON_BAD_RECORD\?/,
    ],
    ['MILLRACE_ON_BAD_RECORD', 'placeholders', /MILLRACE_ON_BAD_RECORD=placeholders.*fail, placeholder/],
  ] as const) {
    test(`refused: ${name}=${value}`, async (t) => {
      const refused = ran(t, `refused-${value}`, { 'a.csv': '1\n' }, picky, { Environment: { [name]: value } });
      await assert.rejects(refused, { name: 'ValidationException', message });
    });
  }
});
