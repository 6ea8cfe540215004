import type { IncomingMessage, ServerResponse } from 'node:http';
import { ByteBudget } from './byte-budget.ts';
import { requestFormat, responseType, supportedTypes } from './media-type.ts';
import { announcedLength, BodyTooLarge, type RequestBody, readBody } from './request-body.ts';
import { sendText } from './send-text.ts';
import type { WorkerPool } from './worker-pool.ts';

// More open requests than this are a client out of control (a job has at most as many as MaxConcurrentTransforms).
const mostOpenRequests = 64;

/** Answers `POST /invocations`: reads the body, has a worker do it, writes the result. */
export class Invocations {
  readonly #pool: WorkerPool;
  readonly #maxBodyBytes: number;
  readonly #budget: ByteBudget;
  #open = 0;

  constructor(pool: WorkerPool, maxBodyBytes: number) {
    this.#pool = pool;
    this.#maxBodyBytes = maxBodyBytes;
    // Two of the largest at once, so that one can be read while one is worked on.
    this.#budget = new ByteBudget(2 * maxBodyBytes);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#open >= mostOpenRequests) {
      response.setHeader('Retry-After', '1');
      sendText(response, 503, `${mostOpenRequests} requests are open already; try again later`);
      request.resume();
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const length = announcedLength(request);
    if (length !== undefined && length > this.#maxBodyBytes) return this.#refuseSize(request, response);
    // A body without a length may turn out to be of any size that is allowed.
    const bytes = length ?? this.#maxBodyBytes;
    this.#open++;
    try {
      // Until its turn comes the body stays in the client's socket.
      if (!(await this.#budget.take(bytes, gone.signal))) return;
      try {
        await this.#answer(request, response, gone.signal);
      } finally {
        this.#budget.release(bytes);
      }
    } finally {
      this.#open--;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    let body: RequestBody;
    try {
      body = await readBody(request, this.#maxBodyBytes);
    } catch (error) {
      if (error instanceof BodyTooLarge) this.#refuseSize(request, response);
      return; // else the client went away
    }
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') return sendText(response, 415, `Content-Encoding ${encoding} is not supported`);
    const type = request.headers['content-type'];
    const format = requestFormat(type, body.bytes.subarray(0, body.length));
    if (format === undefined) {
      return sendText(response, 415, `Content-Type ${type} is not supported; send ${supportedTypes}`);
    }
    const result = responseType(request.headers.accept, format);
    if (result === undefined) {
      return sendText(response, 406, `Accept ${request.headers.accept} is not supported; accept ${supportedTypes}`);
    }
    const task = { body: body.bytes.buffer, length: body.length, request: format, response: result.format };
    const outcome = await this.#pool.run(task, signal);
    if (outcome.status !== 200) return sendText(response, outcome.status, outcome.message);
    response.writeHead(200, { 'Content-Type': result.contentType, 'Content-Length': outcome.body.length });
    response.end(outcome.body);
  }

  #refuseSize(request: IncomingMessage, response: ServerResponse): void {
    const limit = `${this.#maxBodyBytes} bytes (${Math.floor(this.#maxBodyBytes / 2 ** 20)} MB)`;
    sendText(response, 413, `the request's body is larger than ${limit}; send fewer records at once (MaxPayloadInMB)`);
    // A client that is still sending reads the answer only when it is done: take the rest, and drop it.
    request.resume();
  }
}
