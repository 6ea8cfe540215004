import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { type Invocation, predictions, RAW, type Reply, startModelServer } from './model-server.ts';

/** Answers with raw bytes and closes the connection. */
function raw(...pieces: (string | Buffer)[]): (invocation: Invocation) => Reply {
  return ({ socket }) => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
    return RAW;
  };
}

/** Answers with raw bytes and leaves the connection open. */
function rawKept(...pieces: (string | Buffer)[]): (invocation: Invocation) => Reply {
  return ({ socket }) => {
    for (const piece of pieces) socket.write(piece);
    return RAW;
  };
}

const NO_RETRY = ['--invocations-max-retries', '0'];
const good: [name: string, invoke: (invocation: Invocation) => Reply, expected: string][] = [
  ['gzip', () => ({ headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('zipped') }), 'zipped'],
  [
    'gzip of several members, chunked',
    () => ({ headers: { 'Content-Encoding': 'GZIP' }, chunks: [gzipSync('one '), gzipSync('two')] }),
    'one two',
  ],
  ['gzip of nothing', () => ({ headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('') }), ''],
  ['chunked', () => ({ chunks: ['a', 'bc', Buffer.from([0, 10, 255]).toString('latin1'), 'end'] }), 'abc\0\nÿend'],
  ['no body', () => ({ status: 204 }), ''],
  ['another 2xx', () => ({ status: 201, body: 'created' }), 'created'],
  ['ended by closing', raw('HTTP/1.1 200 OK\r\n\r\n', 'until ', 'the end'), 'until the end'],
  ['HTTP/1.0', raw('HTTP/1.0 200 OK\r\nServer: old\r\n\r\n', 'old style'), 'old style'],
  ['HTTP/1.0 with a length', raw('HTTP/1.0 200 OK\r\ncontent-LENGTH:3\r\n\r\nold'), 'old'],
  [
    '100 Continue first',
    rawKept('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    'ok',
  ],
  [
    'several 1xx in one piece',
    rawKept(
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ),
    'ok',
  ],
  [
    'chunk extensions and trailers',
    rawKept('HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX-T: 1\r\n\r\n'),
    'ok',
  ],
  ['no reason after the status', rawKept('HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'), 'ok'],
];

const bad: [name: string, invoke: (invocation: Invocation) => Reply, message: RegExp][] = [
  [
    'a body cut short',
    raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    /closed the connection in the middle of a response, after 4 bytes of 10/,
  ],
  [
    'a chunked body cut short',
    raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    /closed the connection in the middle of a response, after 4 bytes/,
  ],
  ['closed without an answer', raw(), /closed the connection before it answered/],
  [
    'a broken size of a chunk',
    rawKept('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'),
    /"xyz" is not the size of a chunk/,
  ],
  [
    'two lengths',
    rawKept('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
    /two different Content-Length headers/,
  ],
  [
    'a length and chunks',
    rawKept('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    /both Transfer-Encoding and Content-Length/,
  ],
  [
    'more than it said',
    rawKept('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more'),
    /9 bytes follow the response that nobody asked for/,
  ],
  [
    'no HTTP at all',
    rawKept('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
    /"SSH-2\.0-OpenSSH_9\.2" is not the first line of an HTTP\/1\.1 answer/,
  ],
  [
    'an encoding that was not offered',
    () => ({ headers: { 'Content-Encoding': 'br' }, body: 'x' }),
    /Content-Encoding "br" although only gzip was offered/,
  ],
  ['gzip that is not', () => ({ headers: { 'Content-Encoding': 'gzip' }, body: 'plain' }), /its gzip body is broken/],
  [
    'gzip cut short',
    () => ({ headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('a body').subarray(0, -9) }),
    /its gzip body is broken/,
  ],
];

describe('answers of all kinds that HTTP allows', { concurrency: 4 }, () => {
  for (const [name, invoke, expected] of good) {
    test(name, async (t) => {
      // Two objects, so that what follows on the same connection is seen too.
      const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke })];
      await box.write({ 'in/a.bin': 'a', 'in/b.bin': 'b' });
      const run = await box.transform(server.url, NO_RETRY);
      assert.equal(run.status, 0, run.all);
      assert.deepEqual(await box.tree('out'), { 'a.bin.out': expected, 'b.bin.out': expected });
    });
  }

  test('a connection that is closed between requests is no failure', async (t) => {
    // Each answer promises to keep the connection and then closes it: the next request may find that out only when it is sent.
    const server = await startModelServer(t, {
      invoke: ({ body, socket }) => {
        const text = predictions(body);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: keep-alive\r\n\r\n${text}`);
        socket.destroySoon();
        return RAW;
      },
    });
    const box = new Sandbox(t);
    const text = Array.from({ length: 500 }, (_, index) => `${index}\n`).join('');
    await box.write({ 'in/a.csv': text });
    const args = [...NO_RETRY, '--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '4', '--json'];
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), predictions(text));
    assert.equal(server.invocations.length, 500, 'every record was seen once');
    assert.equal(JSON.parse(run.stdout).retries, 0);
  });

  test('a refusal before the whole request was taken is a refusal', async (t) => {
    // A server of its own: node:http hands our handler complete requests only.
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        const [path] = /(?<= )\/[a-z-]+/.exec(bytes.toString('latin1')) ?? [];
        const status =
          path === '/ping' ? '200 OK' : path === '/invocations' ? '413 Content Too Large' : '404 Not Found';
        socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much`);
        socket.resume();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': Buffer.alloc(6 * 2 ** 20) });
    const run = await box.transform(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/a\.bin: ClientError: 413\n/);
    assert.match(run.stderr, /in\/a\.bin: too much\n/);
  });
});

describe('answers that are none', { concurrency: 4 }, () => {
  for (const [name, invoke, message] of bad) {
    test(name, async (t) => {
      const server = await startModelServer(t, {
        invoke: (invocation) => (invocation.text === 'bad' ? invoke(invocation) : 'fine'),
        ping: () => ({ headers: { Connection: 'close' } }),
      });
      const box = new Sandbox(t);
      await box.write({ 'in/a.bin': 'good', 'in/b.bin': 'bad', 'in/c.bin': 'good' });
      const run = await box.transform(server.url, NO_RETRY);
      assert.equal(run.status, 1, run.all);
      assert.match(run.stderr, /in\/b\.bin: Unable to get response from algorithm\n/);
      assert.match(run.stderr, message);
      assert.deepEqual(await box.tree('out'), { 'a.bin.out': 'fine', 'c.bin.out': 'fine' });
    });
  }
});
