import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  CreateModelCommand,
  CreateTransformJobCommand,
  DescribeModelCommand,
  waitUntilTransformJobCompletedOrStopped,
} from '@aws-sdk/client-sagemaker';
import { repository } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';
import { lengths, serveLines } from './serve-command.ts';
import { serviceOfFile } from './service.ts';
import {
  describeJob,
  endedJob,
  jobRequest,
  logOf,
  logStreamsOf,
  makeBuckets,
  makeModel,
  modelArchive,
  objectsUnder,
  put,
  ROLE,
  runJob,
} from './service-jobs.ts';

const XGBOOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.5-1';
const INPUTS = { 'in/input1.csv': '1,2,3\n4,5,6\n7,8,9\n', 'in/input2.csv': '0.5,0.25\n-1,1\n' };
/** `free-width.onnx` adds up each row. */
const SUMS = { 'out/input1.csv.out': '6\n15\n24\n', 'out/input2.csv.out': '0.75\n0\n' };
/** `lines.mjs` tells how long each line is. */
const LENGTHS = Object.fromEntries(
  Object.entries(INPUTS).map(([key, text]) => [key.replace('in/', 'lengths/').concat('.out'), lengths(text)]),
);

const image = `*/sagemaker-xgboost:*=cat "$SM_MODEL_DIR/weights" && ${serveLines('--log', 'started.jsonl')}`;
const on = serviceOfFile({ args: ['--image', image] }, async (service, home) => {
  await makeBuckets(service, 'data', 'models');
  await put(service, 'data', INPUTS);
  await home.write('weights', 'the model is unpacked\n');
  await put(service, 'models', {
    'sum/model.tar.gz': await modelArchive(`${repository}test/models`, 'free-width.onnx'),
    'boost/model.tar.gz': await modelArchive(home.folder, 'weights'),
  });
});

describe('the workflow of the tutorial', () => {
  test('upload, model, job, waiting, results, logs', async () => {
    const { service } = on;
    const { sagemaker } = service;
    const container = { Image: 'onnx', ModelDataUrl: 's3://models/sum/model.tar.gz' };
    const { ModelArn } = await sagemaker.send(
      new CreateModelCommand({ ModelName: 'Sum', PrimaryContainer: container, ExecutionRoleArn: ROLE }),
    );
    assert.equal(ModelArn, 'arn:aws:sagemaker:us-east-1:000000000000:model/sum');
    const model = await sagemaker.send(new DescribeModelCommand({ ModelName: 'Sum' }));
    assert.deepEqual(model.PrimaryContainer, container);
    assert.equal(model.ExecutionRoleArn, ROLE);

    const request = jobRequest('Tutorial', { model: 'Sum', input: 's3://data/in/', output: 's3://data/out' });
    const { TransformJobArn } = await sagemaker.send(new CreateTransformJobCommand(request));
    assert.equal(TransformJobArn, 'arn:aws:sagemaker:us-east-1:000000000000:transform-job/tutorial');
    const waiting = { client: sagemaker, maxWaitTime: 30, minDelay: 0.02, maxDelay: 0.1 };
    const waited = await waitUntilTransformJobCompletedOrStopped(waiting, { TransformJobName: 'Tutorial' });
    assert.equal(waited.state, 'SUCCESS');
    assert.deepEqual(await objectsUnder(service, 'data', 'out/'), SUMS);

    const { $metadata, CreationTime, TransformStartTime, TransformEndTime, ...job } = await describeJob(
      service,
      'Tutorial',
    );
    assert.ok(CreationTime && TransformStartTime && TransformEndTime);
    assert.ok(CreationTime <= TransformStartTime && TransformStartTime <= TransformEndTime);
    assert.deepEqual(job, {
      ...request,
      TransformJobArn,
      TransformJobStatus: 'Completed',
      TransformInput: { ...request.TransformInput, CompressionType: 'None' },
      TransformOutput: { ...request.TransformOutput, KmsKeyId: '' },
      DataProcessing: { InputFilter: '$', OutputFilter: '$', JoinSource: 'None' },
    });

    const streams = await logStreamsOf(service, 'Tutorial');
    assert.equal(streams.length, 2);
    const [instance = '', dataLog = ''] = streams;
    assert.match(instance, /^Tutorial\/i-[0-9a-f]{17}-\d{10}$/);
    assert.equal(dataLog, `${instance}/data-log`);
    const [settings = '', ...more] = await logOf(service, dataLog);
    assert.match(
      settings,
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: MaxConcurrentTransforms=\d+, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD$/,
    );
    assert.deepEqual(more, []);
    assert.notDeepEqual(await logOf(service, instance), []);
  });

  for (const host of ['models.s3.us-east-1.amazonaws.com/', 's3.us-east-1.amazonaws.com/models/']) {
    test(`the model's address as https://${host}…`, async () => {
      const name = `at-${host.split('.')[0]}`;
      await makeModel(on.service, name, { Image: 'onnx', ModelDataUrl: `https://${host}sum/model.tar.gz` });
      const output = `s3://data/${name}`;
      const job = await runJob(on.service, name, { model: name, input: 's3://data/in/', output });
      assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
      assert.deepEqual(Object.values(await objectsUnder(on.service, 'data', `${name}/`)), Object.values(SUMS));
    });
  }
});

describe('places', () => {
  test('input and output as https:// addresses', async (t) => {
    const server = await startModelServer(t);
    await makeModel(on.service, 'https', { Image: server.url });
    const job = await runJob(on.service, 'https', {
      model: 'https',
      input: 'https://data.s3.us-east-1.amazonaws.com/in/input1.csv',
      output: 'https://s3.us-east-1.amazonaws.com/data/https',
    });
    assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
    assert.deepEqual(await objectsUnder(on.service, 'data', 'https/'), {
      'https/input1.csv.out': predictions(INPUTS['in/input1.csv']),
    });
  });

  test('compressed input, and folders below the prefix', async (t) => {
    const server = await startModelServer(t);
    await put(on.service, 'data', {
      'zipped/deep/er.csv.gz': gzipSync('1\n22\n'),
      'zipped/empty.csv.gz': gzipSync(''),
    });
    await makeModel(on.service, 'zipped', { Image: server.url });
    const job = await runJob(on.service, 'zipped', {
      model: 'zipped',
      input: 's3://data/zipped/',
      output: 's3://data/unzipped/',
      TransformInput: { CompressionType: 'Gzip' },
    });
    assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
    assert.deepEqual(await objectsUnder(on.service, 'data', 'unzipped/'), {
      'unzipped/deep/er.csv.gz.out': predictions('1\n22\n'),
      'unzipped/empty.csv.gz.out': '',
    });
  });
});

describe('images', () => {
  test('of the original, mapped to a command: the container contract', async () => {
    const { service, home } = on;
    await makeModel(service, 'boost', {
      Image: XGBOOST,
      ModelDataUrl: 's3://models/boost/model.tar.gz',
      Environment: { FROM_MODEL: 'model', FROM_BOTH: 'model' },
    });
    const job = await runJob(service, 'boosted', {
      model: 'boost',
      input: 's3://data/in/',
      output: 's3://data/lengths/',
      MaxPayloadInMB: 2,
      MaxConcurrentTransforms: 3,
      BatchStrategy: 'SingleRecord',
      Environment: { FROM_BOTH: 'job', MILLRACE_MAX_RECORDS_PER_MINI_BATCH: '10' },
    });
    assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
    assert.deepEqual(await objectsUnder(service, 'data', 'lengths/'), LENGTHS);

    const { env } = JSON.parse(await readFile(home.path('started.jsonl'), 'utf8'));
    const told = Object.entries(env).filter(([name]) => /^(FROM_|MILLRACE_|AWS_|SAGEMAKER_(?!BIND))/.test(name));
    assert.deepEqual(Object.fromEntries(told), {
      FROM_MODEL: 'model',
      FROM_BOTH: 'job',
      SAGEMAKER_BATCH: 'true',
      SAGEMAKER_BATCH_STRATEGY: 'SINGLE_RECORD',
      SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: '3',
      SAGEMAKER_MAX_PAYLOAD_IN_MB: '2',
    });
    const [instance = '', dataLog = ''] = await logStreamsOf(service, 'boosted');
    const [unpacked, up, ...invocations] = await logOf(service, instance);
    assert.deepEqual([unpacked, up], ['the model is unpacked', 'the server is up']);
    assert.deepEqual(invocations.sort(), [
      'invocation 1',
      'invocation 2',
      'invocation 3',
      'invocation 4',
      'invocation 5',
    ]);
    assert.match(
      (await logOf(service, dataLog))[0] ?? '',
      /MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD$/,
    );
  });

  test('http://…, a model server that already runs', async (t) => {
    const server = await startModelServer(t);
    await makeModel(on.service, 'running', { Image: server.url });
    const job = await runJob(on.service, 'on-running', {
      model: 'running',
      input: 's3://data/in/input1.csv',
      output: 's3://data/running/',
      TransformOutput: { Accept: 'text/csv' },
    });
    assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
    assert.deepEqual(await objectsUnder(on.service, 'data', 'running/'), {
      'running/input1.csv.out': predictions(INPUTS['in/input1.csv']),
    });
    const [invocation] = server.invocations;
    assert.equal(invocation?.headers['content-type'], 'text/csv');
    assert.equal(invocation?.headers.accept, 'text/csv');
    assert.equal(invocation?.headers['x-amzn-sagemaker-input-object'], 'data/in/input1.csv');
  });

  test('on an instance of the type local', async (t) => {
    const server = await startModelServer(t);
    await makeModel(on.service, 'at-home', { Image: server.url });
    const { status, body } = await on.service.call('CreateTransformJob', {
      ...jobRequest('at-home', { model: 'at-home', input: 's3://data/in/', output: 's3://data/home/' }),
      TransformResources: { InstanceType: 'local', InstanceCount: 1 },
    });
    assert.deepEqual([status, Object.keys(body)], [200, ['TransformJobArn']]);
    const job = await endedJob(on.service, 'at-home');
    assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
    assert.equal(job.TransformResources?.InstanceType, 'local');
  });
});
