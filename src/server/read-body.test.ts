import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { Fault } from '../api/fault.ts';
import { readBody } from './read-body.ts';

const MAX = 4 * 2 ** 20;

type Outcome = { readonly body: Buffer } | { readonly error: unknown };

/** A server that reads bodies: its port, and what has become of each request in turn. */
async function reader(t: TestContext): Promise<{ readonly port: number; readonly outcomes: AsyncIterator<Outcome> }> {
  const waiting: PromiseWithResolvers<Outcome>[] = [];
  const slot = (at: number): PromiseWithResolvers<Outcome> => (waiting[at] ??= Promise.withResolvers<Outcome>());
  let came = 0;
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const outcome = slot(came++);
    try {
      const body = await readBody(message, response);
      response.end(String(body.length));
      outcome.resolve({ body });
    } catch (error) {
      response.writeHead(error instanceof Fault ? error.status : 500, { connection: 'close' }).end();
      outcome.resolve({ error });
    }
  };
  const server = createServer((message, response) => void handle(message, response));
  server.on('checkContinue', (message, response) => void handle(message, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  let taken = 0;
  const outcomes = { next: async () => ({ done: false as const, value: await slot(taken++).promise }) };
  return { port: (server.address() as AddressInfo).port, outcomes };
}

async function post(port: number, pieces: readonly Buffer[], headers: Record<string, string> = {}) {
  const message = request({ port, host: '127.0.0.1', method: 'POST', headers, agent: false });
  for (const piece of pieces) message.write(piece);
  message.end();
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}

test('a body comes whole, of any size up to the limit', async (t) => {
  const { port, outcomes } = await reader(t);
  const large = Buffer.alloc(MAX, 'abcdefg');
  for (const pieces of [
    [],
    [Buffer.from('{}')],
    [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)],
    [large],
  ]) {
    assert.equal((await post(port, pieces)).status, 200);
    const { value } = await outcomes.next();
    assert('body' in value && value.body.equals(Buffer.concat(pieces)));
  }
});

test('a body beyond the limit is refused', async (t) => {
  const { port, outcomes } = await reader(t);
  assert.equal((await post(port, [Buffer.alloc(MAX), Buffer.alloc(1)])).status, 413);
  const { value } = await outcomes.next();
  assert('error' in value && value.error instanceof Fault);
  assert.equal(value.error.code, 'RequestEntityTooLargeException');
});

test('whoever waits for leave to send the body gets it', async (t) => {
  const { port } = await reader(t);
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n');
  const [leave] = (await once(socket, 'data')) as [Buffer];
  assert.match(leave.toString(), /^HTTP\/1\.1 100 Continue/);
  socket.write('abc');
  assert.match(await text(socket), /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\n3$/);
});

test('a client that goes away is its own fault', async (t) => {
  const { port, outcomes } = await reader(t);
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nhalf');
  socket.end();
  socket.resume();
  const { value } = await outcomes.next();
  assert('error' in value && value.error instanceof Fault, 'as a fault of ours it would be in the log of the service');
});
