import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { type ModelServer, type ModelServerOptions, RAW, type Reply, startModelServer } from './model-server.ts';

const CLOSE = { headers: { Connection: 'close' } };

/** Wraps each line in its letter, and says of what type that is. */
function wrapping(letter: string, contentType?: string): ModelServerOptions {
  return {
    invoke: ({ text }) => ({
      headers: contentType === undefined ? {} : { 'Content-Type': contentType },
      body: wrapped(text, letter),
    }),
  };
}

function wrapped(text: string, letter: string): string {
  return text.replaceAll(/[^\n]+/g, (line) => `${letter}(${line})`);
}

async function servers(t: TestContext, ...options: readonly ModelServerOptions[]): Promise<ModelServer[]> {
  const started: ModelServer[] = [];
  for (const one of options) started.push(await startModelServer(t, one));
  return started;
}

/** The arguments for all of them in a row, in which `Sandbox.transform` puts the first `--model` itself. */
function pipeline([first, ...others]: readonly ModelServer[]): [model: string, args: string[]] {
  return [first?.url ?? '', others.flatMap(({ url }) => ['--model', url])];
}

describe('inference pipelines (behaviour 3)', { concurrency: 4 }, () => {
  test('called in order, with the content type of each response, and Accept for the last', async (t) => {
    const box = new Sandbox(t);
    const all = await servers(t, wrapping('a', 'text/x-first'), wrapping('b'), wrapping('c', 'text/x-last'));
    await box.write({ 'in/x.csv': '1\n2\n', 'in/y.csv': '3\n' });
    const [model, args] = pipeline(all);
    const run = await box.transform(model, [...args, '--accept', 'text/x-last', '--json']);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'x.csv.out': 'c(b(a(1)))\nc(b(a(2)))\n', 'y.csv.out': 'c(b(a(3)))\n' });
    const seen = all.map(({ invocations }) => invocations[0]?.headers);
    assert.deepEqual(
      seen.map((headers) => [headers?.['content-type'], headers?.accept, headers?.['content-length']]),
      [
        ['text/csv', undefined, '4'],
        ['text/x-first', undefined, '10'],
        [undefined, 'text/x-last', '16'],
      ],
    );
    for (const { paths, invocations } of all) {
      assert.deepEqual(paths, ['/ping', '/execution-parameters', '/invocations', '/invocations']);
      for (const { headers } of invocations) assert.equal(headers['accept-encoding'], 'gzip');
      assert.equal(invocations[0]?.headers['x-amzn-sagemaker-input-object'], 'in/x.csv');
    }
    const { containers, records, requests, retries } = JSON.parse(run.stdout);
    assert.deepEqual(
      containers,
      all.map(({ url }, at) => ({ name: `container-${at + 1}`, model: url })),
    );
    assert.deepEqual([records, retries], [3, 0]);
    assert.ok(requests >= 2, `${requests} requests`);
  });

  test('results keep their order, whatever is answered first, and belong to their records', async (t) => {
    const slowly = (letter: string): ModelServerOptions => ({
      invoke: async ({ text, number }) => {
        await sleep((number * 7) % 23);
        return wrapped(text, letter);
      },
    });
    const box = new Sandbox(t);
    const all = await servers(t, slowly('a'), slowly('b'));
    const text = Array.from({ length: 200 }, (_, index) => `${index}\n`).join('');
    await box.write({ 'in/x.csv': text });
    const [model, args] = pipeline(all);
    const options = ['--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '5'];
    const run = await box.transform(model, [...args, ...options]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/x.csv.out'), wrapped(wrapped(text, 'a'), 'b'));
    for (const { mostOpen, invocations } of all) {
      assert.ok(mostOpen > 1 && mostOpen <= 5, `${mostOpen} at once`);
      assert.equal(invocations.length, 200);
    }
  });

  test('responses in pieces, compressed, or of nothing are handed on as plain requests', async (t) => {
    const replies: Record<string, Reply> = {
      'chunked\n': { chunks: ['in ', 'pieces', '\n'] },
      'gzip\n': { headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('was compressed\n') },
      'nothing\n': '',
    };
    const box = new Sandbox(t);
    const all = await servers(t, { invoke: ({ text }) => replies[text] ?? 'unknown' }, wrapping('b'));
    await box.write({ 'in/x.csv': Object.keys(replies).join('') });
    const [model, args] = pipeline(all);
    const options = ['--batch-strategy', 'SingleRecord', '--assemble-with', 'None'];
    const run = await box.transform(model, [...args, ...options]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/x.csv.out'), 'b(in pieces)\nb(was compressed)\n');
    const second = all[1]?.invocations ?? [];
    assert.deepEqual(
      second.map(({ text, headers }) => [text, headers['content-length'], headers['content-encoding']]),
      [
        ['in pieces\n', '10', undefined],
        ['was compressed\n', '15', undefined],
        ['', '0', undefined],
      ],
    );
  });

  test('the original record is joined with the output of the last', async (t) => {
    const box = new Sandbox(t);
    const add = {
      invoke: ({ text }: { readonly text: string }) => text.replaceAll(/\d+/g, (n) => String(Number(n) + 1)),
    };
    const [model, args] = pipeline(await servers(t, add, add, add));
    await box.write({ 'in/x.csv': '10,a\n20,b\n' });
    const run = await box.transform(model, [...args, '--input-filter', '$[0]', '--join-source', 'Input']);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/x.csv.out'), '10,a,13\n20,b,23\n');
  });

  test('15 models are a pipeline, 16 are refused', async (t) => {
    const box = new Sandbox(t);
    const server = await startModelServer(t, wrapping('a'));
    await box.write({ 'in/x.csv': '1\n' });
    const model = ['--model', server.url];
    const run = await box.transform(server.url, Array.from({ length: 14 }, () => model).flat());
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/x.csv.out'), `${'a('.repeat(15)}1${')'.repeat(15)}\n`);
    const before = server.paths.length;
    const refused = await box.transform(server.url, Array.from({ length: 15 }, () => model).flat());
    assert.equal(refused.status, 2, refused.all);
    assert.match(refused.stderr, /--model.* a pipeline has 15 models at the most, these are 16\./);
    assert.equal(server.paths.length, before);
  });

  const offers: [offers: unknown[], args: string[], inForce: string][] = [
    [
      [
        { MaxPayloadInMB: 3, BatchStrategy: 'SINGLE_RECORD', MaxConcurrentTransforms: 8 },
        { MaxPayloadInMB: 1, BatchStrategy: 'MULTI_RECORD' },
      ],
      [],
      'MaxConcurrentTransforms=8, MaxPayloadInMB=3, BatchStrategy=SINGLE_RECORD',
    ],
    [
      [
        undefined,
        { MaxPayloadInMB: 2, BatchStrategy: 'SINGLE_RECORD', MaxConcurrentTransforms: 4 },
        { MaxConcurrentTransforms: 3 },
      ],
      [],
      'MaxConcurrentTransforms=3, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD',
    ],
    [
      [{ MaxConcurrentTransforms: 8, MaxPayloadInMB: 2 }, { MaxConcurrentTransforms: 2 }],
      ['--max-concurrent-transforms', '5', '--max-payload-in-mb', '4'],
      'MaxConcurrentTransforms=5, MaxPayloadInMB=4, BatchStrategy=MULTI_RECORD',
    ],
  ];
  for (const [offered, options, inForce] of offers) {
    test(`execution parameters: ${inForce}`, async (t) => {
      const box = new Sandbox(t);
      const [model, args] = pipeline(
        await servers(t, ...offered.map((executionParameters) => ({ executionParameters }))),
      );
      await box.write({ 'in/x.csv': '1\n' });
      const run = await box.transform(model, [...args, ...options]);
      assert.equal(run.status, 0, run.all);
      assert.ok(run.stderr.includes(inForce), run.stderr);
    });
  }
});

describe('containers of a pipeline that fail (behaviour 6)', { concurrency: 4 }, () => {
  interface Fault {
    readonly name: string;
    readonly reply: (invocation: Parameters<NonNullable<ModelServerOptions['invoke']>>[0]) => Reply | Promise<Reply>;
    readonly args?: readonly string[];
    readonly retried: boolean;
    readonly message: RegExp;
  }
  const faults: readonly Fault[] = [
    {
      name: 'a refusal',
      reply: () => ({ ...CLOSE, status: 400, body: 'no such thing' }),
      retried: false,
      message:
        /^The container "scorer" answered 400 to the mini-batch that starts with record 1 at byte 0: no such thing$/,
    },
    {
      name: 'an error',
      reply: () => ({ ...CLOSE, status: 500, body: 'Traceback' }),
      retried: true,
      message:
        /^Bad HTTP status received from algorithm: 500 from the container "scorer", at the last of 2 tries, .*: Traceback$/,
    },
    {
      name: 'a broken connection',
      reply: ({ socket }) => {
        socket.destroy();
        return RAW;
      },
      retried: true,
      message: /^Unable to get response from algorithm from the container "scorer", at the last of 2 tries/,
    },
    {
      name: 'no answer',
      reply: () => new Promise(() => undefined),
      args: ['--invocations-timeout-in-seconds', '1'],
      retried: true,
      message: /^Model server did not respond to \/invocations request within 1 seconds from the container "scorer"/,
    },
  ];
  for (const { name, reply, args = [], retried, message } of faults) {
    for (const stage of [0, 1, 2]) {
      test(`${name} of container ${stage + 1} of 3: its name, and its retries alone`, async (t) => {
        let healed = false;
        const spoilt: ModelServerOptions = {
          ping: () => CLOSE,
          invoke: (invocation) =>
            invocation.text.includes('bad') && !healed ? reply(invocation) : { ...CLOSE, body: invocation.text },
        };
        const fine: ModelServerOptions = { ping: () => CLOSE, invoke: ({ body }) => ({ ...CLOSE, body }) };
        const all = await servers(t, ...[0, 1, 2].map((at) => (at === stage ? spoilt : fine)));
        const box = new Sandbox(t);
        await box.write({ 'in/a.csv': 'a\n', 'in/b.csv': 'bad\n', 'in/c.csv': 'c\n' });
        const names = ['cleaner', 'ranker', 'writer'];
        names[stage] = 'scorer';
        const models = all.flatMap(({ url }, at) => ['--model', url, '--container-name', names[at] ?? '']);
        const options = ['--input', 'in', '--output', 'out', '--invocations-max-retries', '1', '--json', ...args];
        const run = await box.run(['transform', ...models, ...options]);
        assert.equal(run.status, 1, run.all);
        assert.deepEqual(await box.tree('out'), { 'a.csv.out': 'a\n', 'c.csv.out': 'c\n' });
        const [failure] = JSON.parse(run.stdout).failures;
        assert.equal(failure.object, 'in/b.csv');
        assert.match(failure.message, message);
        assert.equal(failure.details.container, 'scorer');
        const calls = all.map(({ invocations }) => invocations.filter(({ text }) => text === 'bad\n').length);
        assert.deepEqual(
          calls,
          [0, 1, 2].map((at) => (at < stage ? 1 : at > stage ? 0 : retried ? 2 : 1)),
        );

        healed = true;
        const again = await box.run(['transform', ...models, ...options]);
        assert.equal(again.status, 0, again.all);
        assert.equal(await box.read('out/b.csv.out'), 'bad\n');
      });
    }
  }

  test('each container has its own retries, which leave nothing but their count', async (t) => {
    const box = new Sandbox(t);
    const flaky = (letter: string): ModelServerOptions => ({
      ping: () => CLOSE,
      invoke: ({ number, text }) =>
        number % 3 === 0 ? { ...CLOSE, body: wrapped(text, letter) } : { ...CLOSE, status: 503 },
    });
    const all = await servers(t, flaky('a'), flaky('b'));
    await box.write({ 'in/x.csv': '1\n', 'in/y.csv': '2\n' });
    const [model, args] = pipeline(all);
    const run = await box.transform(model, [...args, '--invocations-max-retries', '2', '--json']);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'x.csv.out': 'b(a(1))\n', 'y.csv.out': 'b(a(2))\n' });
    assert.deepEqual(
      all.map(({ invocations }) => invocations.length),
      [6, 6],
    );
    assert.equal(JSON.parse(run.stdout).retries, 8);
  });
});
