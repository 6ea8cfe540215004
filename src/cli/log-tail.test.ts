import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../core/errors.ts';
import { LogTail } from './log-tail.ts';
import type { Answer, Api, Service } from './service-client.ts';

interface Event {
  readonly timestamp: number;
  readonly message: string;
}

const INSTANCE = 'job/i-0a-100';

/** The logs of a service that may be asked while they grow, in pages of so many events; some of them empty, as in the original. */
class FakeLogs implements Service {
  readonly streams = new Map<string, Event[]>();
  readonly asked: string[] = [];
  pageEvents = 2;
  emptyPages = false;
  /** Called before each page of events is made. */
  onPage: (stream: string) => void = () => undefined;

  async call(_api: Api, operation: string, input: object): Promise<Answer> {
    const { logStreamName = '', logStreamNamePrefix = '', nextToken } = input as Readonly<Record<string, string>>;
    this.asked.push(operation);
    if (operation === 'DescribeLogStreams') {
      const names = [...this.streams.keys()].filter((name) => name.startsWith(logStreamNamePrefix));
      return { logStreams: names.map((name) => ({ logStreamName: name })) };
    }
    this.onPage(logStreamName);
    const events = this.streams.get(logStreamName) ?? [];
    const [from = 0, emptyBefore = 0] = (nextToken ?? '0/0').split('/').map(Number);
    if (this.emptyPages && emptyBefore === 0 && from < events.length)
      return { events: [], nextForwardToken: `${from}/1` };
    const page = events.slice(from, from + this.pageEvents);
    const next = page.length === 0 && nextToken !== undefined ? nextToken : `${from + page.length}/0`;
    return { events: page, nextForwardToken: next };
  }
}

async function texts(tail: LogTail, horizon?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const { shortName, message } of tail.read(horizon)) lines.push(`${shortName} ${message}`);
  return lines;
}

function stream(times: readonly number[], word: string): Event[] {
  return times.map((timestamp) => ({ timestamp, message: `${word}${timestamp}` }));
}

test('all streams by time, each line once, later ones with the next call', async () => {
  const logs = new FakeLogs();
  logs.streams.set(INSTANCE, stream([1, 4, 5, 9], 'm'));
  logs.streams.set(`${INSTANCE}/data-log`, stream([2, 3, 7], 'd'));
  const tail = new LogTail(logs, 'job', undefined);
  assert.deepEqual(await texts(tail), [
    'model m1',
    'data-log d2',
    'data-log d3',
    'model m4',
    'model m5',
    'data-log d7',
    'model m9',
  ]);
  assert.deepEqual(await texts(tail), []);
  logs.streams.get(INSTANCE)?.push(...stream([10], 'm'));
  logs.streams.set('job/i-0b-200/data-log', stream([11], 'x'));
  assert.deepEqual(await texts(tail), ['model m10', '2/data-log x11']);
});

test('an empty page is not the end, the same token is', async () => {
  const logs = new FakeLogs();
  logs.emptyPages = true;
  logs.streams.set(`${INSTANCE}/data-log`, stream([1, 2, 3, 4, 5], 'd'));
  assert.deepEqual(
    await texts(new LogTail(logs, 'job', undefined)),
    [1, 2, 3, 4, 5].map((at) => `data-log d${at}`),
  );
});

test('a stream that grows faster than it is read ends at the horizon, and the others are not held up', async () => {
  const logs = new FakeLogs();
  logs.streams.set(INSTANCE, stream([1], 'm'));
  logs.streams.set(`${INSTANCE}/data-log`, stream([50], 'd'));
  let at = 1;
  logs.onPage = (name) => {
    if (name === INSTANCE) logs.streams.get(INSTANCE)?.push(...stream([++at, ++at], 'm'));
  };
  const lines = await texts(new LogTail(logs, 'job', undefined), 100);
  assert.equal(lines.indexOf('data-log d50'), 50);
  assert.equal(lines.at(-1), `model m${lines.length - 1}`);
  assert.ok(lines.length > 100 && lines.length < 110, `${lines.length} lines`);
});

test('one stream: by its short name, its kind on all instances, or its whole name', async () => {
  const logs = new FakeLogs();
  for (const name of [INSTANCE, `${INSTANCE}/data-log`, 'job/i-0b-200', 'job/i-0b-200/data-log'])
    logs.streams.set(name, stream([1], name.slice(4)));
  const only = async (wanted: string): Promise<string[]> => texts(new LogTail(logs, 'job', wanted));
  assert.deepEqual(await only('data-log'), ['data-log i-0a-100/data-log1', '2/data-log i-0b-200/data-log1']);
  assert.deepEqual(await only('2/model'), ['2/model i-0b-2001']);
  assert.deepEqual(await only(`${INSTANCE}/data-log`), ['data-log i-0a-100/data-log1']);
});

test('a stream that is not there is told with those that are', async () => {
  const logs = new FakeLogs();
  const tail = new LogTail(logs, 'job', 'data-lgo');
  assert.deepEqual(await texts(tail), []);
  tail.checkFound(); // nothing has logged yet
  logs.streams.set(`${INSTANCE}/data-log`, []).set(INSTANCE, []).set('job-2/i-0a-1', []);
  assert.deepEqual(await texts(tail), []);
  assert.throws(() => tail.checkFound(), {
    message: 'The job job has no log stream "data-lgo". Its streams: data-log, model.',
  });
});

test('a group that does not exist yet has no streams; other refusals are told', async () => {
  const answer = (code: string): Service => ({
    call: () =>
      Promise.reject(
        new MillraceError('RequestRefused', { operation: 'X', code, message: 'm', status: 400, remedy: '' }),
      ),
  });
  assert.deepEqual(await texts(new LogTail(answer('ResourceNotFoundException'), 'job', undefined)), []);
  await assert.rejects(texts(new LogTail(answer('ValidationException'), 'job', undefined)), /ValidationException/);
});

test('whatever the pages and whenever lines come: each line once, in the order of its stream', async () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 });
  const steps = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      lengths,
      steps,
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (counts, growth, page, empty) => {
        const logs = new FakeLogs();
        logs.pageEvents = page;
        logs.emptyPages = empty;
        const name = (at: number): string => `job/i-0-${at + 1}/data-log`;
        const whole = counts.map((count, at) =>
          stream(
            Array.from({ length: count }, (_, i) => i * 3 + at),
            `s${at}-`,
          ),
        );
        for (const at of counts.keys()) logs.streams.set(name(at), []);
        const come = (lines: number): void => {
          for (const [at, events] of whole.entries()) {
            const there = logs.streams.get(name(at)) ?? [];
            there.push(...events.slice(there.length, there.length + lines));
          }
        };
        let next = 0;
        logs.onPage = () => come(growth[next++] ?? 0);
        const tail = new LogTail(logs, 'job', undefined);
        const found: string[] = [];
        for (let round = 0; round < 3; round++) found.push(...(await texts(tail)));
        come(100);
        found.push(...(await texts(tail)));
        for (const [at, events] of whole.entries()) {
          const own = found.filter((line) => line.includes(` s${at}-`)).map((line) => line.split(' ')[1]);
          assert.deepEqual(
            own,
            events.map(({ message }) => message),
          );
        }
      },
    ),
  );
});
