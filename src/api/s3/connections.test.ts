import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { codeOf, type S3UnderTest, startS3 } from '../../../test/s3-endpoint.ts';
import type {
  EmbeddedBucket,
  EmbeddedReader,
  EmbeddedStore,
  EmbeddedWriter,
} from '../../objects/local/embedded-store.ts';

/** What goes wrong with the store at the moment. */
let trouble: 'read' | 'short' | 'write' | undefined;
/** Readers that are open, and how much they have been asked for. */
const readers = { open: 0, read: 0 };
/** Those that nobody has committed or aborted. */
const writers = new Set<object>();
let s3: S3UnderTest;
before(async () => {
  s3 = await startS3({ between: troubled });
  await s3.store.createBucket('bucket');
  await s3.raw('PUT', '/bucket/large', { body: Buffer.alloc(40 * 1024 * 1024, 'x') });
});
after(async () => {
  await s3.close();
  assert.equal(writers.size, 0);
});

function troubled(store: EmbeddedStore): EmbeddedStore {
  return instead(store, {
    bucket: async (name) => {
      const bucket = await store.bucket(name);
      return (
        bucket &&
        instead<EmbeddedBucket>(bucket, {
          open: async (key) => {
            const reader = await bucket.open(key);
            return reader && watched(reader);
          },
          create: async (key, options) => {
            const writer = await bucket.create(key, options);
            const own: object = {};
            writers.add(own);
            return instead<EmbeddedWriter>(writer, {
              write: (bytes) =>
                trouble === 'write' ? Promise.reject(new Error('the disk is full')) : writer.write(bytes),
              commit: (precondition) => {
                writers.delete(own);
                return writer.commit(precondition);
              },
              abort: () => {
                writers.delete(own);
                return writer.abort();
              },
            });
          },
        })
      );
    },
  });
}

function watched(reader: EmbeddedReader): EmbeddedReader {
  readers.open += 1;
  return instead(reader, {
    async *bytes(start, end) {
      for await (const chunk of reader.bytes(start, end)) {
        readers.read += chunk.length;
        yield chunk;
        if (trouble === 'read') throw new Error('the disk is broken');
        if (trouble === 'short') return;
      }
    },
    close: async () => {
      readers.open -= 1;
      await reader.close();
    },
  });
}

/** The same object with some of its methods replaced. */
function instead<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(name in methods ? methods : target, name, name in methods ? methods : target);
      return typeof value === 'function' ? value.bind(name in methods ? methods : target) : value;
    },
  });
}

function takeErrors(): string[] {
  return s3.errors.splice(0).map((error) => (error as Error).message);
}

async function open(): Promise<Socket> {
  const socket = connect(s3.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Everything until the server closes. */
async function readAll(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

/** Until `text` has come. */
async function readUntil(socket: Socket, text: string): Promise<string> {
  let received = '';
  while (!received.includes(text)) received += String((await once(socket, 'data'))[0]);
  return received;
}

test('one connection serves request after request, refusals among them', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const ports = new Set<number | undefined>();
    agent.on('free', (socket: Socket) => ports.add(socket.localPort));
    const send = (method: string, path: string, body?: Buffer) =>
      s3.raw(method, path, { agent, ...(body && { body }) });
    assert.equal((await send('PUT', '/nowhere/a', Buffer.alloc(500_000))).status, 404);
    assert.equal((await send('PUT', '/bucket/a', Buffer.alloc(500_000))).status, 200);
    assert.equal((await send('GET', '/bucket/none')).status, 404);
    assert.equal((await send('HEAD', '/bucket/none')).status, 404);
    assert.equal((await send('GET', '/bucket/a')).body.length, 500_000);
    assert.equal((await send('DELETE', '/bucket/a')).status, 204);
    assert.equal((await send('PUT', '/bucket/a?partNumber=1', Buffer.alloc(1_000_000))).status, 400);
    assert.equal((await send('GET', '/bucket?list-type=2')).status, 200);
    trouble = 'write';
    assert.equal((await send('PUT', '/bucket/a', Buffer.alloc(1_000_000))).status, 500);
    trouble = undefined;
    assert.equal((await send('GET', '/bucket/none')).status, 404, 'what was left of the body is not in the way');
    assert.equal(ports.size, 1);
    assert.deepEqual(takeErrors(), ['the disk is full']);
  } finally {
    agent.destroy();
  }
});

test('a long body that nobody wants closes the connection, and the client gets its answer', async () => {
  const socket = await open();
  const length = 20 * 1024 * 1024;
  socket.write(`PUT /nowhere/a HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`);
  // One that sends everything before it reads: were the connection reset, the answer would be lost.
  const { promise, resolve } = Promise.withResolvers<Error | null | undefined>();
  socket.write(Buffer.alloc(length), resolve);
  assert.equal((await promise) ?? undefined, undefined);
  const answer = await readAll(socket);
  assert.match(answer, /^HTTP\/1\.1 404 .*<Code>NoSuchBucket</s);
  assert.match(answer, /\r\nconnection: close\r\n/i);
});

test('what is refused before it is looked at is answered alike', async () => {
  const headers = { 'x-amz-content-sha256': 'nonsense' };
  const answer = await s3.raw('PUT', '/bucket/a%20b?x', { headers, body: Buffer.alloc(2 * 1024 * 1024) });
  assert.deepEqual([answer.status, codeOf(answer), answer.headers.connection], [400, 'InvalidArgument', 'close']);
  assert(answer.body.includes('<Resource>/bucket/a%20b</Resource><RequestId>REQUEST1</RequestId>'));
});

test('a client that waits for leave to send is told before it sends', async () => {
  const socket = await open();
  socket.write('PUT /nowhere/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  const refused = await readAll(socket);
  assert.match(refused, /^HTTP\/1\.1 404 /);
  assert.match(refused, /\r\nconnection: close\r\n/i, 'what came next could be the body or a request');

  const other = await open();
  other.write('PUT /bucket/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  assert.match(await readUntil(other, '\r\n\r\n'), /^HTTP\/1\.1 100 /);
  other.write('hello');
  assert.match(await readUntil(other, '\r\n\r\n'), /^HTTP\/1\.1 200 /);
  other.write('GET /bucket/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  assert.match(await readAll(other), /\r\n\r\nhello$/);
});

test('a client that goes in the middle of a body leaves nothing', async () => {
  for (const go of ['end', 'resetAndDestroy'] as const) {
    const socket = await open();
    socket.write('PUT /bucket/half HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf of it');
    await s3.raw('HEAD', '/bucket/half');
    socket.resume()[go]();
    await once(socket, 'close');
  }
  assert.equal((await s3.raw('HEAD', '/bucket/half')).status, 404);
  assert.deepEqual(takeErrors(), [], 'that is not the fault of the server');
});

test('a part whose upload ends meanwhile has no upload', async () => {
  const upload = await (await s3.store.bucket('bucket'))?.beginUpload('parts', { headers: {}, checksum: undefined });
  const path = `/bucket/parts?uploadId=${upload?.id}`;
  const socket = await open();
  socket.write(`PUT ${path}&partNumber=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf `);
  assert.equal((await s3.raw('DELETE', path)).status, 204);
  socket.write('of it');
  assert.match(await readAll(socket), /^HTTP\/1\.1 404 .*<Code>NoSuchUpload</s);
  assert.deepEqual(takeErrors(), []);
});

test('a body that is longer than it says is not stored', async () => {
  const headers = {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '3',
  };
  const long = await s3.raw('PUT', '/bucket/long', { headers, body: '5\r\nhello\r\n0\r\n\r\n' });
  assert.deepEqual([long.status, codeOf(long)], [400, 'IncompleteBody']);
  const short = await s3.raw('PUT', '/bucket/long', { headers, body: '2\r\nhe\r\n0\r\n\r\n' });
  assert.deepEqual([short.status, codeOf(short)], [400, 'IncompleteBody']);
  assert.equal((await s3.raw('HEAD', '/bucket/long')).status, 404);
});

test('a read that fails in the middle cuts the connection, so that nobody takes a part for the whole', async () => {
  const agent = new Agent({ keepAlive: true });
  for (trouble of ['read', 'short'] as const) {
    await assert.rejects(s3.raw('GET', '/bucket/large', { agent }), { code: 'ECONNRESET' });
    const socket = await open();
    const get = 'GET /bucket/large HTTP/1.1\r\nHost: h\r\n\r\n';
    socket.write(get + get);
    const answers = await readAll(socket);
    assert.equal(
      answers.match(/HTTP\/1\.1/g)?.length,
      1,
      'an answer to the next request would pass for the rest of it',
    );
  }
  trouble = undefined;
  agent.destroy();
  const messages = new Set(takeErrors());
  assert.deepEqual([...messages], ['the disk is broken', `an object of 41943040 bytes gave ${256 * 1024}`]);
  assert.equal(readers.open, 0);
});

test('a write that fails is the fault of the server, of which the client learns no more', async () => {
  trouble = 'write';
  const answer = await s3.raw('PUT', '/bucket/full', { body: Buffer.alloc(2 * 1024 * 1024) });
  trouble = undefined;
  assert.deepEqual([answer.status, codeOf(answer)], [500, 'InternalError']);
  assert(!answer.body.includes('disk'));
  assert.deepEqual(takeErrors(), ['the disk is full']);
  assert.equal((await s3.raw('HEAD', '/bucket/full')).status, 404);
});

test('a client that does not read is not read ahead for, and one that goes ends the reading', async () => {
  readers.read = 0;
  const socket = await open();
  socket.write('GET /bucket/large HTTP/1.1\r\nHost: h\r\n\r\n');
  await once(socket, 'readable');
  let before = -1;
  // As long as the kernel takes more for the client; then the server waits.
  while (before !== readers.read) {
    before = readers.read;
    await s3.raw('HEAD', '/bucket/large');
  }
  assert(readers.read < 30 * 1024 * 1024, `${readers.read} bytes were read for a client that reads none`);
  assert.equal(readers.open, 1);
  socket.destroy();
  while (readers.open > 0) await s3.raw('HEAD', '/bucket/large');
  assert.deepEqual(takeErrors(), []);
});

test('an object that is replaced while it is read stays what it was', async () => {
  const socket = await open();
  socket.write('GET /bucket/large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await once(socket, 'readable');
  await s3.raw('PUT', '/bucket/large', { body: 'another' });
  const answer = await readAll(socket);
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'x'.repeat(40 * 1024 * 1024));
  assert.equal((await s3.raw('GET', '/bucket/large')).body, 'another');
});
