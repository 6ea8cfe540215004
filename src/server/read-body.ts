import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../api/fault.ts';

/** The largest request that the tables allow has 16 variables of 10 KB. */
const MAX_BODY_BYTES = 4 * 2 ** 20;

/**
 * The body of an API request, whole.
 *
 * @throws Fault `RequestEntityTooLargeException`; `IncompleteBody` when the client has gone, which is no fault of ours
 */
export async function readBody(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  if (request.headers.expect !== undefined) response.writeContinue();
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      bytes += (piece as Buffer).length;
      if (bytes > MAX_BODY_BYTES) {
        request.resume();
        throw new Fault('RequestEntityTooLargeException', `A request has ${MAX_BODY_BYTES} bytes at the most.`, 413);
      }
      pieces.push(piece as Buffer);
    }
  } catch (error) {
    if (error instanceof Fault || !request.destroyed) throw error;
    throw new Fault('IncompleteBody', 'The connection was closed before the end of the body.');
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}
