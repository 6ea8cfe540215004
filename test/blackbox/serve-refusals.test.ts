import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateModelCommand,
  CreateTransformJobCommand,
  DeleteModelCommand,
  DescribeModelCommand,
  DescribeTransformJobCommand,
  ListTransformJobsCommand,
  ResourceInUse,
  StopTransformJobCommand,
} from '@aws-sdk/client-sagemaker';
import { startModelServer } from './model-server.ts';
import { serviceOfFile } from './service.ts';
import {
  endedJob,
  type JobWish,
  jobRequest,
  makeBuckets,
  makeModel,
  objectsUnder,
  put,
  ROLE,
  runJob,
  startJob,
} from './service-jobs.ts';

const MODEL_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:model/';
const JOB_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:transform-job/';
/** Nothing listens there; models of it are never asked. */
const NEVER_ASKED = { Image: 'http://127.0.0.1:9' };

/** Options of the command line mean nothing to a client, but those of `millrace serve` to whoever runs it. */
const NO_OPTIONS = /--(?!image\b|allow-remote-servers\b|s3\b|s3-endpoint-url\b)[a-z]/;

const on = serviceOfFile({}, async (service) => {
  await makeBuckets(service, 'data', 'models');
  await put(service, 'data', { 'in/a.csv': '1\n' });
  await makeModel(service, 'any', NEVER_ASKED);
});

/** That a job is refused with this text, and that nothing is left of it. */
async function assertRefused(name: string, wish: Partial<JobWish>, message: string | RegExp): Promise<void> {
  const { service } = on;
  const whole = { model: 'any', input: 's3://data/in/', output: 's3://data/out/', ...wish };
  await assert.rejects(startJob(service, name, whole), (error: Error) => {
    assert.equal(error.name, 'ValidationException');
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.doesNotMatch(error.message, NO_OPTIONS);
    return true;
  });
  const { TransformJobSummaries } = await service.sagemaker.send(new ListTransformJobsCommand({ NameContains: name }));
  assert.deepEqual(TransformJobSummaries, [], 'a job that was refused is none');
}

describe('models that cannot be', () => {
  for (const [what, ModelDataUrl] of [
    ['an object that is not there', 's3://models/nothing/model.tar.gz'],
    ['a prefix without objects', 's3://models/nothing/'],
    ['a bucket that is not there', 's3://no-such-bucket/model.tar.gz'],
    ['the https spelling', 'https://models.s3.eu-west-1.amazonaws.com/nothing/model.tar.gz'],
  ] as const) {
    test(`whose data are missing: ${what}`, async () => {
      const PrimaryContainer = { Image: 'onnx', ModelDataUrl };
      const command = new CreateModelCommand({ ModelName: 'no-data', PrimaryContainer, ExecutionRoleArn: ROLE });
      await assert.rejects(on.service.sagemaker.send(command), {
        name: 'ValidationException',
        message: `Could not find model data at ${ModelDataUrl}.`,
      });
    });
  }

  test('whose name is taken, in any case of letters', async () => {
    await makeModel(on.service, 'Taken', NEVER_ASKED);
    for (const name of ['Taken', 'taken']) {
      await assert.rejects(makeModel(on.service, name, NEVER_ASKED), {
        name: 'ValidationException',
        message: `Cannot create already existing model "${MODEL_ARN}taken".`,
      });
    }
  });
});

describe('what is not there', () => {
  test('a model', async () => {
    const { sagemaker } = on.service;
    const refusal = { name: 'ValidationException', message: `Could not find model "${MODEL_ARN}nobody".` };
    await assert.rejects(sagemaker.send(new DescribeModelCommand({ ModelName: 'nobody' })), refusal);
    await assert.rejects(sagemaker.send(new DeleteModelCommand({ ModelName: 'Nobody' })), refusal);
    await assertRefused('of-nobody', { model: 'nobody' }, refusal.message);
  });

  test('a job', async () => {
    const { sagemaker } = on.service;
    const TransformJobName = 'Nobody';
    await assert.rejects(sagemaker.send(new DescribeTransformJobCommand({ TransformJobName })), {
      name: 'ValidationException',
      message: 'Could not find requested job with name: Nobody',
    });
    await assert.rejects(sagemaker.send(new StopTransformJobCommand({ TransformJobName })), {
      name: 'ValidationException',
      message: /^Could not find job to update with name: Nobody/,
    });
  });
});

describe('jobs that cannot be', () => {
  for (const [what, input, bucket] of [
    ['a prefix without objects', 's3://data/nothing/here', 'data'],
    ['a bucket that is not there', 's3://no-such-bucket/in/', 'no-such-bucket'],
    ['the https spelling of a prefix', 'https://data.s3.us-east-1.amazonaws.com/nothing/', 'data'],
    ['the https spelling of a bucket', 'https://s3.us-east-1.amazonaws.com/no-such-bucket/in/', 'no-such-bucket'],
  ] as const) {
    test(`nothing to transform: ${what}`, async () => {
      await assertRefused(
        'no-objects',
        { input },
        `No S3 objects found under S3 URL "${input}" given in input data source. Please ensure that the bucket exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "${ROLE}" has "s3:ListBucket" permissions on bucket "${bucket}".`,
      );
    });
  }

  test('two objects with one output: both are named', async () => {
    await put(on.service, 'data', { 'pre/x.csv': '1\n', 'prex.csv': '2\n' });
    const both =
      /s3:\/\/data\/pre\/x\.csv and s3:\/\/data\/prex\.csv would both be written to s3:\/\/data\/out\/x\.csv\.out/;
    await assertRefused('collision', { input: 's3://data/pre' }, both);
  });

  test('an image that nothing says how to run: with what to do', async () => {
    await makeModel(on.service, 'unmapped', { Image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1' });
    await assertRefused(
      'unmapped',
      { model: 'unmapped' },
      /the image "123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com\/own:1".*--image 'PATTERN=HOW'/,
    );
  });

  test('a model server of another machine', async () => {
    await makeModel(on.service, 'remote', { Image: 'http://10.0.0.1:8080' });
    await assertRefused('remote', { model: 'remote' }, /"http:\/\/10\.0\.0\.1:8080".*--allow-remote-servers/);
  });

  test('a key for encryption that the store does not do', async () => {
    const key = 'alias/mine';
    const refusal = /KMS key "alias\/mine".*does not encrypt\. Leave KmsKeyId out/;
    await assertRefused('encrypted', { TransformOutput: { KmsKeyId: key } }, refusal);
    const DataCaptureConfig = { DestinationS3Uri: 's3://data/captured/', KmsKeyId: key };
    await assertRefused('encrypted', { DataCaptureConfig }, refusal);
  });

  test('an output in a bucket that is not there', async () => {
    await assertRefused('no-bucket', { output: 's3://no-such-bucket/out/' }, /no-such-bucket/);
  });

  test('a model with a ModelDataSource, which may be created', async () => {
    const S3DataSource = {
      S3Uri: 's3://models/nothing/',
      S3DataType: 'S3Prefix',
      CompressionType: 'None',
    } as const;
    await makeModel(on.service, 'with-source', { ...NEVER_ASKED, ModelDataSource: { S3DataSource } });
    await assertRefused(
      'with-source',
      { model: 'with-source' },
      "SageMaker Batch currently doesn't support Model entity with container definitions which use ModelDataSource attribute",
    );
  });

  test('a model whose data have gone since', async () => {
    const ModelDataUrl = 's3://models/gone/model.tar.gz';
    await put(on.service, 'models', { 'gone/model.tar.gz': 'any' });
    await makeModel(on.service, 'gone', { Image: 'onnx', ModelDataUrl });
    await on.service.s3.send(new DeleteObjectCommand({ Bucket: 'models', Key: 'gone/model.tar.gz' }));
    await assertRefused('gone', { model: 'gone' }, `Could not find model data at ${ModelDataUrl}.`);
  });

  test('more memory than there may be, in the words of the API', async () => {
    await assertRefused(
      'too-much',
      { MaxPayloadInMB: 50, MaxConcurrentTransforms: 3 },
      'The value of (MaxConcurrentTransforms * MaxPayloadInMB) cannot exceed 100 MB, but it is 3 * 50 = 150.',
    );
  });
});

test('a name that is taken, and a job that has ended', async (t) => {
  const { service } = on;
  const server = await startModelServer(t);
  await makeModel(service, 'Once', { Image: server.url });
  const wish = { model: 'Once', input: 's3://data/in/', output: 's3://data/once/' };
  const job = await runJob(service, 'Once', wish);
  assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
  const results = await objectsUnder(service, 'data', 'once/');
  for (const name of ['Once', 'once']) {
    const again = service.sagemaker.send(new CreateTransformJobCommand(jobRequest(name, wish)));
    await assert.rejects(again, (error: Error) => {
      assert.ok(error instanceof ResourceInUse, String(error));
      assert.equal(
        error.message,
        `Job name must be unique within an AWS account and region, and a job with this name already exists (${JOB_ARN}once)`,
      );
      return true;
    });
  }
  await assert.rejects(service.sagemaker.send(new StopTransformJobCommand({ TransformJobName: 'Once' })), {
    name: 'ValidationException',
    message: /^The request was rejected because the transform job is in status Completed/,
  });
  assert.equal(server.invocations.length, 1);
  assert.deepEqual(await objectsUnder(service, 'data', 'once/'), results);
});

describe('several clients with one idea', () => {
  const five = <T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
    Promise.allSettled(Array.from({ length: 5 }, work));
  const refusals = (results: readonly PromiseSettledResult<unknown>[]): string[] =>
    results.flatMap((result) => (result.status === 'rejected' ? [result.reason.name] : []));

  test('one model', async () => {
    const results = await five(() => makeModel(on.service, 'race', NEVER_ASKED));
    assert.deepEqual(
      refusals(results),
      Array.from({ length: 4 }, () => 'ValidationException'),
    );
  });

  test('one job', async (t) => {
    const { service } = on;
    const server = await startModelServer(t);
    await makeModel(service, 'race-job', { Image: server.url });
    const wish = { model: 'race-job', input: 's3://data/in/', output: 's3://data/race/' };
    const results = await five(() => startJob(service, 'race-job', wish));
    assert.deepEqual(
      refusals(results),
      Array.from({ length: 4 }, () => 'ResourceInUse'),
    );
    assert.equal((await endedJob(service, 'race-job')).TransformJobStatus, 'Completed');
    assert.equal(server.invocations.length, 1);
  });
});
