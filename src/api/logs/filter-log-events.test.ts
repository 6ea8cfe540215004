import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogStore } from '../../logs/log-store.ts';
import { openLogs, START } from '../../logs/logs-under-test.test.ts';
import { filterLogEvents } from './filter-log-events.ts';

const SITE = { region: 'us-east-1', account: '123456789012' };
const GROUP = { logGroupName: '/aws/sagemaker/TransformJobs' };

interface Event {
  readonly logStreamName: string;
  readonly timestamp: number;
  readonly message: string;
  readonly eventId: string;
}

interface Answer {
  readonly events: readonly Event[];
  readonly searchedLogStreams: readonly unknown[];
  readonly nextToken?: string;
}

function filter(logs: LogStore, request: object): Promise<Answer> {
  return filterLogEvents({ ...GROUP, ...request }, logs, SITE) as Promise<Answer>;
}

const messages = ({ events }: Answer): string[] => events.map(({ message }) => message);

test('events of all streams by time, with ids that stay', async (t) => {
  const { logs, clock } = await openLogs(t);
  const [one, two] = [logs.stream('a', 'a/i-1'), logs.stream('b', 'b/i-1')];
  for (let number = 0; number < 6; number++) {
    (number % 2 === 0 ? two : one).write(`${number}`);
    clock.ms += 1;
  }
  const answer = await filter(logs, { interleaved: true });
  assert.deepEqual(messages(answer), ['0', '1', '2', '3', '4', '5']);
  assert.deepEqual(answer.searchedLogStreams, []);
  assert.equal(answer.nextToken, undefined);
  const [first] = answer.events;
  assert.deepEqual(first, {
    logStreamName: 'b/i-1',
    timestamp: START,
    message: '0',
    ingestionTime: START,
    eventId: first?.eventId,
  });
  assert.match(first?.eventId ?? '', /^\d{56}$/);
  assert.equal(new Set(answer.events.map(({ eventId }) => eventId)).size, 6);
  await two.close();
  assert.deepEqual((await filter(logs, {})).events, answer.events);

  assert.deepEqual(messages(await filter(logs, { logStreamNamePrefix: 'a' })), ['1', '3', '5']);
  assert.deepEqual(messages(await filter(logs, { logStreamNames: ['b/i-1'] })), ['0', '2', '4']);
  assert.deepEqual(messages(await filter(logs, { startTime: START + 2, endTime: START + 4 })), ['2', '3']);
  assert.deepEqual(messages(await filter(logs, { filterPattern: '?1 ?2' })), ['1', '2']);
  await assert.rejects(filter(logs, { logStreamNames: ['a/i-1', 'a/i-2'] }), {
    code: 'ResourceNotFoundException',
    message: 'The specified log stream does not exist.',
  });
});

test('pages of any size have every event that matches once, in order', async (t) => {
  const { logs, clock } = await openLogs(t);
  const writers = Array.from({ length: 5 }, (_, number) => logs.stream('job', `job/i-${number}`));
  for (let number = 0; number < 500; number++) {
    writers[(number * 7 + (number >> 3)) % 5]?.write(number % 3 === 0 ? `${number} ERROR` : `${number}`);
    if (number % 4 === 0) clock.ms += 1;
  }
  const whole = await filter(logs, { filterPattern: 'ERROR' });
  assert.equal(whole.events.length, 167);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (limit) => {
      const found: Event[] = [];
      for (let nextToken: string | undefined; ; ) {
        const page = await filter(logs, { filterPattern: 'ERROR', limit, ...(nextToken && { nextToken }) });
        assert(page.events.length <= limit);
        found.push(...page.events);
        nextToken = page.nextToken;
        if (nextToken === undefined) break;
      }
      assert.deepEqual(found, whole.events);
    }),
    { numRuns: 12 },
  );
});

/** As `aws logs tail --follow` asks: awscli/customizations/logs/tail.py, FollowLogEventsGenerator. */
class Follower {
  readonly #logs: LogStore;
  #request: { startTime: number; nextToken?: string };
  #seen = new Map<number, Set<string>>();
  readonly messages: string[] = [];

  constructor(logs: LogStore, startTime: number) {
    this.#logs = logs;
    this.#request = { startTime };
  }

  /** One request; true when there is no further page. */
  async poll(limit: number): Promise<boolean> {
    const { events, nextToken } = await filter(this.#logs, { ...this.#request, limit, interleaved: true });
    for (const { timestamp, eventId, message } of events) {
      const ids = this.#seen.get(timestamp) ?? new Set<string>();
      this.#seen.set(timestamp, ids);
      if (ids.has(eventId)) continue;
      ids.add(eventId);
      this.messages.push(message);
    }
    const newest = Math.max(...this.#seen.keys());
    if (this.#seen.size > 0) this.#seen = new Map([[newest, this.#seen.get(newest) ?? new Set()]]);
    const { startTime } = this.#request;
    this.#request = nextToken ? { startTime, nextToken } : { startTime: this.#seen.size > 0 ? newest : startTime };
    return nextToken === undefined;
  }
}

test('who follows as the command line does gets every line once, whatever is written while it asks', async (t) => {
  const { logs, clock } = await openLogs(t, { maxStreamBytes: 1 << 20 });
  let run = 0;
  const step = fc.oneof(
    fc.record({ stream: fc.nat(3), later: fc.constantFrom(0, 0, 1, -5), age: fc.constantFrom(0, 0, 3, 1000) }),
    fc.constant('poll' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150 }), fc.integer({ min: 1, max: 20 }), async (steps, limit) => {
      run += 1;
      clock.ms += 1_000_000;
      const follower = new Follower(logs, clock.ms - 5000);
      const writers = Array.from({ length: 4 }, (_, number) => logs.stream(`job-${run}`, `job-${run}/i-${number}`));
      const written: string[] = [];
      let polling: Promise<boolean> | undefined;
      for (const [number, what] of steps.entries()) {
        if (what === 'poll') {
          await polling;
          // What follows is written while this request is answered.
          polling = follower.poll(limit);
          continue;
        }
        clock.ms += what.later;
        writers[what.stream]?.write(`${number}`, clock.ms - what.age);
        written.push(`${number}`);
        // A turn of the loop, so that the request goes on between the lines.
        if (polling !== undefined) await new Promise((resolve) => setImmediate(resolve));
      }
      await polling;
      // To the end of the pages, and once more from the newest event.
      for (let round = 0; round < 2; round++) while (!(await follower.poll(limit)));
      assert.deepEqual(
        follower.messages.toSorted((a, b) => Number(a) - Number(b)),
        written,
      );
      for (const writer of writers) await writer.close();
    }),
    { numRuns: 60 },
  );
});

test('a page is bounded in bytes and in what it looks at', async (t) => {
  const { logs } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  for (let number = 0; number < 200; number++) {
    writer.write(`${number} ${'x'.repeat(70_000)}`);
    await (number % 20 === 0 ? logs.get('job/i-1') : undefined);
    if (number % 20 === 0) await logs.read('job/i-1', { from: 'end', direction: 'backward', limit: 1, maxBytes: 1 });
  }
  const answer = await filter(logs, {});
  assert.equal(answer.events.length, 14);
  const second = await filter(logs, { nextToken: answer.nextToken });
  assert.match(second.events[0]?.message ?? '', /^14 /);

  const more = logs.stream('job', 'job/i-2');
  for (let number = 0; number < 200; number++) {
    more.write(`${number} ${'y'.repeat(70_000)}`);
    if (number % 20 === 0) await logs.read('job/i-2', { from: 'end', direction: 'backward', limit: 1, maxBytes: 1 });
  }
  // 28 MB, of which one page looks at 16.
  const nothing = await filter(logs, { filterPattern: 'needle' });
  assert.deepEqual(nothing.events, []);
  assert(nothing.nextToken);
  const end = await filter(logs, { filterPattern: 'needle', nextToken: nothing.nextToken });
  assert.deepEqual([end.events, end.nextToken], [[], undefined]);
});

test('what cannot be asked for is refused', async (t) => {
  const { logs } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  writer.write('a');
  writer.write('b');
  const { nextToken } = await filter(logs, { limit: 1 });
  assert(nextToken);
  for (const [request, message] of [
    [{ nextToken: 'x' }, /^The specified nextToken is invalid\.$/],
    [{ nextToken, filterPattern: 'a' }, /^The specified nextToken is invalid\.$/],
    [{ logStreamNames: ['job/i-1'], logStreamNamePrefix: 'job' }, /cannot be specified together/],
    [{ filterPattern: '{ $.x = 1 }' }, /^Invalid filter pattern: .*JSON/],
    [{ logStreamNames: [] }, /'logStreamNames' failed to satisfy constraint/],
    [{ logStreamNames: ['*'] }, /'logStreamNames' failed to satisfy constraint/],
  ] as const) {
    await assert.rejects(filter(logs, request), { code: 'InvalidParameterException', message });
  }
});
