import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ManualClock } from '../../test/manual-clock.ts';
import type { JobRow, Tag } from '../catalog/catalog.ts';
import { type EventSink, type StateEvent, StateEvents, stateChange } from './state-events.ts';

const site = { region: 'eu-west-1', account: '123456789012' };
const request = {
  TransformJobName: 'Job-1',
  ModelName: 'model',
  MaxConcurrentTransforms: 4,
  Environment: { TOKEN: 'secret' },
  ModelClientConfig: { InvocationsMaxRetries: 1 },
  TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://b/in' } }, SplitType: 'Line' },
  TransformOutput: { S3OutputPath: 's3://b/out' },
  TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 1 },
};
const job: JobRow = {
  id: 1,
  name: 'Job-1',
  arn: 'arn:aws:sagemaker:eu-west-1:123456789012:transform-job/job-1',
  status: 'Failed',
  failureReason: 'ClientError: no',
  createdAt: 1_654_683_838_001,
  startedAt: 1_654_684_027_002,
  endedAt: 1_654_684_048_003,
  modifiedAt: 1_654_684_048_999,
  request: JSON.stringify(request),
  definition: '{}',
  counts: '{}',
};

/** What the test of the documentation looks into. */
interface Detail {
  readonly TransformJobName: string;
  readonly TransformJobArn: string;
  readonly CreationTime: number;
  readonly TransformStartTime: number;
  readonly TransformEndTime: number;
  readonly Tags: Readonly<Record<string, string>>;
}

/** A sink that remembers. */
class Remembering implements EventSink {
  readonly name = 'file';
  readonly delivered = 0;
  readonly lost = 0;
  readonly events: StateEvent[] = [];
  closed: Promise<void> = Promise.resolve();
  late: AbortSignal | undefined;

  send(event: StateEvent): void {
    this.events.push(event);
  }

  close(late: AbortSignal): Promise<void> {
    this.late = late;
    return this.closed;
  }
}

function telling(list: (arn: string) => Promise<readonly Tag[]>) {
  const sink = new Remembering();
  const errors: string[] = [];
  const clock = new ManualClock();
  const onError = (error: unknown, where: string): void => void errors.push(`${where}: ${String(error)}`);
  const events = new StateEvents({ site, tags: { list }, sinks: [sink], clock, onError });
  return { events, sink, clock, errors };
}

test('the event is the one of the original', () => {
  const { id, ...event } = stateChange(site, job, [
    { key: 'team', value: 'a' },
    { key: '__proto__', value: 'b' },
  ]) as { id: string };
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(JSON.parse(JSON.stringify(event)), {
    version: '0',
    'detail-type': 'SageMaker Transform Job State Change',
    source: 'aws.sagemaker',
    account: '123456789012',
    time: '2022-06-08T10:27:28Z',
    region: 'eu-west-1',
    resources: [job.arn],
    detail: {
      ...request,
      TransformJobArn: job.arn,
      TransformJobStatus: 'Failed',
      FailureReason: 'ClientError: no',
      MaxPayloadInMB: null,
      BatchStrategy: null,
      TransformInput: { ...request.TransformInput, CompressionType: 'None' },
      TransformOutput: { ...request.TransformOutput, AssembleWith: 'None', KmsKeyId: '' },
      DataProcessing: { InputFilter: '$', OutputFilter: '$', JoinSource: 'None' },
      CreationTime: 1_654_683_838_001,
      TransformStartTime: 1_654_684_027_002,
      TransformEndTime: 1_654_684_048_003,
      Tags: JSON.parse('{"team":"a","__proto__":"b"}'),
    },
  });
});

test('what there is not yet is null', () => {
  const { Environment: _, MaxConcurrentTransforms: __, ...little } = request;
  const created: JobRow = {
    ...job,
    status: 'InProgress',
    failureReason: undefined,
    startedAt: undefined,
    endedAt: undefined,
    request: JSON.stringify(little),
  };
  const { detail } = JSON.parse(JSON.stringify(stateChange(site, created, [])));
  const { FailureReason, TransformStartTime, TransformEndTime, MaxConcurrentTransforms, Environment, Tags } = detail;
  assert.deepEqual([FailureReason, TransformStartTime, TransformEndTime, MaxConcurrentTransforms], Array(4).fill(null));
  assert.deepEqual([Environment, Tags], [{}, {}]);
});

test('the documentation shows an event as it is', async () => {
  const page = await readFile(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
  const shown = JSON.parse(/^```json\n(.*?)^```$/ms.exec(page)?.[1] ?? '') as {
    id: string;
    time: string;
    detail: Detail;
  };
  const { id, detail } = shown;
  const { Tags, CreationTime, TransformStartTime, TransformEndTime, ...described } = detail;
  const documented: JobRow = {
    ...job,
    name: detail.TransformJobName,
    arn: detail.TransformJobArn,
    status: 'Completed',
    failureReason: undefined,
    createdAt: CreationTime,
    startedAt: TransformStartTime,
    endedAt: TransformEndTime,
    modifiedAt: TransformEndTime,
    request: JSON.stringify(described),
  };
  const tags = Object.entries(Tags).map(([key, value]) => ({ key, value }));
  const event = stateChange({ region: 'us-east-1', account: '000000000000' }, documented, tags);
  assert.deepEqual({ ...event, id }, shown);
});

test('events keep the order of the changes, however long the tags take', async () => {
  const answers: (() => void)[] = [];
  const { events, sink } = telling(() => new Promise((resolve) => answers.push(() => resolve([]))));
  for (const status of ['InProgress', 'Stopping', 'Stopped'] as const) events.changed({ ...job, status });
  assert.equal(answers.length, 3, 'tags are asked for at once: the job may be deleted next');
  for (const answer of answers.reverse()) answer();
  await events.close();
  assert.deepEqual(
    sink.events.map(({ status }) => status),
    ['InProgress', 'Stopping', 'Stopped'],
  );
  for (const { job: of, text } of sink.events) {
    assert.equal(of, 'Job-1');
    assert(!text.includes('\n'));
  }
});

test('an event whose tags cannot be read is told as lost, and the next one comes', async () => {
  let calls = 0;
  const { events, sink, errors } = telling(async () => {
    calls += 1;
    if (calls === 1) throw new Error('the disk is gone');
    return [];
  });
  events.changed({ ...job, status: 'Stopping' });
  events.changed({ ...job, status: 'Stopped' });
  await events.close();
  assert.deepEqual(errors, ['the event "Stopping" of the job "Job-1" is lost: Error: the disk is gone']);
  assert.deepEqual(
    sink.events.map(({ status }) => status),
    ['Stopped'],
  );
});

test('sinks are given three seconds at the end', async () => {
  const { events, sink, clock } = telling(async () => []);
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.closed = promise;
  const closed = events.close();
  await clock.sleeping(3000);
  clock.pass(2999);
  await Promise.resolve();
  assert.equal(sink.late?.aborted, false);
  clock.pass(1);
  await Promise.resolve();
  assert.equal(sink.late?.aborted, true);
  resolve();
  await closed;
  assert.deepEqual(clock.asleep, []);
});

test('nobody is asked for anything when nobody wants to know', async () => {
  const list = (): never => assert.fail('nobody wants the tags');
  const events = new StateEvents({ site, tags: { list }, sinks: [], clock: new ManualClock(), onError: assert.fail });
  events.changed(job);
  await events.close();
});
