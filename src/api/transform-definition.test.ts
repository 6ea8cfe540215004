import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import type { JobDefinition } from '../jobs/job-definition.ts';
import type { ModelDefinition } from './model-definition.ts';
import { jobDefinition, type TransformRequest } from './transform-definition.ts';

const MODEL: ModelDefinition = {
  ModelName: 'm',
  PrimaryContainer: { Image: 'onnx', ModelDataUrl: 's3://models/m.tar.gz', Environment: { A: 'model' } },
};

const REQUEST: TransformRequest = {
  TransformJobName: 'j',
  ModelName: 'm',
  TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/in' } } },
  TransformOutput: { S3OutputPath: 's3://results/out' },
  TransformResources: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1 },
};

function definition(some: Partial<TransformRequest> = {}, model = MODEL): JobDefinition {
  return jobDefinition({ ...REQUEST, ...some }, model);
}

function wishes(some: Partial<TransformRequest>): Record<string, string> {
  const { 'assemble-with': _, ...rest } = definition(some).wishes;
  return rest;
}

test('the least that can be sent', () => {
  assert.deepEqual(definition(), {
    // Where the command guesses, the original does not.
    wishes: { 'assemble-with': 'None' },
    input: { kind: 'S3Prefix', uri: 's3://data/in' },
    output: { uri: 's3://results/out' },
    environment: {},
    containers: [{ image: 'onnx', modelDataUrl: 's3://models/m.tar.gz', environment: { A: 'model' } }],
  });
});

test('all that can be sent', () => {
  const all = definition({
    MaxConcurrentTransforms: 3,
    ModelClientConfig: { InvocationsTimeoutInSeconds: 60, InvocationsMaxRetries: 0 },
    MaxPayloadInMB: 0,
    BatchStrategy: 'SingleRecord',
    Environment: { A: 'job', MILLRACE_CSV_HEADER: 'drop', MILLRACE_MAX_BAD_RECORDS: '' },
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: 's3://data/list.json' } },
      ContentType: 'text/csv',
      CompressionType: 'Gzip',
      SplitType: 'Line',
    },
    TransformOutput: { S3OutputPath: 's3://results/out', Accept: 'text/csv', AssembleWith: 'Line', KmsKeyId: 'key' },
    DataCaptureConfig: { DestinationS3Uri: 's3://results/c', KmsKeyId: 'other', GenerateInferenceId: true },
    DataProcessing: { InputFilter: '$[1:]', OutputFilter: '$[0,-1]', JoinSource: 'Input' },
  });
  assert.deepEqual(all.wishes, {
    'content-type': 'text/csv',
    'compression-type': 'Gzip',
    'split-type': 'Line',
    accept: 'text/csv',
    'assemble-with': 'Line',
    'batch-strategy': 'SingleRecord',
    'max-payload-in-mb': '0',
    'max-concurrent-transforms': '3',
    'input-filter': '$[1:]',
    'join-source': 'Input',
    'output-filter': '$[0,-1]',
    'generate-inference-id': 'true',
    'invocations-timeout-in-seconds': '60',
    'invocations-max-retries': '0',
    'csv-header': 'drop',
    'max-bad-records': '',
  });
  assert.deepEqual(all.input, { kind: 'ManifestFile', uri: 's3://data/list.json' });
  assert.deepEqual(all.output, { uri: 's3://results/out', kmsKeyId: 'key' });
  assert.deepEqual(all.capture, { uri: 's3://results/c', kmsKeyId: 'other' });
  assert.deepEqual(all.environment, { A: 'job' }, 'settings are no business of the model');
});

test('members that say what is so anyway are no wishes', () => {
  const { DataSource } = REQUEST.TransformInput;
  assert.deepEqual(wishes({ TransformInput: { DataSource, ContentType: '' } }), {});
  assert.deepEqual(wishes({ TransformOutput: { S3OutputPath: 's3://results/out', Accept: '', KmsKeyId: '' } }), {});
  assert.deepEqual(wishes({ DataProcessing: { InputFilter: '$', OutputFilter: ' $ ' } }), {});
  assert.deepEqual(wishes({ DataProcessing: { InputFilter: '', OutputFilter: '' } }), {});
  assert.deepEqual(wishes({ DataProcessing: { InputFilter: '$.a', OutputFilter: '$ .b' } }), {
    'input-filter': '$.a',
    'output-filter': '$ .b',
  });
  const capture = { DestinationS3Uri: 's3://results/c', KmsKeyId: '', GenerateInferenceId: false };
  assert.deepEqual(wishes({ DataCaptureConfig: capture }), {});
  assert.deepEqual(definition({ DataCaptureConfig: capture }).capture, { uri: 's3://results/c' });
  const named = { S3OutputPath: 's3://results/out', KmsKeyId: '' };
  assert.deepEqual(definition({ TransformOutput: named }).output, { uri: 's3://results/out' });
});

test('settings among the variables are checked', () => {
  for (const Environment of [{ MILLRACE_CSV_HEADER: 'yes' }, { MILLRACE_CSV: 'drop' }]) {
    assert.throws(
      () => definition({ Environment }),
      (error) => error instanceof MillraceError && error.is('InvalidOption'),
    );
  }
});

test('a setting wins over nothing: members have other names', () => {
  const both = definition({ BatchStrategy: 'MultiRecord', Environment: { MILLRACE_ON_BAD_RECORD: 'placeholder' } });
  assert.equal(both.wishes['batch-strategy'], 'MultiRecord');
  assert.equal(both.wishes['on-bad-record'], 'placeholder');
});

test('the containers of a pipeline keep their order and have names', () => {
  const { containers } = definition(
    {},
    { ModelName: 'm', Containers: [{ Image: 'one' }, { Image: 'two', Environment: { B: '2' } }] },
  );
  assert.deepEqual(containers, [
    { name: 'container-1', image: 'one', environment: {} },
    { name: 'container-2', image: 'two', environment: { B: '2' } },
  ]);
  const named = {
    Containers: [
      { Image: 'one', ContainerHostname: 'first' },
      { Image: 'two', ContainerHostname: 'second' },
    ],
  };
  assert.deepEqual(
    definition({}, { ModelName: 'm', ...named }).containers.map(({ name }) => name),
    ['first', 'second'],
  );
  assert.equal(definition({}, { ModelName: 'm', Containers: [{ Image: 'one' }] }).containers[0]?.name, undefined);
});
