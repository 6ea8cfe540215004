/** The one algorithm that is verified: Signature Version 4 with a shared secret. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** What a request states about its signature; nothing of it is proven before the signature is found to be right. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** `20130524T000000Z` */
  readonly timestamp: string;
  /** In lower case. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** What a signing key is good for. */
export interface CredentialScope {
  /** `20130524` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** What the claims of requests are held against. */
export interface ClaimRules {
  /** Any when left out. */
  readonly region: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An `Authorization` header taken apart but not judged: each service has its own words for what is wrong with it. */
export interface Authorization {
  readonly scheme: string;
  /** `Credential`, `SignedHeaders` and `Signature`, if all is well. */
  readonly components: ReadonlyMap<string, string>;
  /** The first component that is no `name=value`. */
  readonly malformed: string | undefined;
}

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, with or without the spaces behind the commas. */
export function parseAuthorization(header: string): Authorization {
  const text = header.trim();
  const space = text.indexOf(' ');
  if (space < 0) return { scheme: text, components: new Map(), malformed: undefined };
  const components = new Map<string, string>();
  let malformed: string | undefined;
  for (const part of text.slice(space + 1).split(',')) {
    const component = part.trim();
    const equals = component.indexOf('=');
    if (equals > 0) components.set(component.slice(0, equals), component.slice(equals + 1));
    else malformed ??= component;
  }
  return { scheme: text.slice(0, space), components, malformed };
}

/** `ID/20130524/us-east-1/s3/aws4_request`, not judged either. */
export interface Credential {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

/** @returns `undefined` when it has not exactly five parts */
export function parseCredential(text: string): Credential | undefined {
  const [accessKeyId, date, region, service, terminator, ...more] = text.split('/');
  if (accessKeyId === undefined || date === undefined || region === undefined) return undefined;
  if (service === undefined || terminator === undefined || more.length > 0) return undefined;
  return { accessKeyId, date, region, service, terminator };
}

export function parseSignedHeaders(text: string): string[] {
  return text.toLowerCase().split(';');
}
