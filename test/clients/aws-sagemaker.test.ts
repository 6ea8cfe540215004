import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startModelServer } from '../blackbox/model-server.ts';
import { lengths } from '../blackbox/serve-command.ts';
import { type AwsAnswer, all, assertNow } from './aws-answer.ts';
import { AwsJobs, ROLE } from './aws-jobs.ts';
import { awsSuite } from './client-suites.ts';

const ACCOUNT = 'arn:aws:sagemaker:us-east-1:000000000000';

await awsSuite('aws sagemaker', (aws) => {
  const jobs = new AwsJobs(aws);
  const sagemaker = (command: string, ...args: string[]): Promise<AwsAnswer> =>
    aws.json(['sagemaker', command, ...args]);
  const refused = (command: string, ...args: string[]): Promise<string> => aws.refused(['sagemaker', command, ...args]);

  test('create-model: with one container or several; describe, list, delete', async () => {
    await jobs.createModel('Cli-One', 'Image=onnx');
    const one = await sagemaker('describe-model', '--model-name', 'Cli-One');
    assert.deepEqual(one['PrimaryContainer'], { Image: 'onnx' });
    assert.equal(one['ModelArn'], `${ACCOUNT}:model/cli-one`);
    assert.equal(one['ExecutionRoleArn'], ROLE);
    assert.equal(one['EnableNetworkIsolation'], false);
    assertNow(one['CreationTime']);

    const containers = [
      { ContainerHostname: 'a', Image: 'onnx' },
      { ContainerHostname: 'b', Image: 'onnx' },
    ];
    const vpc = { SecurityGroupIds: ['sg-1'], Subnets: ['subnet-1'] };
    await sagemaker(
      'create-model',
      ...['--model-name', 'cli-two', '--containers', JSON.stringify(containers), '--execution-role-arn', ROLE],
      ...['--vpc-config', JSON.stringify(vpc), '--enable-network-isolation', '--tags', 'Key=team,Value=a'],
    );
    const two = await sagemaker('describe-model', '--model-name', 'cli-two');
    assert.deepEqual([two['Containers'], two['VpcConfig'], two['EnableNetworkIsolation']], [containers, vpc, true]);

    await jobs.createModel('cli-three', 'Image=onnx');
    const names = ['--name-contains', 'cli-t', '--sort-by', 'Name', '--sort-order', 'Ascending'];
    const first = await sagemaker('list-models', ...names, '--max-items', '1');
    assert.deepEqual(all(first, 'Models', 'ModelName'), ['cli-three']);
    const rest = await sagemaker('list-models', ...names, '--starting-token', String(first['NextToken']));
    assert.deepEqual(all(rest, 'Models', 'ModelName'), ['cli-two']);
    await sagemaker('delete-model', '--model-name', 'cli-two');
    assert.match(
      await refused('describe-model', '--model-name', 'cli-two'),
      /\(ValidationException\) when calling the DescribeModel operation.*: Could not find model "arn:aws:[^"]*:model\/cli-two"\./,
    );
  });

  test('create-transform-job, describe, wait, list: from the input in a bucket to the results in it', async (t) => {
    const server = await startModelServer(t, { invoke: ({ text }) => lengths(text) });
    await jobs.fill('cli-job', { 'x.csv': 'one\nthree\n' });
    await jobs.createModel('of-cli-job', `Image=${server.url}`);
    const more = ['--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '2', '--max-payload-in-mb', '1'];
    const environment = ['--environment', 'A=1,B=2', '--tags', 'Key=team,Value=a', 'Key=stage,Value=b'];
    const experiment = ['--experiment-config', 'ExperimentName=e,TrialName=t,TrialComponentDisplayName=c'];
    const client = ['--model-client-config', 'InvocationsTimeoutInSeconds=9,InvocationsMaxRetries=0'];
    const created = await jobs.create(
      'Cli-Job',
      'of-cli-job',
      'cli-job',
      ...more,
      ...environment,
      ...experiment,
      ...client,
    );
    assert.deepEqual(created, { TransformJobArn: `${ACCOUNT}:transform-job/cli-job` });
    const job = await jobs.ended('Cli-Job');
    assert.equal(
      await aws.run(['sagemaker', 'wait', 'transform-job-completed-or-stopped', '--transform-job-name', 'Cli-Job']),
      '',
    );
    assert.equal(job['TransformJobStatus'], 'Completed');
    assert.deepEqual(job['Environment'], { A: '1', B: '2' });
    assert.deepEqual(job['ModelClientConfig'], { InvocationsTimeoutInSeconds: 9, InvocationsMaxRetries: 0 });
    assert.deepEqual(
      [job['BatchStrategy'], job['MaxConcurrentTransforms'], job['MaxPayloadInMB']],
      ['SingleRecord', 2, 1],
    );
    assert.deepEqual(job['DataProcessing'], { InputFilter: '$', OutputFilter: '$', JoinSource: 'None' });
    assert.equal(await aws.run(['s3', 'cp', 's3://cli-job/out/Cli-Job/x.csv.out', '-']), '3\n5\n');
    assert.equal(server.invocations.length, 2);
    const listed = await sagemaker('list-transform-jobs', '--name-contains', 'Cli-Job', '--status-equals', 'Completed');
    assert.deepEqual(all(listed, 'TransformJobSummaries', 'TransformJobName'), ['Cli-Job']);

    const arn = String(job['TransformJobArn']);
    await sagemaker('add-tags', '--resource-arn', arn, '--tags', 'Key=team,Value=z');
    await sagemaker('delete-tags', '--resource-arn', arn, '--tag-keys', 'stage');
    assert.deepEqual((await sagemaker('list-tags', '--resource-arn', arn))['Tags'], [{ Key: 'team', Value: 'z' }]);
    assert.match(
      await jobs.create('Cli-Job', 'of-cli-job', 'cli-job').then(String, (error: Error) => error.message),
      /\(ResourceInUse\) when calling the CreateTransformJob operation.*: Job name must be unique within an AWS account/,
    );
  });

  test('stop-transform-job; wait fails for a job that failed', async (t) => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gated = await startModelServer(t, {
      invoke: async () => {
        await gate;
        return { status: 400, body: 'not this' };
      },
    });
    await jobs.fill('cli-ends', { 'x.csv': 'one\n' });
    await jobs.createModel('of-cli-ends', `Image=${gated.url}`);
    await jobs.create('cli-stopped', 'of-cli-ends', 'cli-ends');
    await gated.arrived(1);
    assert.equal((await jobs.describe('cli-stopped'))['TransformJobStatus'], 'InProgress');
    await sagemaker('stop-transform-job', '--transform-job-name', 'cli-stopped');
    open();
    assert.equal((await jobs.ended('cli-stopped'))['TransformJobStatus'], 'Stopped');
    await jobs.create('cli-failed', 'of-cli-ends', 'cli-ends');
    const failed = await jobs.ended('cli-failed');
    assert.equal(failed['TransformJobStatus'], 'Failed');
    assert.match(String(failed['FailureReason']), /^ClientError: .*not this/s);
    assert.match(
      await refused('wait', 'transform-job-completed-or-stopped', '--transform-job-name', 'cli-failed'),
      /Waiter TransformJobCompletedOrStopped failed: Waiter encountered a terminal failure state/,
    );
    assert.match(
      await refused('stop-transform-job', '--transform-job-name', 'cli-failed'),
      /The request was rejected because the transform job is in status Failed/,
    );
  });

  test('sts get-caller-identity', async () => {
    assert.deepEqual(await aws.json(['sts', 'get-caller-identity']), {
      UserId: 'any',
      Account: '000000000000',
      Arn: 'arn:aws:iam::000000000000:user/any',
    });
  });
});
