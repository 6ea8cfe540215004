import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { never } from '../../test/contract/store-under-test.ts';
import { type JobsUnderTest, jobsUnderTest } from '../../test/jobs-under-test.ts';
import { openLogs } from '../logs/logs-under-test.test.ts';
import { Fault } from './fault.ts';
import { JsonEndpoint } from './json-endpoint.ts';
import type { OperationContext } from './operation.ts';

const SITE = { region: 'us-east-1', account: '000000000000' };
const JOB_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:transform-job';
const MODEL_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:model';

interface EndpointUnderTest {
  readonly under: JobsUnderTest;
  call(target: string, input?: object): Promise<Record<string, unknown>>;
  refused(target: string, input?: object): Promise<readonly [code: string, message: string]>;
}

async function endpoint(t: TestContext, some: Partial<OperationContext> = {}): Promise<EndpointUnderTest> {
  const under = await jobsUnderTest(t);
  const { catalog, stores, containers, logs, clock } = under;
  const context: OperationContext = {
    ...{ site: SITE, catalog, stores, containers, logs, clock },
    reconciler: { wake: () => undefined, progress: () => undefined },
    onChange: () => undefined,
    onUnknownMembers: () => undefined,
    ...some,
  };
  const json = new JsonEndpoint(context, (await openLogs(t)).logs);
  const call = async (target: string, input?: object): Promise<Record<string, unknown>> => {
    const body = input === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(input));
    return (await json.call(target, body, never)) as Record<string, unknown>;
  };
  const refused = async (target: string, input?: object): Promise<readonly [string, string]> => {
    const error = await call(target, input).then(
      () => assert.fail('accepted'),
      (reason: unknown) => reason,
    );
    assert(error instanceof Fault, String(error));
    assert.equal(error.status, 400);
    return [error.code, error.message];
  };
  return { under, call, refused };
}

const model = (ModelName: string) => ({
  ModelName,
  PrimaryContainer: { Image: 'model' },
  ExecutionRoleArn: 'arn:aws:iam::123456789012:role/batch',
});

const job = (TransformJobName: string, more: object = {}) => ({
  TransformJobName,
  ModelName: 'm',
  TransformInput: {
    DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/in/' } },
    SplitType: 'Line',
  },
  TransformOutput: { S3OutputPath: 's3://results/out' },
  TransformResources: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1 },
  ...more,
});

test('a target names a service and its operation', async (t) => {
  const { call } = await endpoint(t);
  assert.deepEqual(await call('SageMaker.CreateModel', model('m')), { ModelArn: `${MODEL_ARN}/m` });
  assert.equal((await call('SageMaker.DescribeModel', { ModelName: 'm' }))['ModelName'], 'm');
  assert.deepEqual(await call('SageMaker.ListTransformJobs'), { TransformJobSummaries: [] });
  assert.equal(await call('SageMaker.DeleteModel', { ModelName: 'm' }), undefined);
  const { logGroups } = await call('Logs_20140328.DescribeLogGroups', {});
  assert.equal((logGroups as { logGroupName: string }[])[0]?.logGroupName, '/aws/sagemaker/TransformJobs');
});

test('targets that are not here are refused with those that are', async (t) => {
  const { refused } = await endpoint(t);
  for (const target of [
    '',
    '.',
    'sagemaker.ListModels',
    'DynamoDB_20120810.ListTables',
    'SageMakerListModels',
    '__proto__.x',
  ]) {
    const [code, message] = await refused(target, {});
    assert.equal(code, 'UnknownOperationException');
    assert.match(message, /names no service that is here: SageMaker, Logs_20140328\.$/);
  }
  for (const [target, told] of [
    ['SageMaker.CreateTransformJobs', /Did you mean CreateTransformJob\?/],
    ['SageMaker.CreateEndpoint', /The operation CreateEndpoint of Amazon SageMaker is not available/],
    ['SageMaker.constructor', /The operation constructor of/],
    ['SageMaker.', /The operation {2}of/],
    ['SageMaker', /The operation {2}of/],
    ['SageMaker.ListModels.x', /The operation ListModels\.x of/],
    ['Logs_20140328.PutLogEvents', /of CloudWatch Logs is not available.* Available are DescribeLogGroups,/],
  ] as const) {
    const [code, message] = await refused(target, {});
    assert.equal(code, 'UnknownOperationException');
    assert.match(message, told);
  }
});

test('what is no JSON, or of another type, is refused', async (t) => {
  const { refused } = await endpoint(t);
  assert.equal((await refused('SageMaker.ListModels', []))[0], 'SerializationException');
  assert.equal((await refused('SageMaker.DescribeModel'))[0], 'ValidationException');
});

test('what the user has done wrong is told in the words of the API', async (t) => {
  const { call, refused, under } = await endpoint(t);
  await under.put({ 'in/a': 'x\n' });
  await call('SageMaker.CreateModel', model('m'));
  for (const [more, told] of [
    [{ DataProcessing: { InputFilter: '$.a' } }, /^InputFilter and no ContentType do not go together: /],
    [{ DataProcessing: { InputFilter: '$[' } }, /^Invalid InputFilter: "\$\["\./],
    [
      { Environment: { MILLRACE_CSV_HEADER: '--accept' } },
      /^Environment cannot be "MILLRACE_CSV_HEADER=--accept": it is one of/,
    ],
    [{ Environment: { MILLRACE_MAX_BAD_RECORDS: '5' } }, /^MILLRACE_MAX_BAD_RECORDS and MILLRACE_ON_BAD_RECORD fail/],
    [{ TransformOutput: { S3OutputPath: 's3://nobodys/x' } }, /^There is no bucket "nobodys"/],
    [
      { TransformOutput: { S3OutputPath: 'https://host/--input' } },
      /^S3OutputPath cannot be "https:\/\/host\/--input": /,
    ],
  ] as const) {
    const [code, message] = await refused('SageMaker.CreateTransformJob', job('a', more));
    assert.equal(code, 'ValidationException', message);
    assert.match(message, told);
  }
  assert.equal(await under.catalog.jobs.get('a'), undefined);
});

test('what is not the fault of the user is passed on as it is', async (t) => {
  const broken = new Error('the disk is gone');
  const { under } = await endpoint(t);
  const jobs = { list: () => Promise.reject(broken) } as unknown as OperationContext['catalog']['jobs'];
  const { call } = await endpoint(t, { catalog: { ...under.catalog, jobs } });
  await assert.rejects(call('SageMaker.ListTransformJobs', {}), broken);
});

test('names that differ only in case have one ARN, so there is one of them', async (t) => {
  const { call, refused, under } = await endpoint(t);
  await under.put({ 'in/a': 'x\n' });
  await call('SageMaker.CreateModel', model('m'));
  const [code, message] = await refused('SageMaker.CreateModel', model('M'));
  assert.deepEqual([code, message], ['ValidationException', `Cannot create already existing model "${MODEL_ARN}/m".`]);
  await call('SageMaker.CreateTransformJob', job('My-Job', { Tags: [{ Key: 'k', Value: 'v' }] }));
  const exists = `Job name must be unique within an AWS account and region, and a job with this name already exists (${JOB_ARN}/my-job)`;
  for (const name of ['My-Job', 'my-job', 'MY-JOB'])
    assert.deepEqual(await refused('SageMaker.CreateTransformJob', job(name)), ['ResourceInUse', exists]);
  assert.equal(
    (await refused('SageMaker.DescribeTransformJob', { TransformJobName: 'my-job' }))[0],
    'ValidationException',
  );
  const { Tags } = await call('SageMaker.ListTags', { ResourceArn: `${JOB_ARN}/my-job` });
  assert.deepEqual(Tags, [{ Key: 'k', Value: 'v' }]);
});

test('of two requests for one name at the same time one is refused', async (t) => {
  const { call, under } = await endpoint(t);
  await under.put({ 'in/a': 'x\n' });
  await call('SageMaker.CreateModel', model('m'));
  const outcomes = await Promise.allSettled(
    ['same', 'SAME', 'Same'].map((name) => call('SageMaker.CreateTransformJob', job(name))),
  );
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [(outcome.reason as Fault).code] : [],
  );
  assert.deepEqual(reasons, ['ResourceInUse', 'ResourceInUse']);
  assert.equal((await under.catalog.jobs.counts()).InProgress, 1);
});
