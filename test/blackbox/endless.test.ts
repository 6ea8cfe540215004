import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createGzip } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { RAW, startModelServer } from './model-server.ts';

/** Writes `piece` for as long as anybody takes it. */
function flood(socket: Socket, piece: string): typeof RAW {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more).on('error', () => undefined);
  more();
  return RAW;
}

const block = 'x'.repeat(64 * 1024);
const floods: [name: string, start: string, piece: string, message: RegExp][] = [
  [
    'body',
    'HTTP/1.1 200 OK\r\n\r\n',
    block,
    /The response to the mini-batch that starts with record 1 at byte 0 is larger than 104857600 bytes/,
  ],
  [
    'chunked body',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    `10000\r\n${block}\r\n`,
    /The response to the mini-batch .* is larger than 104857600 bytes/,
  ],
  ['body of a refusal', 'HTTP/1.1 400 Bad Request\r\n\r\n', block, /is larger than 104857600 bytes/],
  ['header', 'HTTP/1.1 200 OK\r\nX-Long: ', block, /its head is larger than 65536 bytes/],
  [
    'row of headers',
    'HTTP/1.1 200 OK\r\n',
    'X-Another: header\r\n'.repeat(1000),
    /its head is larger than 65536 bytes/,
  ],
  [
    'extension of a chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;',
    block,
    /a line of its chunked body is too long/,
  ],
  [
    'trailer',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
    'X-Another: trailer\r\n'.repeat(1000),
    /a line of its chunked body is too long/,
  ],
];

describe('answers without an end are stopped, told, and the other objects go on', { concurrency: 2 }, () => {
  for (const [name, start, piece, message] of floods) {
    test(`an endless ${name}`, async (t) => {
      const server = await startModelServer(t, {
        invoke: ({ text, socket }) => {
          if (text !== 'bad') return 'fine';
          socket.write(start);
          return flood(socket, piece);
        },
      });
      const box = new Sandbox(t);
      await box.write({ 'in/a.bin': 'bad', 'in/b.bin': 'good' });
      const run = await box.transform(server.url, ['--invocations-max-retries', '0']);
      assert.equal(run.status, 1, run.all);
      assert.match(run.stderr, message);
      assert.deepEqual(await box.tree('out'), { 'b.bin.out': 'fine' });
    });
  }

  test('a length beyond all measure is refused before a byte of it is awaited', async (t) => {
    const server = await startModelServer(t, {
      invoke: ({ text, socket }) => {
        if (text !== 'bad') return 'fine';
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\nx');
        return RAW;
      },
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': 'bad', 'in/b.bin': 'good' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /is larger than 104857600 bytes/);
    assert.equal(server.invocations.length, 2, 'it is not tried again: it would be as large then');
    assert.deepEqual(await box.tree('out'), { 'b.bin.out': 'fine' });
  });

  test('a gzip bomb', async (t) => {
    const zip = createGzip();
    const zeros = Buffer.alloc(2 ** 20);
    for (let size = 0; size < 300; size++) zip.write(zeros);
    zip.end();
    const bomb = Buffer.concat(await zip.toArray());
    assert.ok(bomb.length < 400_000);
    const server = await startModelServer(t, {
      invoke: ({ text }) => (text === 'bad' ? { headers: { 'Content-Encoding': 'gzip' }, body: bomb } : 'fine'),
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': 'bad', 'in/b.bin': 'good' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /The response to the mini-batch .* is larger than 104857600 bytes/);
    assert.deepEqual(await box.tree('out'), { 'b.bin.out': 'fine' });
  });

  test('endless answers to ping and to the question for execution parameters are worth nothing', async (t) => {
    let pings = 0;
    const server = await startModelServer(t, {
      ping: () => {
        pings += 1;
        return pings === 1 ? { body: block.repeat(2) } : '';
      },
      executionParameters: `{"MaxConcurrentTransforms": 3, "x": "${block.repeat(2)}"}`,
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': 'a' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.equal(pings, 2);
    assert.match(run.stderr, /MaxConcurrentTransforms=1,/);
  });
});
