import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exchange, faultOf, target } from './raw-http.ts';
import { serviceOfFile } from './service.ts';

const on = serviceOfFile();

const MODEL_NAME = String.raw`Member must satisfy regular expression pattern: [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?`;
const JOB_NAME = 'Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}';
const NOT_NULL = 'Member must not be null';
const ARN = 'Member must satisfy regular expression pattern: arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+';
const ORDER = 'Member must satisfy enum value set: [Ascending, Descending]';

/** Of each operation: what is sent, and what is wrong with it, in the order of the members. */
const CASES: readonly (readonly [operation: string, input: object, ...wrong: string[]])[] = [
  [
    'CreateModel',
    {
      ModelName: '-m',
      PrimaryContainer: { Image: 'an image', Mode: 'Some', ImageConfig: {} },
      Tags: [{ Key: '', Value: 'v' }, { Key: 'k' }],
    },
    `Value '-m' at 'modelName' failed to satisfy constraint: ${MODEL_NAME}`,
    String.raw`Value 'an image' at 'primaryContainer.image' failed to satisfy constraint: Member must satisfy regular expression pattern: [\S]+`,
    `Value null at 'primaryContainer.imageConfig.repositoryAccessMode' failed to satisfy constraint: ${NOT_NULL}`,
    "Value 'Some' at 'primaryContainer.mode' failed to satisfy constraint: Member must satisfy enum value set: [SingleModel, MultiModel]",
    "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
    `Value null at 'tags.2.member.value' failed to satisfy constraint: ${NOT_NULL}`,
  ],
  ['DescribeModel', {}, `Value null at 'modelName' failed to satisfy constraint: ${NOT_NULL}`],
  [
    'ListModels',
    { SortOrder: 'Up', MaxResults: 101, NameContains: '_' },
    `Value 'Up' at 'sortOrder' failed to satisfy constraint: ${ORDER}`,
    "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
    "Value '_' at 'nameContains' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-]+",
  ],
  ['DeleteModel', { ModelName: null }, `Value null at 'modelName' failed to satisfy constraint: ${NOT_NULL}`],
  [
    'CreateTransformJob',
    {
      TransformJobName: 'a job',
      MaxConcurrentTransforms: -1,
      ModelClientConfig: { InvocationsMaxRetries: 4 },
      TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 'data/in' } }, SplitType: 'line' },
      TransformOutput: { S3OutputPath: 's3://data/out' },
      TransformResources: { InstanceType: 'ml.huge', InstanceCount: 0 },
    },
    `Value 'a job' at 'transformJobName' failed to satisfy constraint: ${JOB_NAME}`,
    `Value null at 'modelName' failed to satisfy constraint: ${NOT_NULL}`,
    "Value '-1' at 'maxConcurrentTransforms' failed to satisfy constraint: Member must have value greater than or equal to 0",
    "Value '4' at 'modelClientConfig.invocationsMaxRetries' failed to satisfy constraint: Member must have value less than or equal to 3",
    "Value 'data/in' at 'transformInput.dataSource.s3DataSource.s3Uri' failed to satisfy constraint: Member must satisfy regular expression pattern: (https|s3)://([^/]+)/?(.*)",
    "Value 'line' at 'transformInput.splitType' failed to satisfy constraint: Member must satisfy enum value set: [None, Line, RecordIO, TFRecord]",
    "Value 'ml.huge' at 'transformResources.instanceType' failed to satisfy constraint: Member must satisfy enum value set: […]",
    "Value '0' at 'transformResources.instanceCount' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ],
  [
    'CreateTransformJob',
    {
      TransformJobName: 'x'.repeat(64),
      ModelName: 'm',
      TransformInput: {},
      TransformOutput: {},
      TransformResources: {},
    },
    `Value '${'x'.repeat(64)}' at 'transformJobName' failed to satisfy constraint: Member must have length less than or equal to 63`,
    `Value '${'x'.repeat(64)}' at 'transformJobName' failed to satisfy constraint: ${JOB_NAME}`,
    `Value null at 'transformInput.dataSource' failed to satisfy constraint: ${NOT_NULL}`,
    `Value null at 'transformOutput.s3OutputPath' failed to satisfy constraint: ${NOT_NULL}`,
    `Value null at 'transformResources.instanceType' failed to satisfy constraint: ${NOT_NULL}`,
    `Value null at 'transformResources.instanceCount' failed to satisfy constraint: ${NOT_NULL}`,
  ],
  [
    'DescribeTransformJob',
    { TransformJobName: '_' },
    `Value '_' at 'transformJobName' failed to satisfy constraint: ${JOB_NAME}`,
  ],
  [
    'ListTransformJobs',
    { StatusEquals: 'Done', SortBy: 'Age', MaxResults: 0 },
    "Value 'Done' at 'statusEquals' failed to satisfy constraint: Member must satisfy enum value set: [InProgress, Completed, Failed, Stopping, Stopped]",
    "Value 'Age' at 'sortBy' failed to satisfy constraint: Member must satisfy enum value set: [Name, CreationTime, Status]",
    "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ],
  ['StopTransformJob', {}, `Value null at 'transformJobName' failed to satisfy constraint: ${NOT_NULL}`],
  ['DeleteTransformJob', {}, `Value null at 'transformJobName' failed to satisfy constraint: ${NOT_NULL}`],
  [
    'AddTags',
    { ResourceArn: 'model/m' },
    `Value 'model/m' at 'resourceArn' failed to satisfy constraint: ${ARN}`,
    `Value null at 'tags' failed to satisfy constraint: ${NOT_NULL}`,
  ],
  [
    'ListTags',
    { ResourceArn: 'model/m', MaxResults: 49 },
    `Value 'model/m' at 'resourceArn' failed to satisfy constraint: ${ARN}`,
    "Value '49' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 50",
  ],
  [
    'DeleteTags',
    { ResourceArn: 'model/m', TagKeys: [] },
    `Value 'model/m' at 'resourceArn' failed to satisfy constraint: ${ARN}`,
    "Value '[]' at 'tagKeys' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
];

describe('everything that is wrong with a request is told at once', () => {
  for (const [operation, input, ...wrong] of CASES) {
    test(`${operation}: ${wrong.length}`, async () => {
      const answer = await exchange(on.service.port, target(`SageMaker.${operation}`, JSON.stringify(input)));
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.get('x-amzn-errortype'), 'ValidationException');
      const [code, message] = faultOf(answer);
      assert.equal(code, 'ValidationException');
      const count = wrong.length === 1 ? '1 validation error' : `${wrong.length} validation errors`;
      const told = message.replace(/\[local, ml\.[^\]]*\]/, '[…]');
      assert.equal(told, `${count} detected: ${wrong.join('; ')}`);
    });
  }
});

describe('how members go together', () => {
  const job = (more: object): object => ({
    TransformJobName: 'j',
    ModelName: 'm',
    TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/in' } } },
    TransformOutput: { S3OutputPath: 's3://data/out' },
    TransformResources: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1 },
    ...more,
  });
  for (const [operation, input, message] of [
    ['CreateModel', { ModelName: 'm' }, /^Specify one of either PrimaryContainer or Containers\.$/],
    [
      'CreateModel',
      { ModelName: 'm', PrimaryContainer: {} },
      /^Specify one of either Image and Model Data URL or ModelPackageName/,
    ],
    ['CreateTransformJob', job({ MaxPayloadInMB: 101 }), /^The value of MaxPayloadInMB cannot be greater than 100 MB/],
    [
      'CreateTransformJob',
      job({
        TransformInput: {
          DataSource: { S3DataSource: { S3DataType: 'AugmentedManifestFile', S3Uri: 's3://data/in' } },
        },
      }),
      /^S3DataType "AugmentedManifestFile" is not supported for transform jobs/,
    ],
  ] as const) {
    test(`${operation}: ${message.source}`, async () => {
      const answer = await exchange(on.service.port, target(`SageMaker.${operation}`, JSON.stringify(input)));
      const [code, told] = faultOf(answer);
      assert.deepEqual([answer.status, code], [400, 'ValidationException']);
      assert.match(told, message);
    });
  }
});
