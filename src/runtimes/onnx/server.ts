import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { type ExecutionParameters, executionParameters } from './execution-parameters.ts';
import { Invocations } from './invocations.ts';
import { sendText } from './send-text.ts';
import { WorkerPool } from './worker-pool.ts';

const mostWorkers = 4;
/** The protocol's largest request, 100 MB, and some slack for what counts megabytes differently. */
const defaultMaxBodyBytes = 101 * 2 ** 20;
const drainMs = 5000;
/** Longer than clients keep idle connections, so that none sends into one that is just being closed. */
const keepAliveMs = 75_000;

export interface OnnxServerOptions {
  readonly modelPath: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Threads that run the model, each with a copy of it in memory. Default: the machine's cores, at most 4. */
  readonly workers?: number;
  /** Larger requests are refused with 413. Default 101 MiB. */
  readonly maxBodyBytes?: number;
  readonly log?: (line: string) => void;
}

export interface OnnxServer {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, gives requests in flight 5 seconds, and ends the workers (a run that has begun is waited for). */
  close(): Promise<void>;
}

interface Ready {
  readonly pool: WorkerPool;
  readonly invocations: Invocations;
  readonly parameters: ExecutionParameters;
}

/**
 * Serves an ONNX model with the protocol of batch transform containers: `GET /ping`, `GET /execution-parameters`,
 * `POST /invocations`.
 *
 * It listens right away and answers 503 until the model is loaded; then the promise resolves.
 *
 * @throws Error when the port cannot be had, or when the model cannot be loaded (naming the file and the cause); nothing
 *   is left running then
 */
export async function startOnnxServer(options: OnnxServerOptions): Promise<OnnxServer> {
  const { modelPath, host = '127.0.0.1', port, maxBodyBytes = defaultMaxBodyBytes, log = () => {} } = options;
  const workers = options.workers ?? Math.min(availableParallelism(), mostWorkers);
  let ready: Ready | undefined;
  const server = createServer((request, response) => {
    route(request, response, ready).catch((error: unknown) => {
      log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });
  server.requestTimeout = 0; // a request may have to wait for others before its body is read
  server.keepAliveTimeout = keepAliveMs;
  server.listen(port, host);
  await once(server, 'listening');
  const actualPort = (server.address() as AddressInfo).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`;
  log(`listening on ${url}, loading ${modelPath}`);
  try {
    const { pool, probe } = await WorkerPool.start({ modelPath, workers, log });
    const parameters = executionParameters({
      workers,
      secondsPerRecord: probe?.secondsPerRecord,
      bytesPerRecord: probe?.bytesPerRecord ?? 1,
    });
    ready = { pool, invocations: new Invocations(pool, maxBodyBytes), parameters };
    log(`serving ${modelPath} with ${workers} worker${workers === 1 ? '' : 's'}: ${JSON.stringify(parameters)}`);
    return { url, port: actualPort, close: () => close(server, pool) };
  } catch (error) {
    await close(server, undefined);
    throw error;
  }
}

async function route(request: IncomingMessage, response: ServerResponse, ready: Ready | undefined): Promise<void> {
  const path = request.url?.split('?', 1)[0];
  const method = path === '/invocations' ? 'POST' : 'GET';
  if (path !== '/ping' && path !== '/invocations' && path !== '/execution-parameters') {
    sendText(response, 404, 'there is GET /ping, GET /execution-parameters and POST /invocations');
  } else if (request.method !== method) {
    response.setHeader('Allow', method);
    sendText(response, 405, `${path} takes ${method}`);
  } else if (ready === undefined) {
    response.setHeader('Retry-After', '1');
    sendText(response, 503, 'the model is being loaded');
  } else if (path === '/invocations') {
    await ready.invocations.handle(request, response);
    return;
  } else if (path === '/ping') {
    const { failure } = ready.pool;
    sendText(response, failure === undefined ? 200 : 500, failure ?? '');
  } else {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(ready.parameters));
  }
  request.resume(); // a body that nobody asked for
}

async function close(server: Server, pool: WorkerPool | undefined): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Connections whose request is done stay open for the client's next one: close them as they fall idle.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const late = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
  await pool?.close();
}
