import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { type Invocation, RAW, type Reply, startModelServer } from './model-server.ts';

interface Fault {
  readonly name: string;
  readonly answer: (invocation: Invocation) => Reply | Promise<Reply>;
  readonly args?: readonly string[];
  /** The first line of the data log's block when the retries are used up. */
  readonly words: RegExp;
}

const hang = (): Promise<Reply> => new Promise(() => undefined);
const faults: readonly Fault[] = [
  { name: '429', answer: () => ({ status: 429, body: 'busy' }), words: /in\/b\.bin: ClientError: 429$/m },
  {
    name: '500',
    answer: () => ({ status: 500, body: 'oops' }),
    words: /Bad HTTP status received from algorithm: 500$/m,
  },
  { name: '503', answer: () => ({ status: 503 }), words: /Bad HTTP status received from algorithm: 503$/m },
  { name: '599', answer: () => ({ status: 599 }), words: /Bad HTTP status received from algorithm: 599$/m },
  {
    name: 'a connection that is reset',
    answer: ({ socket }) => {
      socket.resetAndDestroy();
      return RAW;
    },
    words: /Unable to get response from algorithm$/m,
  },
  {
    name: 'a connection that is closed',
    answer: ({ socket }) => {
      socket.end();
      return RAW;
    },
    words: /Unable to get response from algorithm$/m,
  },
  {
    name: 'a body cut short',
    answer: ({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      return RAW;
    },
    words: /Unable to get response from algorithm$/m,
  },
  {
    name: 'no answer in time',
    answer: hang,
    args: ['--invocations-timeout-in-seconds', '1'],
    words: /Model server did not respond to \/invocations request within 1 seconds$/m,
  },
  {
    name: 'a body that stops coming',
    answer: ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      return RAW;
    },
    args: ['--invocations-timeout-in-seconds', '1'],
    words: /Model server did not respond to \/invocations request within 1 seconds$/m,
  },
];

// Every request on a connection of its own: one that fails on a connection that was used before may have met a server that
// had just closed it, and goes out once more without counting as a retry.
const CLOSE = { headers: { Connection: 'close' } };

describe('retries (behaviour 3)', { concurrency: 6 }, () => {
  for (const { name, answer, args = [], words } of faults) {
    test(`${name}, then an answer: nothing of it shows but the count`, async (t) => {
      let failed = 0;
      const server = await startModelServer(t, {
        ping: () => CLOSE,
        invoke: (invocation) => {
          if (invocation.text !== 'b' || failed > 0) return { ...CLOSE, body: invocation.text };
          failed += 1;
          return answer(invocation);
        },
      });
      const box = new Sandbox(t);
      await box.write({ 'in/a.bin': 'a', 'in/b.bin': 'b', 'in/c.bin': 'c' });
      const run = await box.transform(server.url, [...args, '--json']);
      assert.equal(run.status, 0, run.all);
      assert.deepEqual(await box.tree('out'), { 'a.bin.out': 'a', 'b.bin.out': 'b', 'c.bin.out': 'c' });
      assert.equal(server.invocations.filter(({ text }) => text === 'b').length, 2);
      const { retries, requests } = JSON.parse(run.stdout);
      assert.deepEqual({ retries, requests }, { retries: 1, requests: 4 });
    });

    test(`${name} until the retries are used up: its object fails, the others do not`, async (t) => {
      const server = await startModelServer(t, {
        ping: () => CLOSE,
        invoke: (invocation) => (invocation.text === 'b' ? answer(invocation) : { ...CLOSE, body: invocation.text }),
      });
      const box = new Sandbox(t);
      await box.write({ 'in/a.bin': 'a', 'in/b.bin': 'b', 'in/c.bin': 'c' });
      const run = await box.transform(server.url, [...args, '--invocations-max-retries', '1']);
      assert.equal(run.status, 1, run.all);
      assert.match(run.stderr, words);
      assert.deepEqual(await box.tree('out'), { 'a.bin.out': 'a', 'c.bin.out': 'c' });
      assert.equal(server.invocations.filter(({ text }) => text === 'b').length, 2);
    });
  }

  test('three retries unless told otherwise, none when told so', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => ({ status: 500, body: 'no' }) })];
    await box.write({ 'in/a.bin': 'a' });
    const first = await box.transform(server.url);
    assert.equal(first.status, 1, first.all);
    assert.equal(server.invocations.length, 4);
    assert.match(
      first.stderr,
      /500, at the last of 4 tries, for the mini-batch that starts with record 1 at byte 0: no$/m,
    );
    const second = await box.transform(server.url, ['--invocations-max-retries', '0']);
    assert.equal(second.status, 1, second.all);
    assert.equal(server.invocations.length, 5);
    assert.match(second.stderr, /500, at the only try, for/);
  });

  for (const status of [400, 401, 404, 408, 413, 415, 422]) {
    test(`${status} is never tried again`, async (t) => {
      const server = await startModelServer(t, { invoke: () => ({ status, body: 'no' }) });
      const box = new Sandbox(t);
      await box.write({ 'in/a.bin': 'a' });
      const run = await box.transform(server.url);
      assert.equal(run.status, 1, run.all);
      assert.match(run.stderr, new RegExp(`in/a\\.bin: ClientError: ${status}$`, 'm'));
      assert.equal(server.invocations.length, 1);
    });
  }

  test('a redirection is not followed', async (t) => {
    const elsewhere = await startModelServer(t);
    const server = await startModelServer(t, {
      invoke: () => ({ status: 302, headers: { Location: `${elsewhere.url}/invocations` } }),
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': 'a' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /Bad HTTP status received from algorithm: 302$/m);
    assert.equal(server.invocations.length, 1);
    assert.deepEqual(elsewhere.paths, []);
    assert.deepEqual(await box.files('out'), []);
  });

  test('Retry-After is waited for', async (t) => {
    const times: number[] = [];
    const server = await startModelServer(t, {
      invoke: ({ number }) => {
        times.push(performance.now());
        return number === 1 ? { status: 503, headers: { 'Retry-After': '1' } } : 'fine';
      },
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': 'a' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    const [first = 0, second = 0] = times;
    assert.ok(second - first >= 990, `tried again after ${second - first} ms`);
  });

  test('other requests go on while one is tried again', async (t) => {
    let refused = 0;
    const others = Promise.withResolvers<void>();
    let answered = 0;
    const server = await startModelServer(t, {
      invoke: async ({ text }) => {
        // The first record is refused until all others have their answers, which its three pauses leave time for.
        if (text === '0\n') {
          refused += 1;
          if (refused === 1) return { status: 503 };
          await others.promise;
        } else {
          answered += 1;
          if (answered === 99) others.resolve();
        }
        return text;
      },
    });
    const box = new Sandbox(t);
    const text = Array.from({ length: 100 }, (_, index) => `${index}\n`).join('');
    await box.write({ 'in/a.csv': text });
    const args = ['--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '2'];
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), text);
    assert.equal(refused, 2);
  });

  test('a connection that is refused for a while', async (t) => {
    // The server closes its port with the first request and opens it again as soon as it is gone.
    const first = await startModelServer(t, {
      ping: () => CLOSE,
      invoke: ({ socket }) => {
        const { port } = first;
        void first.close().then(() => again.listen(port, '127.0.0.1'));
        socket.destroy();
        return RAW;
      },
    });
    const again = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nagain'));
    });
    t.after(() => again.close());
    const box = new Sandbox(t);
    await box.write({ 'in/a.bin': 'a' });
    const run = await box.transform(first.url);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.bin.out'), 'again');
  });
});
