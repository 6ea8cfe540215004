import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type OnnxServer, type OnnxServerOptions, startOnnxServer } from './server.ts';

const path = (name: string) => join(import.meta.dirname, '../../../test/models', `${name}.onnx`);

async function serve(t: TestContext, name: string, options: Partial<OnnxServerOptions> = {}): Promise<OnnxServer> {
  const server = await startOnnxServer({ modelPath: path(name), port: 0, workers: 1, ...options });
  t.after(() => server.close());
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function invoke(
  { url }: OnnxServer,
  body: string,
  headers: Record<string, string> = { 'content-type': 'text/csv' },
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${url}/invocations`, { method: 'POST', body, headers, ...(signal && { signal }) });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

const rows = (count: number) => Array.from({ length: count }, (_, i) => `${i},1\n`).join('');

test('answers 503 until the model is loaded, then 200', async () => {
  const early: Promise<number[]>[] = [];
  const server = await startOnnxServer({
    modelPath: path('dense'),
    port: 0,
    workers: 1,
    log: (line) => {
      const url = /^listening on (\S+),/.exec(line)?.[1];
      if (url === undefined) return;
      const calls = [fetch(`${url}/ping`), fetch(`${url}/invocations`, { method: 'POST', body: '1' })];
      early.push(Promise.all(calls.map(async (call) => (await call).status)));
    },
  });
  assert.deepEqual(await Promise.all(early), [[503, 503]]);
  assert.equal((await fetch(`${server.url}/ping`)).status, 200);
  await server.close();
  await assert.rejects(fetch(`${server.url}/ping`));
});

test('answers by Content-Type and Accept', async (t) => {
  const server = await serve(t, 'two-outputs');
  const csv = { status: 200, type: 'text/csv', text: '3,-1,-2\n' };
  assert.deepEqual(await invoke(server, '1,2\n'), csv);
  assert.deepEqual(await invoke(server, '1,2\n', { 'content-type': 'text/csv; charset=utf-8', accept: '*/*' }), csv);
  assert.deepEqual(await invoke(server, '[1,2]', { 'content-type': 'application/jsonlines', accept: 'text/csv' }), csv);
  assert.deepEqual(await invoke(server, '1,2\n', { 'content-type': 'text/csv', accept: 'application/json' }), {
    status: 200,
    type: 'application/json',
    text: '{"predictions":[{"total":3,"negated":[-1,-2]}]}',
  });
  assert.deepEqual(await invoke(server, ''), { status: 200, type: 'text/csv', text: '' });
});

test('takes a body without a Content-Type, sent in chunks', async (t) => {
  const server = await serve(t, 'two-outputs');
  const outgoing = request(`${server.url}/invocations`, { method: 'POST' });
  for (const chunk of ['1,', '2\n3', ',4']) outgoing.write(chunk);
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = await response.toArray();
  assert.equal(Buffer.concat(chunks).toString(), '3,-1,-2\n7,-3,-4\n');
});

test('says no with the reason', async (t) => {
  const server = await serve(t, 'picky');
  const csv = { 'content-type': 'text/csv' };
  const cases: [string, Record<string, string>, number, RegExp][] = [
    ['1\nx\n', csv, 400, /^row 2, column 1: "x" is not an integer$/],
    ['7\n', csv, 500, /indices element out of data bounds/],
    ['1', { 'content-type': 'image/png' }, 415, /^Content-Type image\/png is not supported; send text\/csv/],
    ['1', { ...csv, 'content-encoding': 'gzip' }, 415, /^Content-Encoding gzip is not supported/],
    ['1', { ...csv, accept: 'image/png' }, 406, /^Accept image\/png is not supported; accept text\/csv/],
  ];
  for (const [body, headers, status, text] of cases) {
    const answer = await invoke(server, body, headers);
    assert.equal(answer.status, status);
    assert.equal(answer.type, 'text/plain; charset=utf-8');
    assert.match(answer.text, text);
  }
  assert.equal((await fetch(`${server.url}/`)).status, 404);
  const get = await fetch(`${server.url}/invocations?x=1`);
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
});

test('refuses bodies above the limit, announced or not, and goes on', async (t) => {
  const server = await serve(t, 'two-outputs', { maxBodyBytes: 100 });
  const chunked = new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from(rows(500)));
      controller.close();
    },
  });
  const answers = [
    await fetch(`${server.url}/invocations`, { method: 'POST', body: rows(500) }),
    await fetch(`${server.url}/invocations`, { method: 'POST', body: chunked, duplex: 'half' } as RequestInit),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 413);
    assert.match(await answer.text(), /^the request's body is larger than 100 bytes .*MaxPayloadInMB/);
  }
  const exact = '1,2\n'.repeat(25);
  assert.equal((await invoke(server, exact)).text, '3,-1,-2\n'.repeat(25));
});

test('many requests at once are each answered with their own results', async (t) => {
  const server = await serve(t, 'two-outputs', { workers: 2, maxBodyBytes: 1000 }); // the budget makes some wait
  const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => invoke(server, `${i},0.5\n`.repeat(100))));
  for (const [i, { text }] of answers.entries())
    assert.equal(text, `${i + 0.5},${i === 0 ? '-0' : -i},-0.5\n`.repeat(100));
});

test('offers execution parameters', async (t) => {
  const server = await serve(t, 'dense', { workers: 2 });
  const response = await fetch(`${server.url}/execution-parameters`);
  assert.deepEqual(await response.json(), {
    MaxConcurrentTransforms: 3,
    BatchStrategy: 'MULTI_RECORD',
    MaxPayloadInMB: 6,
  });
});

test('answers pings while the model works, and gives up work that nobody waits for', { timeout: 30_000 }, async (t) => {
  const server = await serve(t, 'slow');
  const client = new AbortController();
  const abandoned = invoke(server, '1\n'.repeat(1_000_000), undefined, client.signal); // minutes of work
  const caught = assert.rejects(abandoned, { name: 'AbortError' });
  const behind = invoke(server, '0\n'); // waits for the only worker
  for (let i = 0; i < 5; i++) assert.equal((await fetch(`${server.url}/ping`)).status, 200);
  client.abort();
  await caught;
  assert.equal((await behind).text, '0\n');
});

test('finishes what is in flight when it is closed', async () => {
  const server = await startOnnxServer({ modelPath: path('slow'), port: 0, workers: 1 });
  const answer = invoke(server, '0\n'.repeat(500));
  await fetch(`${server.url}/ping`); // came second, so the invocation has arrived
  await server.close();
  assert.equal((await answer).text, '0\n'.repeat(500));
});

test('a model that cannot be loaded leaves nothing behind', async () => {
  const lines: string[] = [];
  const start = startOnnxServer({
    modelPath: path('sequence-output'),
    port: 0,
    workers: 2,
    log: (line) => lines.push(line),
  });
  await assert.rejects(start, { message: /^cannot load the model .*sequence-output\.onnx: output "y" is a sequence/ });
  const url = /http\S+\d/.exec(lines[0] ?? '')?.[0];
  await assert.rejects(fetch(`${url}/ping`));
});

test('a port that is taken is an error', async (t) => {
  const server = await serve(t, 'dense');
  await assert.rejects(startOnnxServer({ modelPath: path('dense'), port: server.port }), { code: 'EADDRINUSE' });
});
