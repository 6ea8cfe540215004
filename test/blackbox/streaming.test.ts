import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32, gzipSync } from 'node:zlib';
import { recordIOFrame } from '../frames.ts';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';
import { randomLines } from './random.ts';
import { startRawServer } from './raw-server.ts';

const MIB = 2 ** 20;
const STREAM = ['--max-payload-in-mb', '0', '--json'];

async function checksum(path: string): Promise<number> {
  let sum = 0;
  for await (const piece of createReadStream(path)) sum = crc32(piece, sum);
  return sum;
}

describe('--max-payload-in-mb 0: whole objects as one request (behaviour 2)', { concurrency: 3 }, () => {
  test('chunked, without a length, with all other headers', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const large = randomLines({ seed: 5, bytes: 9 * MIB, longest: 5000 });
    await box.write({ 'in/a.csv': 'one\ntwo', 'in/b.csv': large, 'in/c.csv': '3\n' });
    const run = await box.transform(server.url, [...STREAM, '--accept', 'text/x-lengths']);
    assert.equal(run.status, 0, run.all);
    assert.equal(server.invocations.length, 3, 'one request per object');
    for (const [index, { headers, body }] of server.invocations.entries()) {
      const name = `in/${'abc'[index]}.csv`;
      assert.ok(body.equals([Buffer.from('one\ntwo'), large, Buffer.from('3\n')][index] ?? body), name);
      assert.equal(headers['transfer-encoding'], 'chunked');
      assert.equal(headers['content-length'], undefined);
      assert.equal(headers['content-type'], 'text/csv');
      assert.equal(headers.accept, 'text/x-lengths');
      assert.equal(headers['accept-encoding'], 'gzip');
      assert.equal(headers['x-amzn-sagemaker-input-object'], name);
      assert.equal(headers['x-amzn-sagemaker-input-object-base64'], Buffer.from(name).toString('base64'));
    }
    assert.equal(await box.read('out/a.csv.out'), predictions('one\ntwo'));
    assert.equal(await box.read('out/b.csv.out'), predictions(large));
    const lines = large.toString('latin1').split('\n').length - 1;
    const { records, inputBytes, requests, settings } = JSON.parse(run.stdout);
    assert.deepEqual([records, inputBytes, requests], [2 + lines + 1, 7 + large.length + 2, 3]);
    assert.equal(settings.maxPayloadInMB, 0);
    assert.match(run.stderr, /MaxConcurrentTransforms=1, MaxPayloadInMB=0, BatchStrategy=MULTI_RECORD$/m);
  });

  test('the response is read while the request is sent: an echo of 64 MB as it comes', async (t) => {
    // The server stops reading when its answer is not read: whoever sends everything first waits for ever.
    const server = await startRawServer(t, (request, response) => void request.pipe(response));
    const box = new Sandbox(t);
    const block = randomLines({ seed: 6, bytes: 4 * MIB, longest: 5000 });
    await box.write({ 'in/a.bin': Buffer.concat(Array.from({ length: 16 }, () => block)) });
    const run = await box.transform(server.url, STREAM);
    assert.equal(run.status, 0, run.all);
    assert.equal(await checksum(box.path('out/a.bin.out')), await checksum(box.path('in/a.bin')));
    assert.equal(server.requests.length, 1);
  });

  test('the response is written while it arrives, before the request has ended', async (t) => {
    const box = new Sandbox(t);
    let ended = false;
    let written = 0;
    const server = await startRawServer(t, async (request, response) => {
      request.once('end', () => {
        ended = true;
      });
      const [first] = await once(request, 'data');
      request.pause();
      response.write(Buffer.alloc(3 * MIB, first));
      for (const deadline = Date.now() + 10_000; written < 2 * MIB && Date.now() < deadline; await sleep(20)) {
        const [partial] = (await readdir(box.path('out')).catch(() => [])).filter((name) => name.endsWith('.partial'));
        if (partial !== undefined) written = (await stat(box.path('out', partial))).size;
      }
      assert.equal(ended, false);
      request.resume();
      await once(request, 'end');
      response.end('the end');
    });
    await box.write({ 'in/a.bin': Buffer.alloc(30 * MIB, 'abc') });
    const run = await box.transform(server.url, STREAM);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(server.faults, []);
    assert.ok(written >= 2 * MIB, `${written} bytes were there before the request had ended`);
    assert.equal((await stat(box.path('out/a.bin.out'))).size, 3 * MIB + 7);
  });

  test('back-pressure: a server that does not read holds the sender back; 400 MB within memory', async (t) => {
    const box = new Sandbox(t);
    const BYTES = 400 * MIB;
    let heldAt = 0;
    let received = 0;
    let memory = 0;
    const server = await startRawServer(t, async (request, response) => {
      await sleep(1500);
      heldAt = request.socket.bytesRead;
      for await (const piece of request) received += piece.length;
      memory = program.peakMemory() ?? 0;
      response.end(String(received));
    });
    await mkdir(box.path('in'));
    await writeFile(box.path('in/a.bin'), '');
    await truncate(box.path('in/a.bin'), BYTES);
    const program = box.startTransform(server.url, STREAM, { timeoutMs: 60_000 });
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.bin.out'), String(BYTES));
    assert.ok(heldAt < 16 * MIB, `${heldAt} bytes were sent to a server that did not read`);
    if (process.platform !== 'linux') return;
    assert.ok(memory > 30e6 && memory < 300e6, `${memory} bytes of memory`);
  });

  test('a response that is much larger than its request, within memory', async (t) => {
    const box = new Sandbox(t);
    const block = Buffer.alloc(MIB, 'y');
    let memory = 0;
    const server = await startRawServer(t, async (request, response) => {
      request.resume();
      await once(request, 'end');
      for (let sent = 0; sent < 300; sent++) if (!response.write(block)) await once(response, 'drain');
      memory = program.peakMemory() ?? 0;
      response.end();
    });
    await box.write({ 'in/a.bin': 'x' });
    const program = box.startTransform(server.url, STREAM, { timeoutMs: 60_000 });
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.equal((await stat(box.path('out/a.bin.out'))).size, 300 * MIB);
    if (process.platform === 'linux') assert.ok(memory > 30e6 && memory < 300e6, `${memory} bytes of memory`);
  });

  test('several at once, and no more than that', async (t) => {
    const [box, server] = [
      new Sandbox(t),
      await startModelServer(t, {
        invoke: async ({ body, number }) => {
          await sleep(number % 2 === 0 ? 20 : 150);
          return body;
        },
      }),
    ];
    const files = Array.from({ length: 12 }, (_, index) => [`in/${index}.bin`, `object ${index}`] as const);
    await box.write(Object.fromEntries(files));
    const run = await box.transform(server.url, [...STREAM, '--max-concurrent-transforms', '3']);
    assert.equal(run.status, 0, run.all);
    assert.equal(server.mostOpen, 3);
    for (const [name, text] of files) assert.equal(await box.read(`${name.replace('in/', 'out/')}.out`), text);
  });

  test('AssembleWith Line ends each response with one newline', async (t) => {
    const answers: Record<string, string[]> = {
      a: ['1\n2'],
      b: ['1\n2\n'],
      c: ['1', '\n', '2', '\n'],
      d: ['1\n\n'],
      e: ['x'.repeat(300_000), '\n'],
    };
    const [box, server] = [
      new Sandbox(t),
      await startModelServer(t, { invoke: ({ text }) => ({ chunks: answers[text] ?? [] }) }),
    ];
    for (const name of Object.keys(answers)) await box.write({ [`in/${name}.csv`]: name });
    for (const [assemble, end] of [
      ['Line', '\n'],
      ['None', ''],
    ] as const) {
      const run = await box.transform(server.url, [...STREAM, '--assemble-with', assemble, '--output', assemble]);
      assert.equal(run.status, 0, run.all);
      const { 'e.csv.out': long, ...rest } = await box.tree(assemble);
      assert.deepEqual(rest, {
        'a.csv.out': `1\n2${end}`,
        'b.csv.out': '1\n2\n',
        'c.csv.out': '1\n2\n',
        'd.csv.out': '1\n\n',
      });
      assert.equal(long?.length, 300_001);
    }
  });

  test('a compressed object is sent decompressed; a compressed response is written decompressed', async (t) => {
    const box = new Sandbox(t);
    const text = randomLines({ seed: 8, bytes: 3 * MIB, longest: 300 });
    const server = await startModelServer(t, {
      invoke: ({ body }) => ({ headers: { 'Content-Encoding': 'gzip' }, body: gzipSync(predictions(body)) }),
    });
    await box.write({
      'in/a.csv.gz': gzipSync(text),
      'in/b.csv.gz': Buffer.concat([gzipSync('1\n'), gzipSync('2\n')]),
    });
    const run = await box.transform(server.url, STREAM);
    assert.equal(run.status, 0, run.all);
    assert.ok(server.invocations[0]?.body.equals(text));
    assert.equal(await box.read('out/a.csv.gz.out'), predictions(text));
    assert.equal(await box.read('out/b.csv.gz.out'), predictions('1\n2\n'));
  });

  test('an empty object is an empty result without a request', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => 'something' })];
    await box.write({ 'in/a.csv': '', 'in/b.csv': '1\n', 'gz/a.csv.gz': '', 'gz/c.csv.gz': gzipSync('') });
    for (const input of ['in', 'gz']) {
      const run = await box.transform(server.url, [...STREAM, '--input', input]);
      assert.equal(run.status, 0, run.all);
    }
    const expected = { 'a.csv.gz.out': '', 'a.csv.out': '', 'b.csv.out': 'something\n', 'c.csv.gz.out': '' };
    assert.deepEqual(await box.tree('out'), expected);
    assert.equal(server.invocations.length, 1);
  });

  test('records of other splits are counted, and sent whole', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: ({ body }) => body })];
    const frames = Buffer.concat(Array.from({ length: 7 }, (_, index) => recordIOFrame(Buffer.alloc(index * 1000))));
    await box.write({ 'in/a.bin': frames });
    const run = await box.transform(server.url, [...STREAM, '--split-type', 'RecordIO']);
    assert.equal(run.status, 0, run.all);
    assert.ok(server.invocations[0]?.body.equals(frames));
    assert.equal(JSON.parse(run.stdout).records, 7);
  });
});

describe('--max-payload-in-mb 0: who asks for it', { concurrency: 3 }, () => {
  const refused = [
    ['--batch-strategy', 'SingleRecord'],
    ['--input-filter', '$[0]'],
    ['--output-filter', '$[0]'],
    ['--join-source', 'Input'],
    ['--generate-inference-id'],
    ['--csv-header', 'drop'],
    ['--csv-quoted-newlines'],
    ['--max-records-per-mini-batch', '5'],
    ['--on-bad-record', 'placeholder'],
    ['--environment', 'MILLRACE_CSV_HEADER=repeat'],
  ];
  for (const args of refused) {
    test(`${args.join(' ')} is refused beside it`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/a.csv': '1,2\n', 'model/x': '' });
      const served = args[0] === '--environment' ? ['--serve', 'touch started; exit 1'] : [];
      const run = await box.transform(served.length > 0 ? 'model' : server.url, [...STREAM, ...args, ...served]);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, /--max-payload-in-mb 0 and .* do not go together: a streamed object is one request/);
      assert.deepEqual(server.paths, []);
      assert.deepEqual(await box.files('.'), ['in/a.csv', 'model/x']);
    });
  }

  const offered: [offer: unknown, args: string[], inForce: string][] = [
    [{ MaxPayloadInMB: 0 }, [], 'MaxPayloadInMB=0, BatchStrategy=MULTI_RECORD'],
    [{ MaxPayloadInMB: 0, BatchStrategy: 'SINGLE_RECORD' }, [], 'MaxPayloadInMB=0, BatchStrategy=MULTI_RECORD'],
    [{ MaxPayloadInMB: 0 }, ['--max-payload-in-mb', '2'], 'MaxPayloadInMB=2, BatchStrategy=MULTI_RECORD'],
    [{ MaxPayloadInMB: 0 }, ['--batch-strategy', 'SingleRecord'], 'MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD'],
    [{ MaxPayloadInMB: 0 }, ['--input-filter', '$[0]'], 'MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD'],
    [{ MaxPayloadInMB: 3 }, ['--max-payload-in-mb', '0'], 'MaxPayloadInMB=0, BatchStrategy=MULTI_RECORD'],
  ];
  for (const [offer, args, inForce] of offered) {
    test(`a server that offers ${JSON.stringify(offer)}, and ${args.join(' ') || 'nothing asked'}`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, { executionParameters: offer })];
      await box.write({ 'in/a.csv': '1,2\n3,4\n' });
      const run = await box.transform(server.url, args);
      assert.equal(run.status, 0, run.all);
      assert.ok(run.stderr.includes(inForce), run.stderr);
      const chunked = server.invocations.every(({ headers }) => headers['transfer-encoding'] === 'chunked');
      assert.equal(chunked, inForce.includes('MaxPayloadInMB=0'));
      assert.equal(server.invocations.length, inForce.includes('SINGLE') ? 2 : 1);
    });
  }
});
