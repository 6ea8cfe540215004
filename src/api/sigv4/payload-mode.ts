import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '../fault.ts';
import type { CredentialScope } from './authorization.ts';
import type { RequestHead } from './request-head.ts';
import { unsupportedMechanism } from './s3-refusals.ts';

/** How the body of an S3 request is framed and what it is to be checked against. */
export type PayloadMode =
  | { readonly kind: 'unsigned' }
  | {
      readonly kind: 'hash';
      /** In lower-case hex. */
      readonly sha256: string;
    }
  | {
      readonly kind: 'chunked';
      /** True when each chunk has a signature, whether it can be verified or not. */
      readonly signed: boolean;
      /** True when the request says that headers follow the body. */
      readonly trailer: boolean;
      /** What chunk signatures are verified with; left out when there are none or nothing is verified. */
      readonly signing: ChunkSigning | undefined;
    };

/** The start of the chain of chunk signatures. */
export interface ChunkSigning {
  /** The signature of the request. */
  readonly seedSignature: string;
  /** `20130524T000000Z` */
  readonly timestamp: string;
  readonly scope: CredentialScope;
  /** The signature of a string to sign, in hex. */
  sign(stringToSign: string): Promise<string>;
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const STREAMING = /^STREAMING-(AWS4-HMAC-SHA256|AWS4-ECDSA-P256-SHA256|UNSIGNED)-PAYLOAD(-TRAILER)?$/;

/** What the request says about its body: in the header, of which the JavaScript SDK makes a parameter in presigned URLs. */
export function statedPayload(head: RequestHead): string {
  return head.header('x-amz-content-sha256') ?? head.parameter('X-Amz-Content-Sha256') ?? UNSIGNED;
}

/** @throws Fault when what the request says about its body is nonsense or not supported */
export function payloadModeOf(head: RequestHead): PayloadMode {
  const stated = statedPayload(head);
  const encoded = isAwsChunked(head.header('content-encoding'));
  const framed = encoded && head.header('x-amz-decoded-content-length') !== undefined;
  if (stated === UNSIGNED) {
    // Where nothing is verified, a client may leave the header out; the frames are there all the same.
    if (!framed) return { kind: 'unsigned' };
    return { kind: 'chunked', signed: false, trailer: head.header('x-amz-trailer') !== undefined, signing: undefined };
  }
  if (/^[\da-f]{64}$/i.test(stated)) {
    // Of the frames or of what is in them? To store the one when the other was meant would go unnoticed.
    if (framed) throw new Fault('InvalidRequest', 'The value of x-amz-content-sha256 header is invalid.');
    return { kind: 'hash', sha256: stated.toLowerCase() };
  }
  const [, algorithm, trailer] = STREAMING.exec(stated) ?? [];
  if (algorithm === undefined || (algorithm === 'UNSIGNED' && trailer === undefined)) {
    throw new Fault(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    );
  }
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') throw unsupportedMechanism();
  return { kind: 'chunked', signed: algorithm !== 'UNSIGNED', trailer: trailer !== undefined, signing: undefined };
}

function isAwsChunked(contentEncoding: IncomingHttpHeaders['content-encoding']): boolean {
  return contentEncoding?.split(',').some((coding) => coding.trim().toLowerCase() === 'aws-chunked') ?? false;
}
