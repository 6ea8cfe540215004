import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { Fault } from './fault.ts';
import { inputFault } from './job-fault.ts';
import type { ModelDefinition } from './model-definition.ts';
import type { TransformRequest } from './transform-definition.ts';

const SITE = { region: 'eu-west-1', account: '000000000000' };
const ROLE = 'arn:aws:iam::123456789012:role/batch';

function request(S3Uri: string): TransformRequest {
  return {
    TransformJobName: 'j',
    ModelName: 'm',
    TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri } } },
    TransformOutput: { S3OutputPath: 's3://results/out' },
    TransformResources: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1 },
  };
}

const model = (ExecutionRoleArn?: string): ModelDefinition => ({
  ModelName: 'm',
  ...(ExecutionRoleArn === undefined ? {} : { ExecutionRoleArn }),
});

test('an input without objects is told in the words of the original', () => {
  const nothing = new MillraceError('NothingToDo', { location: 's3://data/in' });
  const noBucket = new MillraceError('BucketNotFound', { bucket: 'data', endpoint: 'here' });
  for (const error of [nothing, noBucket]) {
    const fault = inputFault(error, request('s3://data/in'), model(ROLE), SITE);
    assert(fault instanceof Fault);
    assert.equal(fault.code, 'ValidationException');
    assert.equal(
      fault.message,
      `No S3 objects found under S3 URL "s3://data/in" given in input data source. Please ensure that the bucket exists in the selected region (eu-west-1), that objects exist under that S3 prefix, and that the role "${ROLE}" has "s3:ListBucket" permissions on bucket "data".`,
    );
  }
});

test('a model without a role has none in the message, an https address its bucket', () => {
  const nothing = new MillraceError('NothingToDo', { location: 's3://data/in' });
  for (const uri of [
    's3://data',
    's3://data/',
    'https://data.s3.eu-west-1.amazonaws.com/in',
    'https://s3.eu-west-1.amazonaws.com/data/in',
  ]) {
    const fault = inputFault(nothing, request(uri), model(), SITE);
    assert(fault instanceof Fault);
    assert.match(fault.message, /the role "\(none\)" has "s3:ListBucket" permissions on bucket "data"\.$/, uri);
  }
});

test('an input bucket that is not there is told so, however it is written', () => {
  const noBucket = new MillraceError('BucketNotFound', { bucket: 'data', endpoint: 'here' });
  const fault = inputFault(noBucket, request('https://data.s3.amazonaws.com/in'), model(), SITE);
  assert(fault instanceof Fault);
  assert.match(fault.message, /^No S3 objects found under S3 URL "https:\/\/data\.s3\.amazonaws\.com\/in"/);
});

test('a bucket for results that is not there is told without options of the command line', () => {
  const noOutput = new MillraceError('BucketNotFound', { bucket: 'results', endpoint: 'the embedded store' });
  const fault = inputFault(noOutput, request('s3://data/in'), model(ROLE), SITE);
  assert(fault instanceof Fault);
  assert.equal(fault.message, 'There is no bucket "results" at the embedded store. Make it first, or check its name.');
});

test('other errors stay as they are', () => {
  const collision = new MillraceError('OutputCollision', { first: 'a', second: 'b', output: 'c' });
  for (const error of [collision, new Error('x'), 'text', undefined])
    assert.equal(inputFault(error, request('s3://data/in'), model(ROLE), SITE), error);
});
