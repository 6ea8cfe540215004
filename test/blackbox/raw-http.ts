import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { XMLValidator } from 'fast-xml-parser';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

type Headers = Readonly<Record<string, string>>;

/** Longer than any answer takes, also of a machine that does much else. */
const LIMIT_MS = 15_000;

/** A request as it goes over the wire; its connection is closed behind it. */
export function request(method: string, path: string, headers: Headers = {}, body: string | Buffer = ''): Buffer {
  const all = { Host: 'localhost', 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), Buffer.from(body)]);
}

/** A request of the JSON protocol, whatever its body is. */
export function target(name: string, body: string | Buffer, headers: Headers = {}): Buffer {
  return request('POST', '/', { 'X-Amz-Target': name, 'Content-Type': 'application/x-amz-json-1.1', ...headers }, body);
}

/** Sends these bytes and reads to the end of the connection, which has to be an answer that any client can read. */
export async function exchange(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const late = setTimeout(() => socket.destroy(), LIMIT_MS);
  const received: Buffer[] = [];
  socket.on('data', (piece: Buffer) => received.push(piece));
  // Who is refused early may be cut off while it still sends: what counts is whether the answer has arrived.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(bytes);
  await closed;
  clearTimeout(late);
  return readAnswer(Buffer.concat(received));
}

/** @throws AssertionError when it is no well-formed answer of HTTP/1.1, or has a body that is not what its head says */
export function readAnswer(bytes: Buffer): RawAnswer {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  assert.ok(end > 0, `no answer: ${JSON.stringify(text)}`);
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) [\x20-\x7e]+$/.exec(first)?.[1]);
  assert.ok(status >= 200 && status < 600, first);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x20-\x7e]*)$/.exec(line) ?? [];
    assert.notEqual(name, '', `a header is malformed: ${line}`);
    assert.ok(!headers.has(name.toLowerCase()), `${name} is there twice`);
    headers.set(name.toLowerCase(), value);
  }
  const rest = bytes.subarray(end + 4);
  const length = headers.get('content-length');
  if (length !== undefined) assert.equal(rest.length, Number(length), text);
  else assert.ok(['', '0\r\n\r\n'].includes(rest.toString()), `a body of unknown length: ${text}`);
  const body = length === undefined ? '' : rest.toString();
  checkBody(headers.get('content-type') ?? '', status, body);
  return { status, headers, body };
}

/** An error is one of its protocol: with a code and words. */
function checkBody(contentType: string, status: number, body: string): void {
  if (contentType === 'application/x-amz-json-1.1') {
    if (body === '' && status === 200) return;
    const { __type, message } = JSON.parse(body);
    if (status >= 400) assert.ok(/^[A-Z]\w+$/.test(__type) && message.length > 0, body);
  } else if (contentType === 'application/xml' || contentType === 'text/xml') {
    assert.equal(XMLValidator.validate(body), true, body);
    if (status >= 400) assert.match(body, /<Code>\w+<\/Code>\s*<Message>.+<\/Message>/);
  } else if (status >= 400) {
    assert.ok(contentType === '' ? body === '' : contentType.startsWith('text/plain'), `${contentType}: ${body}`);
  }
}

/** The code and the words of an error of the JSON protocol. */
export function faultOf({ body }: RawAnswer): [code: string, message: string] {
  const { __type, message } = JSON.parse(body);
  return [__type, message];
}
