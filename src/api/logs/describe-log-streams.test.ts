import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogStore } from '../../logs/log-store.ts';
import { openLogs, START } from '../../logs/logs-under-test.test.ts';
import { describeLogGroups } from './describe-log-groups.ts';
import { describeLogStreams } from './describe-log-streams.ts';

const SITE = { region: 'us-east-1', account: '123456789012' };
const NAME = '/aws/sagemaker/TransformJobs';
const ARN = `arn:aws:logs:us-east-1:123456789012:log-group:${NAME}`;

interface Answer {
  readonly logStreams: readonly { readonly logStreamName: string }[];
  readonly nextToken?: string;
}

function describe(logs: LogStore, request: object): Promise<Answer> {
  return describeLogStreams({ logGroupName: NAME, ...request }, logs, SITE) as Promise<Answer>;
}

const names = ({ logStreams }: Answer): string[] => logStreams.map(({ logStreamName }) => logStreamName);

test('a stream is described with what is in it', async (t) => {
  const { logs, clock } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  clock.ms += 10;
  writer.write('one');
  clock.ms += 10;
  writer.write('two');
  await writer.close();
  logs.stream('job', 'job/i-1/data-log');
  const { logStreams } = await describe(logs, { logStreamNamePrefix: 'job/' });
  assert.deepEqual(JSON.parse(JSON.stringify(logStreams)), [
    {
      logStreamName: 'job/i-1',
      creationTime: START,
      firstEventTimestamp: START + 10,
      lastEventTimestamp: START + 20,
      lastIngestionTime: START + 20,
      arn: `${ARN}:log-stream:job/i-1`,
      storedBytes: 58,
    },
    {
      logStreamName: 'job/i-1/data-log',
      creationTime: START + 20,
      arn: `${ARN}:log-stream:job/i-1/data-log`,
      storedBytes: 0,
    },
  ]);
});

test('with a prefix every stream is on the one page, whatever the limit', async (t) => {
  const { logs } = await openLogs(t);
  for (let number = 0; number < 120; number++) logs.stream('job', `job/i-${number}`);
  logs.stream('job-2', 'job-2/i-1');
  const answer = await describe(logs, { logStreamNamePrefix: 'job/', orderBy: 'LogStreamName', limit: 2 });
  assert.equal(answer.logStreams.length, 120);
  assert.equal(answer.nextToken, undefined);
  assert.deepEqual(names(await describe(logs, { logStreamNamePrefix: 'job-' })), ['job-2/i-1']);
  assert.deepEqual(names(await describe(logs, { logStreamNamePrefix: 'jo_' })), []);
});

test('without a prefix there are pages, by name and by the last event', async (t) => {
  const { logs, clock } = await openLogs(t);
  const expected: string[] = [];
  for (let number = 0; number < 130; number++) {
    const name = `job-${String(number).padStart(3, '0')}/i-1`;
    const writer = logs.stream(name.slice(0, 7), name);
    if (number < 60) continue;
    clock.ms += 1;
    writer.write('x');
  }
  for (let number = 0; number < 130; number++) expected.push(`job-${String(number).padStart(3, '0')}/i-1`);
  for (const orderBy of ['LogStreamName', 'LastEventTime']) {
    for (const descending of [false, true]) {
      const found: string[] = [];
      const sizes: number[] = [];
      for (let nextToken: string | undefined; ; ) {
        const page = await describe(logs, { orderBy, descending, ...(nextToken && { nextToken }) });
        found.push(...names(page));
        sizes.push(page.logStreams.length);
        nextToken = page.nextToken;
        if (nextToken === undefined) break;
      }
      assert.deepEqual(sizes, [50, 50, 30]);
      assert.deepEqual(found, descending ? expected.toReversed() : expected);
    }
  }
});

test('what cannot be asked for is refused', async (t) => {
  const { logs } = await openLogs(t);
  for (let number = 0; number < 3; number++) logs.stream('job', `job/i-${number}`);
  const { nextToken } = await describe(logs, { limit: 1 });
  const detected = '1 validation error detected: Value';
  for (const [request, message] of [
    [
      { logStreamNamePrefix: 'job/', orderBy: 'LastEventTime' },
      'Cannot order by LastEventTime with a logStreamNamePrefix.',
    ],
    [{ nextToken: 'x' }, 'The specified nextToken is invalid.'],
    [{ nextToken, descending: true }, 'The specified nextToken is invalid.'],
    [
      { limit: 51 },
      `${detected} '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50`,
    ],
    [
      { orderBy: 'Name' },
      `${detected} 'Name' at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]`,
    ],
  ] as const) {
    await assert.rejects(describe(logs, request), { code: 'InvalidParameterException', message });
  }
  await assert.rejects(describe(logs, { logGroupName: 'x' }), {
    code: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  });
});

test('there is one log group, from the start', async (t) => {
  const { logs } = await openLogs(t);
  const groups = async (request: object): Promise<readonly Record<string, unknown>[]> =>
    ((await describeLogGroups(request, logs, SITE)) as { logGroups: Record<string, unknown>[] }).logGroups;
  const [group] = await groups({});
  assert(Math.abs(Number(group?.['creationTime']) - Date.now()) < 60_000);
  assert.deepEqual(group, {
    logGroupName: NAME,
    creationTime: group?.['creationTime'],
    metricFilterCount: 0,
    arn: `${ARN}:*`,
    storedBytes: 0,
    logGroupClass: 'STANDARD',
    logGroupArn: ARN,
  });
  logs.stream('job', 'job/i-1').write('x');
  await logs.close();
  assert.equal((await groups({ logGroupNamePrefix: '/aws/sagemaker/' }))[0]?.['storedBytes'], 27);
  for (const request of [{ logGroupNamePattern: 'Transform' }, { logGroupIdentifiers: [ARN] }]) {
    assert.equal((await groups(request)).length, 1);
  }
  for (const request of [
    { logGroupNamePrefix: 'sagemaker' },
    { logGroupNamePattern: 'transform' },
    { logGroupClass: 'DELIVERY' },
    { logGroupIdentifiers: ['x'] },
  ]) {
    assert.deepEqual(await groups(request), []);
  }
  await assert.rejects(groups({ logGroupNamePrefix: 'a', logGroupNamePattern: 'b' }), {
    message: 'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
  });
  await assert.rejects(groups({ nextToken: 'x' }), { message: 'The specified nextToken is invalid.' });
});
