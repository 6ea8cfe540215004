import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { causeOf } from '../core/errors.ts';
import { ExchangeError } from './http/connection.ts';

/**
 * What is written before an answer is looked for. A server that refuses may hang up without reading on; more at a time would meet the
 * closed connection before its answer was read, and the error takes the answer away (a megabyte: in one of six busy runs).
 */
const WRITE_BYTES = 64 * 1024;

export interface StreamedRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, sent with chunked encoding as it comes. A buffer is free again when the next one is asked for. */
  readonly body: AsyncIterable<Buffer>;
  /** Waited for so long without a byte in either direction, the server counts as dead. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface StreamedResponse {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  /**
   * The response while it arrives, decoded; not reading it holds the server back. Throws an `ExchangeError` where it breaks off,
   * what the request's body threw, or the signal's reason. Leaving it early closes the connection.
   */
  readonly body: AsyncIterable<Buffer>;
}

/**
 * A request whose body and response flow at the same time (`MaxPayloadInMB=0`). With `node:http`, unlike those of mini-batches: it is
 * one request per object, so what a request costs is nothing, and streams in both directions are what `node:http` does well.
 *
 * Resolves when the head of the response is there.
 */
export async function streamedRequest(options: StreamedRequest): Promise<StreamedResponse> {
  const { url, headers, signal, idleTimeoutMs } = options;
  signal.throwIfAborted();
  const request = httpRequest(url, { method: 'POST', path: '/invocations', headers, agent: false });
  const failed = new AbortController();
  const fail = (error: unknown): void => {
    failed.abort(error);
    request.destroy();
  };
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let connected = false;
  request.once('socket', (socket) => socket.once('connect', () => (connected = true)));
  const idle = new IdleTimer(idleTimeoutMs, () =>
    fail(new ExchangeError('timeout', `nothing was sent or received for ${idleTimeoutMs} ms`)),
  );
  request.on('error', (error) =>
    fail(new ExchangeError(connected ? 'connection' : 'connect', causeOf(error), false, { cause: error })),
  );
  request.once('close', () => {
    signal.removeEventListener('abort', onAbort);
    idle.stop();
  });
  let refused = false;
  request.once('response', ({ statusCode = 0 }) => {
    refused = statusCode >= 300;
  });
  void send(request, options.body, idle, () => refused).catch(fail);
  const [response] = await Promise.race([
    once(request, 'response') as Promise<[IncomingMessage]>,
    rejection(failed.signal),
  ]);
  const { statusCode: status = 0, headers: answered } = response;
  return {
    status,
    contentType: answered['content-type'],
    retryAfter: answered['retry-after'],
    body: receive(request, response, failed.signal, idle),
  };
}

async function send(
  request: ClientRequest,
  body: AsyncIterable<Buffer>,
  idle: IdleTimer,
  isRefused: () => boolean,
): Promise<void> {
  for await (const bytes of body) {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
      if (request.destroyed || isRefused()) return;
      idle.set({ writing: true });
      await written(request, bytes.subarray(at, at + WRITE_BYTES));
      idle.set({ writing: false });
      await setImmediate();
    }
    if (request.destroyed || isRefused()) return;
  }
  request.end();
  idle.set({ ended: true });
}

/** Resolves when the system has taken the bytes, as their memory is used again; or when it never will. */
function written(request: ClientRequest, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      request.removeListener('close', done);
      resolve();
    };
    request.once('close', done);
    request.write(bytes, done);
  });
}

async function* receive(
  request: ClientRequest,
  response: IncomingMessage,
  failed: AbortSignal,
  idle: IdleTimer,
): AsyncGenerator<Buffer, void, undefined> {
  const ok = (response.statusCode ?? 0) < 300;
  try {
    const body = decoded(response);
    try {
      for await (const bytes of body) {
        idle.set({ reading: false });
        yield bytes as Buffer;
        idle.set({ reading: true });
      }
    } catch (error) {
      // A server that refuses need not read the rest, and may hang up: its refusal counts, as far as it has come.
      if (!ok) return;
      if (failed.aborted) throw failed.reason;
      const where = response.complete ? 'in its gzip body' : 'in the middle of a response';
      throw new ExchangeError('connection', `it broke off ${where}: ${causeOf(error)}`, false, { cause: error });
    }
    if (!ok) return;
    if (failed.aborted) throw failed.reason;
    if (!request.writableEnded) {
      throw new ExchangeError('connection', 'it answered before it had read the whole object');
    }
  } finally {
    request.destroy();
  }
}

/**
 * Runs while the server is waited for: to take what is written, or to answer when all of the request is there. What is waited for on
 * our side, an object that is read slowly or a store that is written slowly, is not the server's time.
 */
class IdleTimer {
  readonly #timeoutMs: number;
  readonly #onTimeout: () => void;
  readonly #waits = { writing: false, reading: true, ended: false };
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(timeoutMs: number, onTimeout: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onTimeout = onTimeout;
  }

  /** Something has happened: the time begins anew, if it still runs. */
  set(waits: Partial<{ writing: boolean; reading: boolean; ended: boolean }>): void {
    Object.assign(this.#waits, waits);
    clearTimeout(this.#timer);
    const { writing, reading, ended } = this.#waits;
    if (this.#stopped) return; // what comes now was decompressed after the end
    if (writing || (ended && reading)) this.#timer = setTimeout(this.#onTimeout, this.#timeoutMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

/** Only gzip was offered, so only gzip is taken. */
function decoded(response: IncomingMessage): AsyncIterable<unknown> {
  const encoding = response.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return response;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new ExchangeError('connection', `it sent Content-Encoding "${encoding}" although only gzip was offered`);
  }
  const gunzip = createGunzip();
  response.once('error', (error) => gunzip.destroy(error));
  return response.pipe(gunzip);
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
