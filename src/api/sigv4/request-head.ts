import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '../fault.ts';

/** A request as `http.IncomingMessage` has it. */
export interface RawRequest {
  readonly method: string;
  /** Path and query exactly as they came. */
  readonly rawUrl: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn: `headers` keeps only the first of some that are repeated, and a signature covers all. */
  readonly rawHeaders: readonly string[];
}

/** The part of a request that a signature covers, taken apart once. */
export class RequestHead {
  readonly method: string;
  /** Percent-encoded as it came. */
  readonly path: string;
  /** The decoded values of each parameter, in their order. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly #headers: IncomingHttpHeaders;
  readonly #values = new Map<string, string>();

  /** @throws Fault `InvalidURI` when the query is not percent-encoded UTF-8 */
  constructor({ method, rawUrl, headers, rawHeaders }: RawRequest) {
    const mark = rawUrl.indexOf('?');
    this.method = method;
    this.path = textOfBytes(mark < 0 ? rawUrl : rawUrl.slice(0, mark));
    this.query = mark < 0 ? new Map() : parseQuery(textOfBytes(rawUrl.slice(mark + 1)));
    this.#headers = headers;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] ?? '').toLowerCase();
      const value = rawHeaders[at + 1] ?? '';
      const before = this.#values.get(name);
      this.#values.set(name, before === undefined ? value : `${before.trim()},${value.trim()}`);
    }
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }

  /** The first value of a parameter. */
  parameter(name: string): string | undefined {
    return this.query.get(name)?.[0];
  }

  /** In lower case. */
  headerNames(): Iterable<string> {
    return this.#values.keys();
  }

  /** The values that were signed under these names; one that is not there counts as empty. */
  signedHeaders(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, textOfBytes(this.#values.get(name) ?? '')]));
  }
}

/** `+` is a space, as in the forms of HTML and in the queries that the AWS SDKs of Go and Java make. */
function parseQuery(text: string): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Fault('InvalidURI', "Couldn't parse the specified URI.");
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * node:http reads each byte of a head as one character, where clients sign the UTF-8 that they sent. Bytes that are no
 * UTF-8 are ISO 8859-1, as Python's http.client sends it.
 */
function textOfBytes(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}
