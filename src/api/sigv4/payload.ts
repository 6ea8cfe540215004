import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '../fault.ts';
import { AwsChunkedReader } from './aws-chunked.ts';
import { ChunkSignatures } from './chunk-signatures.ts';
import type { PayloadMode } from './payload-mode.ts';
import { malformedTrailer, signatureDoesNotMatch, wrongLength } from './s3-refusals.ts';
import type { VerifiedS3Request } from './verify.ts';

export interface DecodedPayload {
  /**
   * The bytes of the object, once. **They are not verified before the iteration has ended**: hashes and signatures are
   * known after the bytes that they cover. Whoever writes them must not commit before, and must throw away what was
   * written when the iteration fails. The pieces are parts of the source's, not copies.
   *
   * It throws a Fault (`XAmzContentSHA256Mismatch`, `SignatureDoesNotMatch`, `IncompleteBody`, `MalformedTrailerError`) and
   * whatever the source throws. It never yields more than `decodedLength` bytes.
   */
  readonly body: AsyncIterable<Buffer>;
  /** How many bytes it will be; `undefined` when the request does not say. */
  readonly decodedLength: number | undefined;
  /** The headers after the body, a checksum for example, by lower-case name; empty until the iteration has ended. */
  readonly trailers: () => ReadonlyMap<string, string>;
}

type Chunked = Extract<PayloadMode, { kind: 'chunked' }>;

/**
 * The body of an S3 request without its `aws-chunked` frames, checked against what the request says about it.
 *
 * @param source of an `http.IncomingMessage` its `iterator({ destroyOnReturn: false })`: iterating over the message itself
 *   destroys it when the body is refused, and with it the connection for the requests after
 * @throws Fault `MissingContentLength` when a framed body does not say how long it is without its frames
 */
export function decodePayload(
  source: AsyncIterable<Buffer>,
  { payload }: VerifiedS3Request,
  headers: IncomingHttpHeaders,
): DecodedPayload {
  if (payload.kind !== 'chunked') {
    const length = parseLength(headers['content-length']);
    const sha256 = payload.kind === 'hash' ? payload.sha256 : undefined;
    return { body: passOn(source, length, sha256), decodedLength: length, trailers: () => new Map() };
  }
  const length = parseLength(headers['x-amz-decoded-content-length']);
  if (length === undefined) {
    throw new Fault('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
  }
  const announced = new Set(namesIn(headers['x-amz-trailer']));
  const trailers = new Map<string, string>();
  return {
    body: decode(source, payload, length, announced, trailers),
    decodedLength: length,
    trailers: () => trailers,
  };
}

async function* passOn(
  source: AsyncIterable<Buffer>,
  length: number | undefined,
  sha256: string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const hash = sha256 === undefined ? undefined : createHash('sha256');
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    if (length !== undefined && bytes > length) throw wrongLength();
    hash?.update(piece);
    yield piece;
  }
  if (length !== undefined && bytes !== length) throw wrongLength();
  if (hash?.digest('hex') !== sha256) {
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new Fault('XAmzContentSHA256Mismatch', message);
  }
}

async function* decode(
  source: AsyncIterable<Buffer>,
  { trailer: hasTrailer, signing }: Chunked,
  length: number,
  announced: ReadonlySet<string>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = new AwsChunkedReader();
  const signatures = signing && new ChunkSignatures(signing);
  let bytes = 0;
  for await (const piece of source) {
    for (const part of chunks.read(piece)) {
      if (Buffer.isBuffer(part)) {
        signatures?.update(part);
        yield part;
      } else {
        // Before its bytes: what is too long must not be written first.
        bytes += part.size;
        if (bytes > length) throw wrongLength();
        if (signatures !== undefined) await signatures.begin(part);
      }
    }
  }
  const received = chunks.end();
  if (bytes !== length) throw wrongLength();
  const trailerSignature = received.get('x-amz-trailer-signature');
  received.delete('x-amz-trailer-signature');
  if (received.size !== announced.size || Array.from(received.keys()).some((name) => !announced.has(name))) {
    throw malformedTrailer();
  }
  await signatures?.end();
  if (hasTrailer && signatures !== undefined) {
    if (trailerSignature === undefined) throw signatureDoesNotMatch();
    await signatures.verifyTrailer(received, trailerSignature);
  }
  for (const [name, value] of received) trailers.set(name, value);
}

function parseLength(text: string | readonly string[] | undefined): number | undefined {
  if (typeof text !== 'string' || !/^\d+$/.test(text)) return undefined;
  return Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

function namesIn(list: string | readonly string[] | undefined): string[] {
  const names = String(list ?? '').split(',');
  return names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
}
