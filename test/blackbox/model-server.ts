import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { crc32 } from 'node:zlib';

/** A request to `/invocations`, complete. */
export interface Invocation {
  /** From 1, in the order in which they came. */
  readonly number: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** For answers that no HTTP server would give: write to it and return `RAW`. */
  readonly socket: Socket;
}

export const RAW = Symbol('the socket was written to');
export type Reply =
  | string
  | Buffer
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
      /** Sent in these pieces, chunked. */
      readonly chunks?: readonly (string | Buffer)[];
    }
  | typeof RAW;

export interface ModelServerOptions {
  /** The model; the lengths and checksums of the lines when left out. */
  readonly invoke?: (invocation: Invocation) => Reply | Promise<Reply>;
  readonly ping?: () => Reply;
  /** 404 when left out. */
  readonly executionParameters?: unknown;
}

export interface ModelServer {
  readonly url: string;
  readonly port: number;
  readonly invocations: readonly Invocation[];
  /** How many requests were open at once, at the most. */
  readonly mostOpen: number;
  /** Paths of everything that was asked for, in order. */
  readonly paths: readonly string[];
  /** Resolves when so many invocations have come. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** What the default model answers: one line for each line of the input, which says how long it is and what is in it. */
export function predictions(text: string | Buffer): string {
  const lines = Buffer.from(text).toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line.length} ${crc32(Buffer.from(line, 'latin1'))}\n`).join('');
}

/** A model server in this process, on a port of its own, closed when the test is over. */
export async function startModelServer(t: TestContext, options: ModelServerOptions = {}): Promise<ModelServer> {
  const { invoke = ({ body }) => predictions(body), ping = () => '', executionParameters } = options;
  const invocations: Invocation[] = [];
  const paths: string[] = [];
  const waiting = new Set<{ count: number; resolve: () => void }>();
  let open = 0;
  let mostOpen = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    paths.push(request.url ?? '');
    if (request.url === '/ping') return send(response, ping());
    if (request.url === '/execution-parameters') {
      if (executionParameters === undefined) return send(response, { status: 404 });
      const text = typeof executionParameters === 'string' ? executionParameters : JSON.stringify(executionParameters);
      return send(response, { headers: { 'Content-Type': 'application/json' }, body: text });
    }
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    try {
      const body = Buffer.concat(await request.toArray());
      const { headers, rawHeaders, socket } = request;
      const invocation = { number: invocations.length + 1, headers, rawHeaders, body, text: body.toString(), socket };
      invocations.push(invocation);
      for (const waiter of waiting) if (invocations.length >= waiter.count) waiter.resolve();
      const reply = await invoke(invocation);
      open -= 1; // before the answer is on its way: the next request may be here before `finally`
      send(response, reply);
    } catch (error) {
      open -= 1;
      if (!request.socket.destroyed) send(response, { status: 500, body: `the test's own fault: ${error}` });
    }
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void answer(request, response));
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    invocations,
    paths,
    get mostOpen() {
      return mostOpen;
    },
    arrived: (count) =>
      new Promise((resolve) => {
        if (invocations.length >= count) resolve();
        else waiting.add({ count, resolve });
      }),
    close,
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply === RAW) return;
  const {
    status = 200,
    headers = {},
    body = '',
    chunks,
  } = typeof reply === 'string' || Buffer.isBuffer(reply) ? { body: reply } : reply;
  if (chunks === undefined) {
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  for (const chunk of chunks) response.write(chunk);
  response.end();
}
