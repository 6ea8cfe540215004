import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { ExchangeError, type HttpRequest, type HttpResponse } from './connection.ts';
import { HttpClient } from './http-client.ts';

let server: Server | undefined;
let client: HttpClient | undefined;
let connections = 0;

afterEach(async () => {
  client?.close();
  server?.close();
  if (server?.listening) await once(server, 'close');
});

/** A server that hands every connection to the test, and a client for it. */
async function start(serve: (socket: Socket, connection: number) => void): Promise<HttpClient> {
  connections = 0;
  server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    serve(socket, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new HttpClient(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  return client;
}

function post(body: string, some: Partial<HttpRequest> = {}): HttpRequest {
  const bytes = Buffer.from(body);
  return {
    head: `POST / HTTP/1.1\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    segments: [bytes],
    bytes: bytes.length,
    timeoutMs: 5000,
    maxResponseBytes: 1000,
    ...some,
  };
}

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const text = ({ body }: HttpResponse): string => Buffer.concat(body).toString();
const failsWith = (kind: string, words: RegExp) => (error: unknown) =>
  error instanceof ExchangeError && error.kind === kind && words.test(error.message);

test('requests one after the other share a connection, requests at once do not', async () => {
  const http = await start((socket) => socket.on('data', () => socket.write(ok('x'))));
  for (let i = 0; i < 5; i++) assert.equal(text(await http.send(post('a'))), 'x');
  assert.equal(connections, 1);
  await Promise.all([1, 2, 3].map(() => http.send(post('a'))));
  assert.equal(connections, 3);
});

test('a large body arrives as it is, from many pieces', async () => {
  const received: Buffer[] = [];
  let size = 0;
  const segments = Array.from({ length: 50 }, (_, i) => Buffer.alloc(100_000, String(i)));
  const http = await start((socket) =>
    socket.on('data', (bytes) => {
      received.push(bytes);
      size += bytes.length;
      if (size > 5_000_000) socket.write(ok('done'));
    }),
  );
  const head = 'POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n';
  await http.send({ ...post(''), head, segments, bytes: 5_000_000 });
  assert(Buffer.concat(received).equals(Buffer.concat([Buffer.from(head), ...segments])));
});

test('a kept-alive connection that the server has closed costs no request', async () => {
  const http = await start((socket, connection) => {
    socket.once('data', () => {
      socket.write(ok(String(connection)));
      // The next request on this connection meets a closed one, at the latest possible moment.
      socket.once('data', () => socket.destroy());
    });
  });
  assert.equal(text(await http.send(post('a'))), '1');
  assert.equal(text(await http.send(post('b'))), '2');
});

test('a connection that breaks in the middle of an answer is no stale one', async () => {
  const http = await start((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')),
  );
  await assert.rejects(http.send(post('a')), failsWith('connection', /after 4 bytes of 10/));
  assert.equal(connections, 1);
});

test('what takes too long is ended', async () => {
  const http = await start(() => undefined);
  await assert.rejects(http.send(post('a', { timeoutMs: 20 })), failsWith('timeout', /20 ms/));
});

test('what becomes too large is ended, with a length and without', async () => {
  const http = await start((socket) =>
    socket.on('data', (bytes) => {
      if (bytes.includes('length')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n');
      else socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1001)}`);
    }),
  );
  await assert.rejects(http.send(post('length')), failsWith('too-large', /1000 bytes/));
  await assert.rejects(http.send(post('endless')), failsWith('too-large', /1000 bytes/));
});

test('an answer before the whole request is taken, and its connection is not used again', async () => {
  const http = await start((socket, connection) => {
    socket.once('data', () => {
      socket.pause();
      socket.write(ok(String(connection)));
    });
  });
  const large = Buffer.alloc(50_000_000);
  const request = {
    ...post(''),
    head: 'POST / HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n',
    segments: [large],
    bytes: large.length,
  };
  assert.equal(text(await http.send(request)), '1');
  assert.equal(text(await http.send(post('b'))), '2');
});

test('nobody there, and no name of a host', async () => {
  const nobody = new HttpClient(new URL('http://127.0.0.1:1'));
  await assert.rejects(nobody.send(post('a')), failsWith('connect', /ECONNREFUSED/));
  const noHost = new HttpClient(new URL('http://no-such-host.invalid:80'));
  await assert.rejects(noHost.send(post('a')), failsWith('connect', /ENOTFOUND|EAI_AGAIN/));
});

test('closing the client ends what is under way', async () => {
  const http = await start((socket) => socket.on('data', () => http.close('the job was stopped')));
  await assert.rejects(http.send(post('a')), failsWith('aborted', /the job was stopped/));
});

test('a response that nobody asked for closes the connection instead of answering the next request', async () => {
  const http = await start((socket, connection) => {
    socket.once('data', () => socket.write(ok(String(connection)) + (connection === 1 ? ok('smuggled') : '')));
  });
  await assert.rejects(http.send(post('a')), failsWith('connection', /nobody asked/));
  assert.equal(text(await http.send(post('b'))), '2');
});

test('a response is not read while the flow says so, and its clock stands still', async () => {
  const whole = ok('x'.repeat(900));
  let sendRest: (() => void) | undefined;
  const http = await start((socket) =>
    socket.on('data', () => {
      socket.write(whole.slice(0, 500));
      sendRest = () => socket.write(whole.slice(500));
    }),
  );
  let resume: (() => void) | undefined;
  const { promise: paused, resolve: onPaused } = Promise.withResolvers<void>();
  const received = (_bytes: number, onRoom: () => void): boolean => {
    if (resume !== undefined) return true;
    resume = onRoom;
    onPaused();
    return false;
  };
  const answer = http.send(post('a', { timeoutMs: 60, flow: { received } }));
  await paused;
  sendRest?.();
  await new Promise((resolve) => setTimeout(resolve, 120)); // twice the limit, all of it paused
  resume?.();
  assert.equal((await answer).bytes, 900);
});

test('a body in many small chunks is kept in few pieces', async () => {
  const chunks = '4\r\nabc\n\r\n'.repeat(50_000);
  const http = await start((socket) =>
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)),
  );
  const answer = await http.send(post('a', { maxResponseBytes: 1_000_000 }));
  assert.equal(text(answer), 'abc\n'.repeat(50_000));
  assert(answer.body.length < 12, `${answer.body.length} pieces`);
});

test('a server that dies over a request is not asked the same again in secret', async () => {
  let requests = 0;
  const http = await start((socket) =>
    socket.on('data', (bytes) => {
      requests += 1;
      if (bytes.includes('poison')) setTimeout(() => socket.destroy(), 300);
      else socket.write(ok('x'));
    }),
  );
  await http.send(post('a'));
  await assert.rejects(http.send(post('poison')), failsWith('connection', /closed the connection|ECONNRESET/));
  assert.equal(requests, 2);
});
