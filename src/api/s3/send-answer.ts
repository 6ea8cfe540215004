import type { ServerResponse } from 'node:http';
import type { S3Answer, StreamedBody } from './s3-answer.ts';

/** How an answer goes out. */
export interface SendOptions {
  readonly isHead: boolean;
  /** What is added to the head. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called when the answer has been written and before it is ended, which closes a connection that is not kept. */
  readonly beforeEnd?: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Writes an answer; resolves when it has gone out or the client has.
 *
 * @throws whatever ends a streamed body too early; the head has been sent then
 */
export async function sendAnswer(response: ServerResponse, answer: S3Answer, options: SendOptions): Promise<void> {
  const body = typeof answer.body === 'object' ? answer.body : Buffer.from(answer.body ?? '');
  try {
    if (response.destroyed) return;
    response.writeHead(answer.status, { ...answer.headers, ...lengthOf(answer, body.length), ...options.headers });
    if (!Buffer.isBuffer(body)) await stream(response, body, options.signal);
    else if (options.beforeEnd !== undefined) {
      response.flushHeaders();
      if (!options.isHead && body.length > 0) response.write(body);
      await options.beforeEnd();
    } else if (!options.isHead) return await end(response, body);
    await end(response);
  } finally {
    if (!Buffer.isBuffer(body)) await body.close();
  }
}

/** RFC 9110, 8.6: there is none with 204; of a 304 and of a HEAD it would be that of the body that is not sent. */
function lengthOf({ status, headers }: S3Answer, length: number): Record<string, string> {
  return status === 204 || status === 304 || headers['content-length'] !== undefined
    ? {}
    : { 'content-length': String(length) };
}

/** As fast as the client takes it. */
async function stream(response: ServerResponse, { chunks, length }: StreamedBody, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (response.destroyed || bytes > length) break;
    if (!response.write(chunk)) await drained(response, signal);
  }
  if (bytes !== length && !response.destroyed) throw new Error(`an object of ${length} bytes gave ${bytes}`);
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (response.destroyed || !response.writableNeedDrain) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  response.once('drain', wake);
  response.once('close', wake);
  signal.addEventListener('abort', wake);
  await promise;
  response.off('drain', wake);
  response.off('close', wake);
  signal.removeEventListener('abort', wake);
  signal.throwIfAborted();
}

async function end(response: ServerResponse, last?: Buffer): Promise<void> {
  if (response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('close', resolve);
  response.end(last);
  await promise;
}
