/** Bytes of a status line with all headers, or of one line of chunked encoding, at the most. */
const MAX_HEAD_BYTES = 64 * 1024;
const CR = 13;
const LF = 10;

/** A response of a model server. Header names are in lower case, the values of repeated ones joined by commas. */
export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** False when the connection ends with this response. */
  readonly keepAlive: boolean;
  /** Bytes of the body, where the head tells; `undefined` for chunked bodies and those that end with the connection. */
  readonly length: number | undefined;
  readonly chunked: boolean;
}

/** The model server does not speak HTTP/1.1 as RFC 9112 has it; the connection cannot be used any further. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close' | 'done';

/** What the parser finds; bodies arrive as ranges of the bytes given to `push`, which are only valid during the call. */
export interface ResponseSink {
  head(head: Head): void;
  body(bytes: Buffer, from: number, to: number): void;
}

/**
 * An incremental parser for one HTTP/1.1 response after the other. `push` takes bytes in pieces of any size; it returns true
 * when the response is complete. Bytes behind it are an error: nothing is pipelined, so nobody asked for them, and taking
 * them for the next answer would give a record somebody else's result.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  #state: State = 'head';
  /** Bytes of a head or a line that the last piece ended in. */
  #partial: Buffer = Buffer.alloc(0);
  #remaining = 0;
  #trailerBytes = 0;
  /** The last head as it came, and what it meant: servers repeat themselves, and parsing is a third of a small answer's cost. */
  #lastBytes: Buffer = Buffer.alloc(0);
  #last: Head | undefined;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Makes ready for the next response on the same connection. */
  reset(): void {
    this.#state = 'head';
    this.#partial = Buffer.alloc(0);
    this.#trailerBytes = 0;
  }

  push(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'head':
          at = this.#pushHead(bytes, at);
          break;
        case 'length':
        case 'chunk-data': {
          const to = Math.min(bytes.length, at + this.#remaining);
          this.#sink.body(bytes, at, to);
          this.#remaining -= to - at;
          at = to;
          if (this.#remaining === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk-end';
          break;
        }
        case 'until-close':
          this.#sink.body(bytes, at, bytes.length);
          at = bytes.length;
          break;
        case 'chunk-size':
        case 'chunk-end':
        case 'trailer':
          at = this.#pushLine(bytes, at);
          break;
        case 'done':
          throw new ProtocolError(`${bytes.length - at} bytes follow the response that nobody asked for`);
      }
    }
    return this.#state === 'done';
  }

  /** The server closed its side: true when that completes the response, false when the response is cut short. */
  end(): boolean {
    if (this.#state !== 'until-close') return this.#state === 'done';
    this.#state = 'done';
    return true;
  }

  #pushHead(bytes: Buffer, at: number): number {
    const before = this.#partial.length;
    const all = before === 0 ? bytes.subarray(at) : Buffer.concat([this.#partial, bytes.subarray(at)]);
    const last = this.#lastBytes.length;
    let end: number;
    let head: Head;
    if (this.#last !== undefined && all.length >= last && all.compare(this.#lastBytes, 0, last, 0, last) === 0) {
      end = last;
      head = this.#last;
    } else {
      const blank = all.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1');
      if ((blank === -1 ? all.length : blank) > MAX_HEAD_BYTES)
        throw new ProtocolError(`its head is larger than ${MAX_HEAD_BYTES} bytes`);
      if (blank === -1) {
        this.#partial = before === 0 ? Buffer.from(all) : all;
        return bytes.length;
      }
      end = blank + 4;
      head = parseHead(all.toString('latin1', 0, blank));
      this.#lastBytes = Buffer.from(all.subarray(0, end));
      this.#last = head;
    }
    this.#partial = Buffer.alloc(0);
    if (head.status < 200) return at + end - before; // 100 Continue and its kin announce the real one
    this.#sink.head(head);
    if (head.chunked) this.#state = 'chunk-size';
    else if (head.length === undefined) this.#state = 'until-close';
    else {
      this.#remaining = head.length;
      this.#state = head.length === 0 ? 'done' : 'length';
    }
    return at + end - before;
  }

  #pushLine(bytes: Buffer, at: number): number {
    const newline = bytes.indexOf(LF, at);
    const to = newline === -1 ? bytes.length : newline + 1;
    const line =
      this.#partial.length === 0 ? bytes.subarray(at, to) : Buffer.concat([this.#partial, bytes.subarray(at, to)]);
    this.#trailerBytes += this.#state === 'trailer' ? to - at : 0;
    if (line.length > MAX_HEAD_BYTES || this.#trailerBytes > MAX_HEAD_BYTES)
      throw new ProtocolError('a line of its chunked body is too long');
    if (newline === -1) {
      this.#partial = Buffer.from(line);
      return to;
    }
    this.#partial = Buffer.alloc(0);
    if (line.at(-2) !== CR) throw new ProtocolError('a line of its chunked body does not end in CRLF');
    const text = line.toString('latin1', 0, line.length - 2);
    if (this.#state === 'chunk-size') this.#startChunk(text);
    else if (this.#state === 'chunk-end') {
      if (text !== '') throw new ProtocolError('a chunk is longer than it said');
      this.#state = 'chunk-size';
    } else if (text === '') this.#state = 'done';
    return to;
  }

  #startChunk(text: string): void {
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(text)?.[1];
    if (size === undefined) throw new ProtocolError(`"${text.slice(0, 40)}" is not the size of a chunk`);
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailer' : 'chunk-data';
  }
}

function parseHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (minor === undefined || code === undefined)
    throw new ProtocolError(`"${statusLine.slice(0, 60)}" is not the first line of an HTTP/1.1 answer`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || /[^!#$%&'*+\-.^_`|~\da-z]/.test(name))
      throw new ProtocolError(`"${line.slice(0, 60)}" is not a header`);
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length' && headers.has(name) && headers.get(name) !== value) {
      throw new ProtocolError('it has two different Content-Length headers');
    }
    const before = name === 'content-length' ? undefined : headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const status = Number(code);
  const encoding = headers.get('transfer-encoding');
  const lengthText = headers.get('content-length');
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
    throw new ProtocolError(`its Transfer-Encoding "${encoding}" is not supported`);
  // Both together are how requests are smuggled (RFC 9112, 6.3); a server that sends both is not to be trusted with either.
  if (encoding !== undefined && lengthText !== undefined)
    throw new ProtocolError('it has both Transfer-Encoding and Content-Length');
  if (lengthText !== undefined && !/^\d{1,15}$/.test(lengthText))
    throw new ProtocolError(`its Content-Length "${lengthText}" is no number`);
  const bodiless = status < 200 || status === 204 || status === 304;
  const length = bodiless ? 0 : lengthText === undefined ? undefined : Number(lengthText);
  const chunked = encoding !== undefined && !bodiless;
  const connection = headers.get('connection')?.toLowerCase() ?? '';
  const keepAlive =
    (chunked || length !== undefined) &&
    (minor === '1' ? !connection.includes('close') : connection.includes('keep-alive'));
  return { status, headers, keepAlive, length, chunked };
}
