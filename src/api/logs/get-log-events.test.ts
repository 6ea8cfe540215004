import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogStore } from '../../logs/log-store.ts';
import { openLogs, START } from '../../logs/logs-under-test.test.ts';
import { getLogEvents } from './get-log-events.ts';

const SITE = { region: 'us-east-1', account: '123456789012' };
const GROUP = { logGroupName: '/aws/sagemaker/TransformJobs' };

interface Answer {
  readonly events: readonly { readonly timestamp: number; readonly message: string; readonly ingestionTime: number }[];
  readonly nextForwardToken: string;
  readonly nextBackwardToken: string;
}

function get(logs: LogStore, request: object): Promise<Answer> {
  return getLogEvents({ ...GROUP, logStreamName: 'job/i-1', ...request }, logs, SITE) as Promise<Answer>;
}

const messages = (answer: Answer): string[] => answer.events.map(({ message }) => message);

test('the newest page without a token, and both ways from there', async (t) => {
  const { logs, clock } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  for (let number = 0; number < 10; number++) {
    clock.ms += 1000;
    writer.write(`line ${number}`);
  }
  const newest = await get(logs, { limit: 3 });
  assert.deepEqual(newest.events, [
    { timestamp: START + 8000, message: 'line 7', ingestionTime: START + 8000 },
    { timestamp: START + 9000, message: 'line 8', ingestionTime: START + 9000 },
    { timestamp: START + 10_000, message: 'line 9', ingestionTime: START + 10_000 },
  ]);
  assert.match(newest.nextForwardToken, /^f\/\d{56}\/s$/);
  assert.match(newest.nextBackwardToken, /^b\/\d{56}\/s$/);

  const older = await get(logs, { limit: 3, nextToken: newest.nextBackwardToken });
  assert.deepEqual(messages(older), ['line 4', 'line 5', 'line 6']);
  // The direction is the token's, whatever startFromHead says.
  const forward = await get(logs, { limit: 2, nextToken: older.nextForwardToken, startFromHead: false });
  assert.deepEqual(messages(forward), ['line 7', 'line 8']);
});

test('at the end an empty page with the same token, at which lines that come later are found', async (t) => {
  const { logs, clock } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  const nothing = await get(logs, { startFromHead: true });
  assert.deepEqual(nothing.events, []);
  writer.write('one');
  const first = await get(logs, { nextToken: nothing.nextForwardToken, startFromHead: true });
  assert.deepEqual(messages(first), ['one']);
  for (let time = 0; time < 3; time++) {
    const end = await get(logs, { nextToken: first.nextForwardToken, startFromHead: true });
    assert.deepEqual(end.events, []);
    assert.equal(end.nextForwardToken, first.nextForwardToken);
  }
  clock.ms += 1;
  writer.write('two');
  await writer.close();
  assert.deepEqual(messages(await get(logs, { nextToken: first.nextForwardToken })), ['two']);

  const start = await get(logs, { nextToken: first.nextBackwardToken });
  assert.deepEqual(start.events, []);
  assert.equal(start.nextBackwardToken, first.nextBackwardToken);
});

test('a page has 1 MB and 10,000 events at the most', async (t) => {
  const { logs } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  for (let number = 0; number < 12_000; number++) {
    writer.write(String(number).padEnd(number < 11_000 ? 5 : 5000));
    // A turn for the disk: more at once than is held would be dropped.
    if (number % 500 === 0) await get(logs, { limit: 1 });
  }
  const sizes: number[] = [];
  const seen: string[] = [];
  for (let token: string | undefined; ; ) {
    const page = await get(logs, { startFromHead: true, ...(token && { nextToken: token }) });
    if (page.events.length === 0) break;
    token = page.nextForwardToken;
    seen.push(...messages(page).map((message) => message.trimEnd()));
    sizes.push(page.events.reduce((sum, { message }) => sum + message.length + 26, 0));
    assert(page.events.length <= 10_000);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 12_000 }, (_, number) => `${number}`),
  );
  assert(sizes.every((size) => size <= 1024 * 1024));
  assert(sizes.length <= 8, `${sizes.length} pages`);
});

/** As the Python SDK follows a stream: from the time of the last event on, without those of that time that it has seen. */
test('positions of time and number, as the Python SDK keeps them, find each event once', async (t) => {
  const { logs, clock } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  const seen: string[] = [];
  let [timestamp, skip] = [0, 0];
  const poll = async (): Promise<void> => {
    let left = skip;
    for (let token: string | undefined; ; ) {
      const page = await get(logs, { startTime: timestamp, startFromHead: true, ...(token && { nextToken: token }) });
      token = page.nextForwardToken;
      if (page.events.length === 0) return;
      const fresh = page.events.slice(left);
      left = Math.max(0, left - page.events.length);
      for (const event of fresh) {
        seen.push(event.message);
        [timestamp, skip] = event.timestamp === timestamp ? [timestamp, skip + 1] : [event.timestamp, 1];
      }
    }
  };
  for (let number = 0; number < 400; number++) {
    writer.write(`${number}`);
    if (number % 3 === 0) clock.ms += 1;
    if (number % 11 === 0) await poll();
  }
  await poll();
  assert.deepEqual(
    seen,
    Array.from({ length: 400 }, (_, number) => `${number}`),
  );
});

test('a range of times has its start and not its end', async (t) => {
  const { logs, clock } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  for (let number = 0; number < 5; number++) {
    writer.write(`${number}`);
    clock.ms += 1;
  }
  const range = { startTime: START + 1, endTime: START + 3 };
  for (const startFromHead of [true, false]) {
    const page = await get(logs, { ...range, startFromHead });
    assert.deepEqual(messages(page), ['1', '2']);
    const after = await get(logs, { ...range, nextToken: page.nextForwardToken });
    assert.deepEqual([after.events, after.nextForwardToken], [[], page.nextForwardToken]);
    const before = await get(logs, { ...range, nextToken: page.nextBackwardToken });
    assert.deepEqual([before.events, before.nextBackwardToken], [[], page.nextBackwardToken]);
  }
});

test('requests that cannot be answered are refused in the words of the original', async (t) => {
  const { logs } = await openLogs(t);
  logs.stream('job', 'job/i-1');
  logs.stream('job', 'job/i-2');
  const token = (await get(logs, { logStreamName: 'job/i-2' })).nextForwardToken;
  const identifier = 'arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TransformJobs';
  const both = 'You must include either logGroupIdentifier or logGroupName, but not both.';
  const noGroup = 'The specified log group does not exist.';
  const badToken = 'The specified nextToken is invalid.';
  const detected = '1 validation error detected: Value';
  for (const [request, code, message] of [
    [{ logStreamName: 'job/i-9' }, 'ResourceNotFoundException', 'The specified log stream does not exist.'],
    [{ logGroupName: '/aws/lambda/x' }, 'ResourceNotFoundException', noGroup],
    [{ logGroupIdentifier: identifier }, 'InvalidParameterException', both],
    [{ logGroupName: undefined }, 'InvalidParameterException', both],
    [
      { logGroupName: undefined, logGroupIdentifier: identifier.replace('us-east-1', 'us-east-2') },
      'ResourceNotFoundException',
      noGroup,
    ],
    [{ nextToken: 'x' }, 'InvalidParameterException', badToken],
    [{ nextToken: token }, 'InvalidParameterException', badToken],
    [{ nextToken: `f/${'9'.repeat(56)}/s` }, 'InvalidParameterException', badToken],
    [
      { limit: 10_001 },
      'InvalidParameterException',
      `${detected} '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000`,
    ],
    [
      { startTime: -1 },
      'InvalidParameterException',
      `${detected} '-1' at 'startTime' failed to satisfy constraint: Member must have value greater than or equal to 0`,
    ],
    [
      { logStreamName: undefined },
      'InvalidParameterException',
      `${detected} null at 'logStreamName' failed to satisfy constraint: Member must not be null`,
    ],
    [{ endTime: 'now' }, 'SerializationException', 'STRING_VALUE can not be converted to a Long'],
  ] as const) {
    await assert.rejects(get(logs, request), { code, message, status: 400 });
  }
  for (const logGroupIdentifier of [identifier, '/aws/sagemaker/TransformJobs']) {
    const answer = await get(logs, { logGroupName: undefined, logGroupIdentifier });
    assert.deepEqual(answer.events, []);
  }
});
