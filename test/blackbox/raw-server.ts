import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** Answers an invocation itself, as its body comes; the first one has number 1. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse, number: number) => void | Promise<void>;

export interface RawServer {
  readonly url: string;
  /** Of all invocations, complete or not, in the order in which they came. */
  readonly requests: readonly IncomingMessage[];
  /** Connections that were broken, and other faults of handlers: for a test that wants to know. */
  readonly faults: readonly unknown[];
}

/** A model server for tests that must see a request while it is being sent, closed when the test is over. */
export async function startRawServer(
  t: TestContext,
  handler: RawHandler,
  executionParameters?: unknown,
): Promise<RawServer> {
  const requests: IncomingMessage[] = [];
  const faults: unknown[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/ping') return void response.end();
    if (request.url === '/execution-parameters') {
      if (executionParameters === undefined) return void response.writeHead(404).end();
      return void response.end(JSON.stringify(executionParameters));
    }
    requests.push(request);
    request.on('error', (error) => faults.push(error));
    response.on('error', (error) => faults.push(error));
    void Promise.resolve(handler(request, response, requests.length)).catch((error) => faults.push(error));
  });
  server.on('clientError', (error, socket) => {
    faults.push(error);
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, faults };
}

/** All of a request's body. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray());
}

/**
 * Answers without reading what is still to come of the request, and leaves the connection open as servers do that want their
 * answer to arrive: closing it at once would reset it.
 */
export function answerEarly(response: ServerResponse, status: number, body: string, headers = {}): void {
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  response.write(body);
}
