import { S3Fault } from './s3-fault.ts';

/** What a request is about, percent-decoded. */
export interface Address {
  /** `undefined`: the service itself. */
  readonly bucketName: string | undefined;
  /** `undefined`: the bucket itself. */
  readonly key: string | undefined;
  /** The first value of each parameter; empty for one without a value. */
  readonly query: ReadonlyMap<string, string>;
}

/**
 * Takes apart the address of a request: `/bucket/key`, or `/key` where the host is `bucket.<domain>`. A host that is none of the
 * domains, an IP address for example, is addressed with `/bucket/key`.
 *
 * @param rawUrl path and query exactly as they came
 * @throws S3Fault `InvalidURI`
 */
export function parseAddress(host: string | undefined, rawUrl: string, domains: readonly string[]): Address {
  const [, rawPath = '/', rawQuery = ''] = /^(?:https?:\/\/[^/?]*)?([^?]*)\??(.*)$/.exec(rawUrl) ?? [];
  const query = parseQuery(rawQuery);
  const path = rawPath.replace(/^\//, '');
  const ofHost = bucketOfHost(host, domains);
  if (ofHost !== undefined) return { bucketName: ofHost, key: decodePath(path) || undefined, query };
  const slash = path.indexOf('/');
  const bucketName = decodePath(slash < 0 ? path : path.slice(0, slash));
  const key = slash < 0 ? '' : decodePath(path.slice(slash + 1));
  if (bucketName === '' && key !== '') throw invalidUri();
  return { bucketName: bucketName || undefined, key: key || undefined, query };
}

/** The bucket that a host names, `undefined` when the path does. */
export function bucketOfHost(host: string | undefined, domains: readonly string[]): string | undefined {
  const name = host?.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '') ?? '';
  if (domains.includes(name)) return undefined;
  // Of `s3.example.com` and `example.com` the longer one: there is no bucket `s3`.
  const domain = domains.filter((d) => name.endsWith(`.${d}`)).sort((a, b) => b.length - a.length)[0];
  return domain === undefined ? undefined : name.slice(0, -domain.length - 1);
}

/** Once, and `+` is a plus: what is decoded twice is another key. */
function decodePath(path: string): string {
  // Beyond ASCII nobody could say which encoding is meant; signatures are over escapes anyway.
  if (!/^[\x21-\x7e]*$/.test(path)) throw invalidUri();
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidUri();
  }
}

/** In a query `+` is a space, as in HTML forms. */
function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/.exec(pair) ?? [];
    const decodedName = decodePath(name.replaceAll('+', '%20'));
    if (!parameters.has(decodedName)) parameters.set(decodedName, decodePath(value.replaceAll('+', '%20')));
  }
  return parameters;
}

function invalidUri(): S3Fault {
  return new S3Fault('InvalidURI', "Couldn't parse the specified URI.");
}
