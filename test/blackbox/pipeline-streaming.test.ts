import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32, gzipSync } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import type { Ended } from './program.ts';
import { answerEarly, bodyOf, type RawHandler, type RawServer, startRawServer } from './raw-server.ts';

const MIB = 2 ** 20;
const names = ['first', 'second', 'third'];
const echo: RawHandler = (request, response) => void request.pipe(response);

async function run(
  t: TestContext,
  files: Readonly<Record<string, string | Buffer>>,
  handlers: readonly RawHandler[],
  args: readonly string[] = [],
): Promise<{ readonly box: Sandbox; readonly servers: RawServer[]; readonly ended: Ended }> {
  const servers: RawServer[] = [];
  for (const handler of handlers) servers.push(await startRawServer(t, handler));
  const box = new Sandbox(t);
  await box.write(files);
  const models = servers.flatMap(({ url }, at) => ['--model', url, '--container-name', names[at] ?? '']);
  const options = ['--input', 'in', '--output', 'out', '--max-payload-in-mb', '0', '--json', ...args];
  return { box, servers, ended: await box.run(['transform', ...models, ...options]) };
}

/** Answers `b.bin` in its own way and echoes the others. */
function spoiling(handler: RawHandler): RawHandler {
  return (request, response, number) =>
    String(request.headers['x-amzn-sagemaker-input-object']).endsWith('b.bin')
      ? handler(request, response, number)
      : echo(request, response, number);
}

const large = Buffer.alloc(12 * MIB, 'a line of a large object\n');

describe('streaming through a pipeline (behaviour 2 and 3)', { concurrency: 3 }, () => {
  test('every request is chunked and begins before the one before it has ended: 48 MB', async (t) => {
    const upper: RawHandler = (request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/x-upper' });
      const each = new Transform({
        transform: (piece: Buffer, _encoding, done) => done(null, Buffer.from(piece.map((byte) => byte ^ 0x20))),
      });
      request.pipe(each).pipe(response);
    };
    const files = { 'in/a.csv': Buffer.concat([large, large, large, large]) };
    const { box, servers, ended } = await run(
      t,
      files,
      [upper, echo, upper],
      ['--accept', 'text/x-last', '--assemble-with', 'None'],
    );
    assert.equal(ended.status, 0, ended.all);
    let sum = 0;
    for await (const piece of createReadStream(box.path('out/a.csv.out'))) sum = crc32(piece, sum);
    assert.equal(sum, crc32(files['in/a.csv']));
    const seen = servers.map(({ requests }) => requests.map(({ headers }) => headers));
    assert.deepEqual(
      seen.map(([headers]) => [headers?.['content-type'], headers?.accept, headers?.['transfer-encoding']]),
      [
        ['text/csv', undefined, 'chunked'],
        ['text/x-upper', undefined, 'chunked'],
        [undefined, 'text/x-last', 'chunked'],
      ],
    );
    for (const one of seen) {
      assert.equal(one.length, 1);
      assert.equal(one[0]?.['content-length'], undefined);
      assert.equal(one[0]?.['x-amzn-sagemaker-input-object'], 'in/a.csv');
    }
  });

  test('a compressed response is decompressed for the next', async (t) => {
    const packing: RawHandler = async (request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(await bodyOf(request)));
    };
    const { box, servers, ended } = await run(t, { 'in/a.bin': large }, [packing, echo]);
    assert.equal(ended.status, 0, ended.all);
    assert.ok((await box.read('out/a.bin.out')) === large.toString());
    assert.equal(servers[1]?.requests[0]?.headers['content-encoding'], undefined);
  });

  const faults: [what: string, handler: RawHandler, code: string, retried: boolean][] = [
    [
      'refuses',
      async (request, response) => {
        await bodyOf(request);
        response.writeHead(422).end('no such thing');
      },
      'ModelRefused',
      false,
    ],
    ['refuses without reading', (_request, response) => answerEarly(response, 413, 'no'), 'ModelRefused', false],
    [
      'answers 500',
      async (request, response) => {
        await bodyOf(request);
        response.writeHead(500).end('Traceback');
      },
      'ModelFailed',
      true,
    ],
    [
      'breaks off in the middle of its response',
      async (request, response) => {
        const [piece] = await once(request, 'data');
        response.write(piece);
        request.resume();
        await sleep(100);
        request.socket.destroy();
      },
      'ModelUnreachable',
      true,
    ],
    [
      'answers before it has read everything',
      async (request, response) => {
        await once(request, 'data');
        request.pause();
        answerEarly(response, 200, 'done already');
      },
      'ModelUnreachable',
      true,
    ],
    ['never answers', (request) => void request.resume(), 'ModelTimeout', true],
  ];
  for (const [what, handler, code, retried] of faults) {
    for (const stage of [0, 1, 2]) {
      test(`container ${stage + 1} of 3 ${what}: it is named, nothing is left of the object, others are done`, async (t) => {
        const handlers = [0, 1, 2].map((at) => (at === stage ? spoiling(handler) : echo));
        const files = { 'in/a.bin': 'a', 'in/b.bin': large, 'in/c.bin': 'c' };
        const args = ['--invocations-max-retries', '1', '--invocations-timeout-in-seconds', '2'];
        const { box, servers, ended } = await run(t, files, handlers, args);
        assert.equal(ended.status, 1, ended.all);
        assert.deepEqual(await box.tree('out'), { 'a.bin.out': 'a', 'c.bin.out': 'c' });
        const { failures, retries } = JSON.parse(ended.stdout);
        assert.equal(failures.length, 1);
        assert.equal(failures[0].code, code, failures[0].message);
        assert.equal(failures[0].details.container, names[stage], failures[0].message);
        assert.ok(failures[0].message.includes(`container "${names[stage]}"`), failures[0].message);
        assert.equal(retries, retried ? 1 : 0);
        assert.equal(servers[stage]?.requests.length, retried ? 4 : 3);
      });
    }
  }

  test('a try that fails in the last container is made again from the start', async (t) => {
    const once500: RawHandler = async (request, response, number) => {
      if (number === 1) return void response.writeHead(500).end();
      response.end(await bodyOf(request));
    };
    const { box, servers, ended } = await run(t, { 'in/a.bin': large }, [echo, once500]);
    assert.equal(ended.status, 0, ended.all);
    assert.ok((await box.read('out/a.bin.out')) === large.toString());
    assert.deepEqual(
      servers.map(({ requests }) => requests.length),
      [2, 2],
    );
    const { retries, inputBytes, outputBytes } = JSON.parse(ended.stdout);
    assert.deepEqual([retries, inputBytes, outputBytes], [1, large.length, large.length]);
  });
});
