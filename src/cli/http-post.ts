import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the first byte sent to the last one received. */
  readonly timeLimitMs: number;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal | undefined;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Sends one POST and reads its answer whole. Follows no redirects: a signature is for one address.
 *
 * @throws what the connection failed with, the end of the time limit too; the signal's reason when it was aborted
 */
export async function httpPost(url: URL, options: PostOptions): Promise<PostAnswer> {
  const { headers, body, timeLimitMs, maxAnswerBytes, signal } = options;
  signal?.throwIfAborted();
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    ...(signal && { signal }),
  });
  // Without a listener an error that comes after the head of the answer would end the process.
  request.on('error', () => undefined);
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    request.destroy();
  }, timeLimitMs);
  try {
    const response = once(request, 'response') as Promise<[IncomingMessage]>;
    request.end(body);
    const [answer] = await response;
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes`);
      pieces.push(piece);
    }
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(pieces).toString() };
  } catch (error) {
    signal?.throwIfAborted();
    throw isLate ? new Error(`no answer within ${timeLimitMs / 1000} seconds`) : error;
  } finally {
    clearTimeout(late);
    if (!request.writableFinished) request.destroy();
  }
}
