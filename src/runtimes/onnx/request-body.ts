import type { IncomingMessage } from 'node:http';

/** A body in memory of its own, so that it can be transferred; after its `length` bytes stands one newline more. */
export interface RequestBody {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly length: number;
}

const newline = 10;
const firstChunkedSize = 1024 * 1024;

/** The body was larger than allowed. What is left of it has not been read. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The length that a request announces; `undefined` when it is sent in chunks. */
export function announcedLength(request: IncomingMessage): number | undefined {
  const header = request.headers['content-length'];
  if (header !== undefined) return Number(header);
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

/**
 * Reads a request's body.
 *
 * @throws BodyTooLarge as soon as it is clear that there are more than `maxBytes`; any other Error when the client goes away
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<RequestBody> {
  const announced = announcedLength(request);
  if (announced !== undefined && announced > maxBytes) return Promise.reject(new BodyTooLarge());
  let bytes = Buffer.allocUnsafeSlow((announced ?? Math.min(firstChunkedSize, maxBytes)) + 1);
  let length = 0;
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      if (length + chunk.length > maxBytes) {
        request.off('data', onData);
        request.pause();
        reject(new BodyTooLarge());
        return;
      }
      if (length + chunk.length >= bytes.length) {
        const larger = Buffer.allocUnsafeSlow(
          Math.min(Math.max(bytes.length * 2, length + chunk.length), maxBytes) + 1,
        );
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      length += chunk.copy(bytes, length);
    };
    request.on('data', onData);
    request.once('end', () => {
      bytes[length] = newline;
      resolve({ bytes, length });
    });
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client went away')));
  });
}
