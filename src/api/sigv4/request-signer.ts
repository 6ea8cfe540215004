import { timingSafeEqual } from 'node:crypto';
import { getCanonicalHeaders, SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../core/sha256.ts';
import { ALGORITHM, type CredentialScope } from './authorization.ts';

/** What a signature covers. */
export interface CanonicalParts {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** The signed headers and no others, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The last line of the canonical request: a SHA-256 in hex or one of S3's words for there is none. */
  readonly payloadHash: string;
}

/**
 * Computes the signature that a request should have. `SignatureV4.sign` is for those who send requests: it puts its own
 * `X-Amz-Date` in and takes `Date` out, and both may be signed here. What it does in between is what is needed.
 *
 * Signing keys are cached by @smithy/signature-v4, the last 50 of them.
 */
export class RequestSigner extends SignatureV4 {
  /** @param options.escapePath every service but S3 signs the path escaped once more and without `.`, `..` and `//` */
  constructor(accessKeyId: string, secretAccessKey: string, { escapePath }: { readonly escapePath: boolean }) {
    const credentials = { accessKeyId, secretAccessKey };
    super({ credentials, region: '', service: '', sha256: Sha256, uriEscapePath: escapePath });
  }

  /** @param timestamp `20130524T000000Z` */
  async signatureOf(parts: CanonicalParts, timestamp: string, scope: CredentialScope): Promise<string> {
    const request = {
      protocol: 'http:',
      hostname: '',
      method: parts.method,
      path: parts.path,
      query: Object.fromEntries(Array.from(parts.query, ([name, values]) => [name, [...values]])),
      headers: { ...parts.headers },
    };
    // The third argument brings in what is not signed by default, User-Agent for example: a client may sign it.
    const headers = getCanonicalHeaders(request, undefined, new Set(Object.keys(parts.headers)));
    const canonical = this.createCanonicalRequest(request, headers, parts.payloadHash);
    const stringToSign = await this.createStringToSign(timestamp, scopeText(scope), canonical, ALGORITHM);
    return this.signatureOfString(stringToSign, scope);
  }

  signatureOfString(stringToSign: string, { date, region, service }: CredentialScope): Promise<string> {
    const signingDate = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
    return this.sign(stringToSign, { signingDate, signingRegion: region, signingService: service });
  }
}

/** As in the string to sign. */
export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

/** Compares two signatures in hex; how long it takes says nothing of how far they are alike. */
export function sameSignature(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
