import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobDescription } from './job-description.ts';
import { jobOutcome } from './job-outcome.ts';
import { jobPage } from './job-page.ts';
import { zonedTime } from './local-time.ts';

/** As the original describes a job: no counters. */
const job: JobDescription = {
  TransformJobName: 'diamonds-1',
  TransformJobArn: 'arn:aws:sagemaker:us-east-1:000000000000:transform-job/diamonds-1',
  TransformJobStatus: 'Completed',
  ModelName: 'diamonds',
  MaxConcurrentTransforms: 0,
  ModelClientConfig: { InvocationsMaxRetries: 1 },
  Environment: { A: '1', B: 'two\u001b words' },
  TransformInput: {
    DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: 's3://data/list.json' } },
    ContentType: 'text/csv',
    SplitType: 'Line',
  },
  TransformOutput: { S3OutputPath: 's3://data/out', AssembleWith: 'Line' },
  DataProcessing: { InputFilter: '$[1:]', OutputFilter: '$', JoinSource: 'Input' },
  DataCaptureConfig: { DestinationS3Uri: 's3://data/capture', GenerateInferenceId: true },
  TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 2 },
  CreationTime: 1_700_000_000,
  TransformStartTime: 1_700_000_003.5,
  TransformEndTime: 1_700_000_128.5,
};

test('everything that was said, and nothing that was not', () => {
  const at = (seconds: number): string => zonedTime(seconds * 1000);
  assert.equal(
    jobPage(job, 100),
    `Name         diamonds-1
ARN          arn:aws:sagemaker:us-east-1:000000000000:transform-job/diamonds-1
Status       Completed
Model        diamonds
Input        s3://data/list.json (ManifestFile)
Output       s3://data/out
Capture      s3://data/capture
Data         ContentType text/csv, SplitType Line, AssembleWith Line
Processing   InputFilter $[1:], JoinSource Input, GenerateInferenceId true
Settings     MaxConcurrentTransforms 0, InvocationsMaxRetries 1
Environment  A=1
             B=two␛ words
Instances    2 × ml.m5.large
Created      ${at(1_700_000_000)}
Started      ${at(1_700_000_003.5)}, 3.5 s later
Ended        ${at(1_700_000_128.5)}, 2:05 later
`,
  );
});

test('a long reason is wrapped, its own lines stay, and an address stays in one piece', () => {
  const FailureReason =
    'ClientError: the model server said\nsomething about s3://a-bucket/with/a/long/prefix/and/name.csv';
  assert.equal(
    jobPage({ TransformJobStatus: 'Failed', FailureReason }, 36),
    `Status   Failed
Failure  ClientError: the model
         server said
         something about
         s3://a-bucket/with/a/long/prefix/and/name.csv
`,
  );
});

test('a description without anything is a page, too', () => {
  assert.equal(jobPage({}, 80), 'Status  unknown\n');
});

test('the outcome without counters, and with them', () => {
  assert.equal(jobOutcome(job), 'Completed in 2:05\nResults: s3://data/out\n');
  const counts = {
    Objects: 3,
    ObjectsCompleted: 2,
    ObjectsFailed: 1,
    Records: 2500,
    BytesTransformed: 10_000,
    OutputBytes: 7,
  };
  const failed = { ...job, TransformJobStatus: 'Failed', FailureReason: 'ClientError: no\u0007' };
  assert.equal(
    jobOutcome({ ...failed, TransformProgress: { ...counts, Retries: 4, BadRecords: 1 } }),
    `Failed: 2 of 3 objects done, 2,500 records, 10.0 KB in 2:05 (20 records/s, 4 retried)
Results: s3://data/out (7 bytes)
Warning: 1 bad record has a placeholder in place of a result; <output>.errors.jsonl tells what was wrong.
ClientError: no␇
Its logs: millrace jobs logs diamonds-1
`,
  );
  const { TransformStartTime: _, TransformEndTime: __, ...stopped } = { ...job, TransformJobStatus: 'Stopped' };
  assert.equal(jobOutcome(stopped), 'Stopped\n');
});
