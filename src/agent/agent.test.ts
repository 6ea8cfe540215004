import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../core/errors.ts';
import type { ObjectReader, ObjectStore, ObjectWriter } from '../objects/object-store.ts';
import { type AgentOptions, type AgentReport, runAgent } from './agent.ts';
import { HttpClient } from './http/http-client.ts';
import { newProgress } from './progress.ts';

/** Objects in memory; reads come in pieces of `readBytes`, and what fails is decided by the test. */
class MemoryStore implements Pick<ObjectStore, 'open' | 'create'> {
  readonly objects = new Map<string, Buffer>();
  open_ = 0;
  mostOpen = 0;
  readonly readBytes: number;
  readonly failRead: (key: string, offset: number) => boolean;
  readonly failWrite: (key: string) => boolean;
  /** Writes wait for it. */
  gate: Promise<void> = Promise.resolve();

  constructor({
    readBytes = 7,
    failRead = (_key: string, _offset: number): boolean => false,
    failWrite = (_key: string): boolean => false,
  } = {}) {
    this.readBytes = readBytes;
    this.failRead = failRead;
    this.failWrite = failWrite;
  }

  async open(key: string): Promise<ObjectReader> {
    const bytes = this.objects.get(key);
    if (bytes === undefined)
      throw new MillraceError('ReadFailed', { object: key, offset: 0, cause: 'it is not there' });
    this.open_ += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open_);
    let at = 0;
    let open = true;
    return {
      size: bytes.length,
      read: async (into) => {
        if (!open) throw new MillraceError('ReadFailed', { object: key, offset: at, cause: 'file closed' });
        if (this.failRead(key, at)) throw new MillraceError('ReadFailed', { object: key, offset: at, cause: 'torn' });
        const count = bytes.copy(into, 0, at, at + Math.min(this.readBytes, into.length));
        at += count;
        return count;
      },
      close: async () => {
        if (open) this.open_ -= 1;
        open = false;
      },
    };
  }

  async create(key: string): Promise<ObjectWriter> {
    const pieces: Buffer[] = [];
    this.open_ += 1;
    let open = true;
    const end = (): void => {
      if (open) this.open_ -= 1;
      open = false;
    };
    return {
      write: async (bytes) => {
        await this.gate;
        if (this.failWrite(key)) throw new MillraceError('WriteFailed', { output: key, cause: 'full' });
        pieces.push(Buffer.from(bytes));
      },
      commit: async () => {
        this.objects.set(key, Buffer.concat(pieces));
        end();
      },
      abort: async () => end(),
    };
  }
}

type Answer = (body: string, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
let answer: Answer;
const server = createServer(async (request, response) => {
  const body = request.method === 'POST' ? (await buffer(request)).toString('latin1') : '';
  if (request.method === 'GET') response.end();
  else await answer(body, request, response);
});
let client: HttpClient;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new HttpClient(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});
after(() => {
  client.close();
  server.close();
});

/** The model: the length of each line. */
const lengths = (body: string): string =>
  (body.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => `${line.trimEnd().length}\n`).join('');

async function run(
  input: MemoryStore,
  output: MemoryStore,
  some: Partial<AgentOptions> = {},
): Promise<Map<string, AgentReport>> {
  const reports = new Map<string, AgentReport>();
  async function* tasks() {
    for (const key of input.objects.keys()) yield { inputKey: key, outputKey: `${key}.out`, name: key };
  }
  await runAgent(tasks(), {
    input: input as unknown as ObjectStore,
    output: output as unknown as ObjectStore,
    containers: [{ client, name: undefined }],
    settings: { maxConcurrentTransforms: 4, batchStrategy: 'MultiRecord', maxPayloadInMB: 20 / 2 ** 20 },
    compressionType: 'None',
    inputFilter: undefined,
    joinSource: 'None',
    outputFilter: undefined,
    inferenceIds: undefined,
    csvHeader: undefined,
    quotedNewlines: false,
    maxRecordsPerMiniBatch: undefined,
    badRecords: undefined,
    splitType: 'Line',
    assembleWith: 'Line',
    contentType: 'text/csv',
    accept: undefined,
    invocationsTimeoutMs: 10_000,
    invocationsMaxRetries: 0,
    progress: newProgress(),
    clock: { now: () => 0, sleep: async (_ms, signal) => signal.throwIfAborted() },
    drain: new AbortController().signal,
    signal: new AbortController().signal,
    onReport: (report) => {
      assert(!reports.has(report.task.inputKey), 'an object is reported once');
      reports.set(report.task.inputKey, report);
    },
    ...some,
  });
  assert.equal(input.open_ + output.open_, 0, 'nothing is left open');
  return reports;
}

test('any order of completion, any failures: each object has its own result in order, or its own failure and no output', async () => {
  const line = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b') });
  const object = fc.record({
    lines: fc.array(line, { maxLength: 12 }),
    newline: fc.boolean(),
    fate: fc.constantFrom('good', 'good', 'good', 'bad record', 'too large', 'torn', 'full'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(object, { maxLength: 8 }),
      fc.constantFrom('MultiRecord' as const, 'SingleRecord' as const),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 30 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
      async (objects, batchStrategy, concurrency, readBytes, delays) => {
        const fates = new Map<string, string>();
        const input = new MemoryStore({ readBytes, failRead: (key, at) => fates.get(key) === 'torn' && at > 0 });
        const output = new MemoryStore({ failWrite: (key) => fates.get(key.replace(/\.out$/, '')) === 'full' });
        objects.forEach(({ lines, newline, fate }, index) => {
          const extra =
            fate === 'bad record' ? ['BAD'] : fate === 'too large' ? ['x'.repeat(21)] : fate === 'good' ? [] : ['ab'];
          const text = [...lines, ...extra].join('\n') + (newline ? '\n' : '');
          fates.set(`o${index}`, fate);
          input.objects.set(`o${index}`, Buffer.from(text));
        });
        let open = 0;
        let most = 0;
        answer = async (body, _request, response) => {
          open += 1;
          most = Math.max(most, open);
          for (let turns = delays.next().value ?? 0; turns > 0; turns--)
            await new Promise((resolve) => setImmediate(resolve));
          open -= 1;
          if (body.includes('BAD')) response.statusCode = 400;
          response.end(body.includes('BAD') ? 'bad one' : lengths(body));
        };
        const settings = { maxConcurrentTransforms: concurrency, batchStrategy, maxPayloadInMB: 20 / 2 ** 20 };
        const reports = await run(input, output, { settings });
        assert(most <= concurrency);
        assert.deepEqual([...reports.keys()].sort(), [...fates.keys()].sort());
        for (const [key, fate] of fates) {
          const failure = reports.get(key)?.failure;
          const expected = {
            good: undefined,
            'bad record': 'ModelRefused',
            'too large': 'RecordTooLarge',
            torn: 'ReadFailed',
            full: 'WriteFailed',
          }[fate];
          assert.equal(failure?.code, expected, `${key} (${fate}): ${failure?.message}`);
          const text = input.objects.get(key)?.toString('latin1') ?? '';
          assert.equal(
            output.objects.get(`${key}.out`)?.toString('latin1'),
            failure === undefined ? lengths(text) : undefined,
          );
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('many failing objects do not use up the memory of the others', async () => {
  const input = new MemoryStore({ readBytes: 2 ** 20 });
  const output = new MemoryStore();
  for (let i = 0; i < 60; i++) input.objects.set(`o${i}`, Buffer.from(`${'x'.repeat(1_500_000)}\n`.repeat(2)));
  answer = (body, _request, response) => {
    response.statusCode = body.length > 0 ? 400 : 500;
    response.end();
  };
  const settings = { maxConcurrentTransforms: 2, batchStrategy: 'SingleRecord' as const, maxPayloadInMB: 2 };
  const reports = await run(input, output, { settings });
  assert.equal(reports.size, 60);
  for (const { failure } of reports.values()) assert.equal(failure?.code, 'ModelRefused');
});

test('objects that are too large are not kept open', async () => {
  const input = new MemoryStore();
  for (let i = 0; i < 200; i++) input.objects.set(`o${i}`, Buffer.alloc(21));
  const reports = await run(input, new MemoryStore(), { splitType: 'None' });
  for (const { failure } of reports.values()) assert.equal(failure?.code, 'ObjectTooLarge');
  assert.equal(reports.size, 200);
  assert(input.mostOpen <= 32, `${input.mostOpen} were open at once`);
});

test('a broken answer of a busy server fails its object, not the job', async () => {
  const input = new MemoryStore();
  const output = new MemoryStore();
  for (let i = 0; i < 20; i++) input.objects.set(`o${i}`, Buffer.from(`${i}\n`));
  answer = (body, _request, response) => {
    if (body !== '3\n') return void response.end(lengths(body));
    response.writeHead(200, { 'Content-Length': 100 });
    response.flushHeaders();
    response.socket?.end('half');
  };
  const reports = await run(input, output);
  assert.equal(reports.get('o3')?.failure?.code, 'ModelUnreachable');
  assert.equal(output.objects.size, 19);
});

test('a response with fewer lines than records is noticed, in formats of one line each', async () => {
  for (const [type, expected] of [
    ['text/csv; charset=utf-8', 1],
    ['application/json', 0],
  ] as const) {
    const input = new MemoryStore();
    input.objects.set('a', Buffer.from('1\n2\n3\n4\n5\n6\n7\n8\n9\n0\nBAD\nx'));
    answer = (body, _request, response) => {
      response.setHeader('Content-Type', type);
      response.end(body.includes('BAD') ? '1' : lengths(body));
    };
    const progress = newProgress();
    await run(input, new MemoryStore(), { progress });
    assert.equal(progress.miscounted, expected, type);
    assert.deepEqual(progress.firstMiscounted, expected === 0 ? undefined : { object: 'a', record: 10 });
  }
});

test('answers do not pile up in front of a store that does not take them', async () => {
  const input = new MemoryStore({ readBytes: 1000 });
  const output = new MemoryStore();
  const { promise, resolve: open } = Promise.withResolvers<void>();
  output.gate = promise;
  const records = 200;
  input.objects.set('a', Buffer.from(Array.from({ length: records }, (_, i) => `${i}\n`).join('')));
  let asked = 0;
  answer = (_body, _request, response) => {
    asked += 1;
    response.end(Buffer.alloc(1_000_000, 'x'));
  };
  const settings = { maxConcurrentTransforms: 4, batchStrategy: 'SingleRecord' as const, maxPayloadInMB: 6 };
  const running = run(input, output, { settings, assembleWith: 'None' });
  // Nothing tells that nothing happens: it is over when no request has come for a tenth of a second.
  for (let before = -1; asked !== before; ) {
    before = asked;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // 8 MB wait for the store, some more in order behind them; without a bound it would be all 200.
  assert(asked > 4 && asked < 60, `${asked} of ${records} were asked for`);
  open();
  await running;
  assert.equal(output.objects.get('a.out')?.length, records * 1_000_000);
});

test('draining keeps what is whole and reports what was begun', async () => {
  const input = new MemoryStore();
  const output = new MemoryStore();
  for (let i = 0; i < 200; i++) input.objects.set(`o${String(i).padStart(3, '0')}`, Buffer.from('a\nbb\n'));
  const drain = new AbortController();
  let asked = 0;
  answer = (body, _request, response) => {
    asked += 1;
    if (asked === 10) drain.abort();
    response.end(lengths(body));
  };
  const reports = await run(input, output, { drain: drain.signal });
  const whole = [...reports.values()].filter(({ failure }) => failure === undefined);
  assert(whole.length >= 10 && whole.length < 200, `${whole.length} are whole`);
  assert.equal(output.objects.size, whole.length);
  for (const { failure } of reports.values()) assert(failure === undefined || failure.code === 'Interrupted');
  assert(reports.size <= asked + 5, `${reports.size} are reported though only ${asked} requests were sent`);
});

test('an abort ends requests in flight and leaves no output', async () => {
  const input = new MemoryStore();
  const output = new MemoryStore();
  input.objects.set('a', Buffer.from('1\n2\n3\n'));
  const abort = new AbortController();
  const own = new HttpClient(new URL(`http://${client.host}`));
  answer = () => {
    abort.abort(new Error('now'));
    own.close('the job was stopped');
  };
  const reports = new Map<string, AgentReport>();
  const running = run(input, output, {
    containers: [{ client: own, name: undefined }],
    signal: abort.signal,
    onReport: (report) => reports.set(report.task.inputKey, report),
  });
  await assert.rejects(running, /now/);
  assert.equal(reports.get('a')?.failure?.code, 'Interrupted');
  assert.equal(output.objects.size, 0);
  assert.equal(output.open_ + input.open_, 0);
});

test('a server that has gone ends the job instead of failing object after object', async () => {
  const input = new MemoryStore();
  for (let i = 0; i < 1000; i++) input.objects.set(`o${i}`, Buffer.from('a\n'));
  const nobody = new HttpClient(new URL('http://127.0.0.1:1'));
  const reports: AgentReport[] = [];
  const running = run(input, new MemoryStore(), {
    containers: [{ client: nobody, name: undefined }],
    onReport: (report) => reports.push(report),
  });
  await assert.rejects(running, (error) => error instanceof MillraceError && error.code === 'ModelGone');
  assert(reports.length < 1000);
  for (const { failure } of reports) assert.equal(failure?.fault, 'algorithm');
});

test('responses far beyond the budget still come in order', async () => {
  const input = new MemoryStore({ readBytes: 1000 });
  const output = new MemoryStore();
  input.objects.set('a', Buffer.from(Array.from({ length: 24 }, (_, i) => `${i}\n`).join('')));
  // 24 answers of 8 MB are four times the budget; the first comes last, so that all others have to wait for it.
  let first: (() => void) | undefined;
  let others = 0;
  const big = (body: string): Buffer => Buffer.alloc(8_000_000, body.trim().padStart(8));
  answer = (body, _request, response) => {
    if (body === '0\n') first = () => response.end(big(body));
    else {
      response.end(big(body));
      others += 1;
    }
    if (others < 3) return;
    first?.();
    first = undefined;
  };
  const settings = { maxConcurrentTransforms: 8, batchStrategy: 'SingleRecord' as const, maxPayloadInMB: 6 };
  await run(input, output, { settings, assembleWith: 'None' });
  const result = output.objects.get('a.out');
  assert.equal(result?.length, 24 * 8_000_000);
  for (let i = 0; i < 24; i++)
    assert.equal(result?.toString('latin1', i * 8_000_000, i * 8_000_000 + 8).trim(), String(i));
});

test('streamed objects are read to their end, although the source has handed over all of them long before', async () => {
  const input = new MemoryStore({ readBytes: 10 });
  const output = new MemoryStore();
  for (const key of ['a', 'b', 'c']) input.objects.set(key, Buffer.from(key.repeat(500)));
  answer = (body, _request, response) => void response.end(body);
  const settings = { maxConcurrentTransforms: 8, batchStrategy: 'MultiRecord' as const, maxPayloadInMB: 0 };
  const reports = await run(input, output, { settings, splitType: 'None', assembleWith: 'None' });
  for (const [key, { failure }] of reports) assert.equal(failure, undefined, key);
  assert.equal(output.objects.get('c.out')?.toString(), 'c'.repeat(500));
});
