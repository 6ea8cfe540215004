import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MillraceError } from '../core/errors.ts';
import { HttpClient } from './http/http-client.ts';
import { Invoker } from './invoker.ts';
import { newProgress, requestEnds } from './progress.ts';
import { ResponseBudget } from './response-budget.ts';

type Answer = (response: ServerResponse) => void;

/** An invoker whose server gives these answers, one to each request. */
async function invoking(t: TestContext, answers: readonly Answer[], maxRetries = 3) {
  const left = [...answers];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => left.shift()?.(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new HttpClient(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  t.after(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const progress = newProgress();
  const clock = { now: () => 0, sleep: async (_ms: number, signal: AbortSignal) => signal.throwIfAborted() };
  const options = { timeoutMs: 10_000, maxRetries, maxResponseBytes: 1e6, accept: undefined, container: undefined };
  const invoker = new Invoker(client, new ResponseBudget(1e7), options, progress, clock);
  const invoke = async (signal = new AbortController().signal): Promise<void> => {
    const place = { object: 'a', record: 0, offset: 0 };
    const head = invoker.headFor('a', 'text/csv');
    const segments = [Buffer.from('1\n')];
    (await invoker.invoke({ place, head, segments, bytes: 2, sequence: 0, maxRetries: undefined }, signal)).release();
  };
  const ends = () =>
    Object.fromEntries(requestEnds.map((end, at) => [end, progress.ends[at] ?? 0]).filter(([, count]) => count !== 0));
  return { client, progress, invoke, ends };
}

const answer =
  (status: number): Answer =>
  (response) =>
    response.writeHead(status).end('1\n');
const hangUp: Answer = (response) => {
  response.writeHead(200, { 'Content-Length': 10 }).write('1\n', () => response.destroy());
};

test('every request of an invocation is counted by how it ended', async (t) => {
  const { invoke, progress, ends } = await invoking(t, [answer(503), hangUp, answer(429), answer(200)]);
  await invoke();
  assert.deepEqual(ends(), { '2xx': 1, '4xx': 1, '5xx': 1, error: 1 });
  assert.deepEqual([progress.requests, progress.retries, progress.requestsInFlight], [4, 3, 0]);
  assert.equal(
    progress.latencies.reduce((sum, count) => sum + count, 0),
    4,
  );
  assert(progress.latencyMs > 0);
});

test('a refusal and a redirect count as what they are', async (t) => {
  const { invoke, ends } = await invoking(t, [answer(400), answer(302)]);
  await assert.rejects(invoke(), MillraceError);
  await assert.rejects(invoke(), MillraceError);
  assert.deepEqual(ends(), { '3xx': 1, '4xx': 1 });
});

test('a compressed answer is counted once, whether it can be decoded or not', async (t) => {
  const compressed =
    (body: Buffer): Answer =>
    (response) =>
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(body);
  const answers = [compressed(gzipSync('1\n')), compressed(Buffer.from('no gzip'))];
  const { invoke, progress, ends } = await invoking(t, answers, 0);
  await invoke();
  await assert.rejects(invoke(), MillraceError);
  assert.deepEqual(ends(), { '2xx': 1, error: 1 });
  assert.equal(progress.requests, 2);
});

test('a request that the end of the job cuts off is no failed one', async (t) => {
  const abort = new AbortController();
  const context = await invoking(t, [
    () => {
      abort.abort(new Error('the job is over'));
      context.client.close();
    },
  ]);
  await assert.rejects(context.invoke(abort.signal), /the job is over/);
  assert.deepEqual(context.ends(), {});
  assert.deepEqual([context.progress.requests, context.progress.requestsInFlight], [1, 0]);
});

test('how long a request took is told by a clock that nobody sets', async (t) => {
  const { invoke, progress } = await invoking(t, [answer(200)]);
  const times = [1000];
  t.mock.method(performance, 'now', () => times.shift() ?? 1007);
  await invoke();
  assert.equal(progress.latencyMs, 7);
});
