import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '../../test/manual-clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { StateEvent } from './state-events.ts';
import { Webhook } from './webhook.ts';

interface Received {
  readonly request: IncomingMessage;
  readonly text: string;
}

type Receiver = (response: ServerResponse, received: Received) => void;

/** A webhook whose receiver does what the test says with every event; its URL is full of secrets. */
async function receiving(t: TestContext, receive: Receiver) {
  const received: Received[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    received.push({ request, text });
    for (const watcher of watchers) watcher();
    receive(response, { request, text });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const clock = new ManualClock();
  const lines: string[] = [];
  const url = `http://user:secret@127.0.0.1:${port}/secret?key=secret`;
  const webhook = new Webhook({ url, clock, say: (line) => lines.push(line) });
  /** Resolves when so many attempts have come. */
  const attempts = async (count: number): Promise<void> => {
    while (received.length < count) {
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
      });
    }
  };
  return { webhook, clock, lines, received, attempts, port, texts: () => received.map(({ text }) => text) };
}

const event = (job: string, number: number): StateEvent => ({
  job,
  status: 'Completed',
  text: JSON.stringify({ job, number }),
});
const never = new AbortController().signal;
/** Everything that is under way has come to its next wait. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('an event is posted as JSON, with the credentials of the URL', async (t) => {
  const { webhook, received, lines, clock } = await receiving(t, (response) => response.writeHead(204).end());
  webhook.send(event('a', 1));
  await webhook.close(never);
  const [{ request, text } = assert.fail('nothing came')] = received;
  assert.deepEqual([request.method, request.url, text], ['POST', '/secret?key=secret', '{"job":"a","number":1}']);
  assert.equal(request.headers['content-type'], 'application/json');
  assert.equal(request.headers.authorization, `Basic ${Buffer.from('user:secret').toString('base64')}`);
  assert.deepEqual([webhook.delivered, webhook.lost, lines, clock.asleep], [1, 0, [], []]);
});

test('what may pass is tried again with growing pauses, Retry-After among them', async (t) => {
  const answers: Receiver[] = [
    (response) => response.writeHead(503).end(),
    (response) => response.destroy(),
    (response) => response.writeHead(429, { 'Retry-After': '90' }).end(),
    (response) => response.writeHead(500, { 'Retry-After': '1' }).end(),
    (response) => response.writeHead(200).end('taken'),
  ];
  const { webhook, clock, texts, lines, attempts } = await receiving(t, (response, of) =>
    answers.shift()?.(response, of),
  );
  webhook.send(event('a', 1));
  for (const pauseMs of [1000, 2000, 90_000, 8000]) {
    await clock.sleeping(pauseMs);
    const before = texts().length;
    clock.pass(pauseMs - 1);
    await settled();
    assert.equal(texts().length, before, `before ${pauseMs} ms are over`);
    clock.pass(1);
    await attempts(before + 1);
  }
  await webhook.close(never);
  assert.deepEqual(texts(), Array(5).fill('{"job":"a","number":1}'));
  assert.deepEqual([webhook.delivered, webhook.lost, lines], [1, 0, []]);
});

test('a job keeps its order, and one that waits does not hold back the others', async (t) => {
  let refuse = true;
  const { webhook, clock, texts, attempts } = await receiving(t, (response, { text }) => {
    response.writeHead(refuse && text.includes('"a"') ? 503 : 200).end();
  });
  for (const [job, number] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['b', 4],
    ['c', 5],
  ] as const)
    webhook.send(event(job, number));
  await clock.sleeping(1000);
  await attempts(4);
  await settled();
  const of = (job: string): string[] => texts().filter((text) => text.includes(`"${job}"`));
  assert.deepEqual(of('a'), ['{"job":"a","number":1}']);
  assert.deepEqual(
    [...of('b'), ...of('c')],
    [2, 4, 5].map((number) => event(number === 5 ? 'c' : 'b', number).text),
  );
  refuse = false;
  clock.pass(1000);
  await attempts(6);
  await webhook.close(never);
  assert.deepEqual(
    of('a'),
    [1, 1, 3].map((number) => event('a', number).text),
  );
});

for (const status of [301, 307, 400, 404]) {
  test(`an answer ${status} is final, and no secret is in what is said`, async (t) => {
    const { webhook, lines, received, port } = await receiving(t, (response) =>
      response.writeHead(status, { Location: '/elsewhere' }).end(),
    );
    webhook.send(event('a', 1));
    await webhook.close(never);
    assert.equal(received.length, 1);
    assert.deepEqual([webhook.delivered, webhook.lost], [0, 1]);
    assert.deepEqual(lines, [
      `The webhook at http://127.0.0.1:${port} did not take the event "Completed" of the job "a": it answered ${status} (attempt 1).`,
    ]);
  });
}

test('an event is given up after some minutes, and the next one of the job comes', async (t) => {
  const { webhook, clock, lines, received, attempts } = await receiving(t, (response, { text }) =>
    response.writeHead(text.includes('1') ? 502 : 200).end(),
  );
  webhook.send(event('a', 1));
  webhook.send(event('a', 2));
  let waitedMs = 0;
  for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]) {
    await clock.sleeping(pauseMs);
    clock.pass(pauseMs);
    waitedMs += pauseMs;
  }
  await attempts(11);
  await webhook.close(never);
  assert.equal(received.filter(({ text }) => text.includes('1')).length, 10);
  assert(waitedMs > 120_000 && waitedMs < 600_000);
  assert.deepEqual([webhook.delivered, webhook.lost], [1, 1]);
  assert.match(lines.join('\n'), /^\S[^\n]* of the job "a": it answered 502 \(attempt 10\)\.$/);
});

test('an attempt that is not answered within ten seconds is over', async (t) => {
  const answers: Receiver[] = [() => undefined, (response) => response.writeHead(200).end()];
  const { webhook, clock, attempts } = await receiving(t, (response, of) => answers.shift()?.(response, of));
  webhook.send(event('a', 1));
  await attempts(1);
  clock.pass(9999);
  await settled();
  assert.deepEqual(clock.asleep, [10_000]);
  clock.pass(1);
  await clock.sleeping(1000);
  clock.pass(1000);
  await attempts(2);
  await webhook.close(never);
  assert.equal(webhook.delivered, 1);
});

test('an answer counts although its body never ends', async (t) => {
  const { webhook, clock, attempts } = await receiving(t, (response) => {
    response.writeHead(200).write('and so on');
  });
  webhook.send(event('a', 1));
  await attempts(1);
  const closed = webhook.close(never);
  await settled();
  clock.pass(10_000);
  await closed;
  assert.deepEqual([webhook.delivered, webhook.lost], [1, 0]);
});

test('nobody listens: tried again, and told with the reason in the end', async (t) => {
  const { webhook, lines, clock, port } = await receiving(t, () => undefined);
  const closedPort = await freePort();
  const say = (line: string): void => void lines.push(line);
  const lonely = new Webhook({ url: `http://127.0.0.1:${closedPort}/secret`, clock, say });
  lonely.send(event('a', 1));
  await clock.sleeping(1000);
  await lonely.close(never);
  await webhook.close(never);
  assert.notEqual(port, closedPort);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /^The webhook at http:\/\/127\.0\.0\.1:\d+ did not take .*: connect ECONNREFUSED .* \(attempt 2\)\.$/,
  );
});

test('of more than 1,000 that wait the oldest go, which is said once', async (t) => {
  let hold = true;
  const held: ServerResponse[] = [];
  const { webhook, lines, texts, attempts } = await receiving(t, (response) => {
    if (hold) held.push(response);
    else response.writeHead(200).end();
  });
  for (let number = 0; number < 1104; number++) webhook.send(event(`job-${number}`, number));
  await attempts(4);
  assert.equal(webhook.lost, 100);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /more than 1000 events wait, and the oldest ones are dropped\.$/);
  hold = false;
  for (const response of held) response.writeHead(200).end();
  await webhook.close(never);
  const numbers = texts().map((text) => (JSON.parse(text) as { number: number }).number);
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    [0, 1, 2, 3, ...Array.from({ length: 1000 }, (_, at) => 104 + at)],
  );
  assert.deepEqual([webhook.delivered, webhook.lost], [1004, 100]);
});

test('at the end of the service there is one more try without a pause', async (t) => {
  const answers = [503, 200];
  const { webhook, clock, received } = await receiving(t, (response) =>
    response.writeHead(answers.shift() ?? 500).end(),
  );
  webhook.send(event('a', 1));
  await clock.sleeping(1000);
  await webhook.close(never);
  assert.deepEqual([received.length, webhook.delivered, clock.asleep], [2, 1, []]);
});

test('what is not taken when time is up is said in one line', async (t) => {
  const { webhook, clock, lines, attempts } = await receiving(t, () => undefined);
  for (let number = 0; number < 20; number++) webhook.send(event(`job-${number}`, number));
  await attempts(4);
  const late = new AbortController();
  const closed = webhook.close(late.signal);
  late.abort();
  await closed;
  assert.equal(webhook.lost, 20);
  assert.deepEqual(clock.asleep, []);
  assert.deepEqual(
    lines.map((line) => line.replace(/\d+ did/, 'N did')),
    ['The webhook at http://127.0.0.1:N did not get the last 20 events: the service stops.'],
  );
});

test('an address that is none is refused without being shown', () => {
  const options = { clock: new ManualClock(), say: () => undefined };
  assert.throws(
    () => new Webhook({ ...options, url: 'http://[secret' }),
    (error) => {
      assert(error instanceof MillraceError && error.code === 'InvalidOption');
      return !error.message.includes('secret');
    },
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
