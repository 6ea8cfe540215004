import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';

/** More than this is not read only to keep a connection. */
const MAX_DRAINED_BYTES = 1024 * 1024;
/** How long a connection that will be closed is still read from. */
const LINGER_MS = 2000;

/** What becomes of a connection whose request has been answered before its body was read. */
export type BodyFate =
  /** There is nothing left to read. */
  | 'read'
  /** The rest is short: read and forget it, then comes the next request. */
  | 'drain'
  /** The client is still waiting for leave to send it, and may never do: what comes next cannot be told from it. */
  | 'unsent'
  /** The rest is long. */
  | 'cut';

/** @param isBegun whether anybody has asked for the body: a client that expects `100 Continue` sends it only then */
export function fateOfBody(request: IncomingMessage, isBegun: boolean): BodyFate {
  if (request.complete) return 'read';
  if (request.headers.expect !== undefined && !isBegun) return 'unsent';
  const length = Number(request.headers['content-length'] ?? Number.NaN);
  return length <= MAX_DRAINED_BYTES ? 'drain' : 'cut';
}

/** Lets go what is left in the way of the next request. */
export function discardBody(request: IncomingMessage): void {
  if (!request.readableEnded && !request.destroyed) request.resume();
}

/**
 * Keeps reading for a while after the answer: a connection that is closed while the client is sending is reset, and then the
 * client loses the answer too.
 */
export async function linger(request: IncomingMessage): Promise<void> {
  discardBody(request);
  await finished(request, { writable: false, signal: AbortSignal.timeout(LINGER_MS) }).catch(() => undefined);
}
