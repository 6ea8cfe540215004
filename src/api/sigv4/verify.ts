import { createHash } from 'node:crypto';
import { Fault } from '../fault.ts';
import type { AccessKeys } from './access-keys.ts';
import { parseAuthorization, parseCredential, type SignatureClaim } from './authorization.ts';
import { type PayloadMode, payloadModeOf, statedPayload } from './payload-mode.ts';
import { type RawRequest, RequestHead } from './request-head.ts';
import { RequestSigner, sameSignature } from './request-signer.ts';
import { readS3Claim } from './s3-claim.ts';
import { signatureDoesNotMatch } from './s3-refusals.ts';
import { dialectOf, readServiceClaim } from './service-claim.ts';

export interface S3Request extends RawRequest {
  readonly service: 's3';
}

/** For SageMaker, CloudWatch Logs or STS. */
export interface ServiceRequest extends RawRequest {
  readonly service: 'json';
  /** Read completely: its hash is what the signature covers, and most clients do not send that as a header. */
  readonly body: Uint8Array;
}

export interface VerifiedServiceRequest {
  readonly service: 'json';
  /** Who signed it; when nothing is verified, who says to have signed it. `undefined` if nobody. */
  readonly accessKeyId: string | undefined;
}

export interface VerifiedS3Request {
  readonly service: 's3';
  /** As of a service request. */
  readonly accessKeyId: string | undefined;
  /** What the body has still to be checked against: by `decodePayload`. */
  readonly payload: PayloadMode;
}

export interface SignatureVerifierOptions {
  /** Nothing is verified when left out; the bodies of S3 are decoded and checked against their hashes all the same. */
  readonly keys: AccessKeys | undefined;
  /** The region that credentials must be for; any when left out. */
  readonly region: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The two ways to sign a path, with the secret of one access key. */
interface Signers {
  readonly s3: RequestSigner;
  readonly json: RequestSigner;
}

/**
 * Verifies AWS Signature Version 4 in the `Authorization` header and in the query of presigned URLs. A session token is
 * accepted and means nothing: all keys here are for good.
 */
export class SignatureVerifier {
  readonly #signers: ReadonlyMap<string, Signers> | undefined;
  readonly #region: string | undefined;
  readonly #now: () => number;

  constructor({ keys, region, now }: SignatureVerifierOptions) {
    this.#signers =
      keys &&
      new Map(
        Array.from(keys, ([id, secret]) => [
          id,
          {
            s3: new RequestSigner(id, secret, { escapePath: false }),
            json: new RequestSigner(id, secret, { escapePath: true }),
          },
        ]),
      );
    this.#region = region;
    this.#now = now;
  }

  /** @throws Fault in the words of the service */
  verify(request: S3Request): Promise<VerifiedS3Request>;
  verify(request: ServiceRequest): Promise<VerifiedServiceRequest>;
  async verify(request: S3Request | ServiceRequest): Promise<VerifiedS3Request | VerifiedServiceRequest> {
    const head = new RequestHead(request);
    if (request.service === 's3') return this.#verifyS3(head);
    if (this.#signers === undefined) return { service: 'json', accessKeyId: claimedKey(head) };
    const dialect = dialectOf(head);
    const claim = readServiceClaim(head, dialect, { region: this.#region, now: this.#now() });
    const signer = this.#signers.get(claim.accessKeyId)?.json;
    if (signer === undefined) throw dialect.unknownKey();
    const payloadHash = createHash('sha256').update(request.body).digest('hex');
    if (!(await isSignedBy(signer, claim, head, payloadHash))) throw dialect.wrongSignature();
    return { service: 'json', accessKeyId: claim.accessKeyId };
  }

  async #verifyS3(head: RequestHead): Promise<VerifiedS3Request> {
    if (this.#signers === undefined) {
      return { service: 's3', accessKeyId: claimedKey(head), payload: payloadModeOf(head) };
    }
    const claim = readS3Claim(head, { region: this.#region, now: this.#now() });
    const payload = payloadModeOf(head);
    const signer = this.#signers.get(claim.accessKeyId)?.s3;
    if (signer === undefined) {
      const message = 'The AWS Access Key Id you provided does not exist in our records.';
      throw new Fault('InvalidAccessKeyId', message, 403);
    }
    if (!(await isSignedBy(signer, claim, head, statedPayload(head)))) throw signatureDoesNotMatch();
    const { accessKeyId, signature: seedSignature, timestamp, scope } = claim;
    if (payload.kind !== 'chunked' || !payload.signed) return { service: 's3', accessKeyId, payload };
    const sign = (stringToSign: string): Promise<string> => signer.signatureOfString(stringToSign, scope);
    const signing = { seedSignature, timestamp, scope, sign };
    return { service: 's3', accessKeyId, payload: { ...payload, signing } };
  }
}

async function isSignedBy(
  signer: RequestSigner,
  { signedHeaders, timestamp, scope, signature }: SignatureClaim,
  head: RequestHead,
  payloadHash: string,
): Promise<boolean> {
  const { method, path, query } = head;
  const parts = { method, path, query, headers: head.signedHeaders(signedHeaders), payloadHash };
  return sameSignature(await signer.signatureOf(parts, timestamp, scope), signature);
}

/** Whom a request names that nobody verifies. */
function claimedKey(head: RequestHead): string | undefined {
  const header = parseAuthorization(head.header('authorization') ?? '').components.get('Credential');
  const credential = header ?? head.parameter('X-Amz-Credential');
  return credential === undefined ? undefined : parseCredential(credential)?.accessKeyId;
}
