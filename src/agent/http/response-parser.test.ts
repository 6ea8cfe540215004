import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Head, ProtocolError, ResponseParser } from './response-parser.ts';

interface Parsed {
  head: Head | undefined;
  body: string;
  done: boolean;
}

/** Parses one response that comes in pieces of the given sizes in turn, then the end of the connection. */
function parse(text: string, sizes: readonly number[] = [text.length || 1], parser?: ResponseParser): Parsed {
  const parsed: Parsed = { head: undefined, body: '', done: false };
  const used =
    parser ??
    new ResponseParser({
      head: (head) => {
        parsed.head = head;
      },
      body: (bytes, from, to) => {
        parsed.body += bytes.toString('latin1', from, to);
      },
    });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    parsed.done = used.push(bytes.subarray(at, at + size));
    at += size;
  }
  parsed.done ||= used.end();
  return parsed;
}

const responses: [name: string, text: string, body: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
  ['no body', 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n', ''],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nA: b\r\n\r\n',
    'hello world',
  ],
  ['the end of the connection', 'HTTP/1.0 200 OK\r\n\r\nhello', 'hello'],
  [
    'announcements first',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    'x',
  ],
];

for (const [name, text, body] of responses) {
  test(`a response with ${name} is the same in pieces of any size`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), (sizes) => {
        const parsed = parse(text, sizes);
        assert.equal(parsed.body, body);
        assert(parsed.done);
        assert(parsed.head !== undefined && parsed.head.status >= 200);
      }),
    );
  });

  test(`a response with ${name} that is cut short is not complete`, () => {
    // One that ends with the connection cannot be told from a whole one once its head is there.
    const end = name === 'the end of the connection' ? text.indexOf('\r\n\r\n') + 3 : text.length - 1;
    for (let length = 0; length <= end; length++) assert(!parse(text.slice(0, length)).done, `${length} bytes`);
  });
}

const bad: [name: string, text: string, words: RegExp][] = [
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', /first line/],
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n', /first line/],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n', /header/],
  ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', /header/],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /two different/],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', /both/],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /no number/],
  ['an unknown encoding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\n', /not supported/],
  ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', /size of a chunk/],
  ['a chunk that is too long', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n', /longer than/],
  ['bytes after the response', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy', /nobody asked/],
  ['an endless head', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(20_000)}`, /larger than/],
  ['an endless chunk line', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1'.repeat(70_000)}`, /too long/],
  [
    'endless trailers',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(20_000)}`,
    /too long/,
  ],
];

for (const [name, text, words] of bad) {
  test(`${name} is refused`, () => {
    for (const size of [text.length, 1000, 7]) {
      assert.throws(
        () => parse(text, [size]),
        (error) => error instanceof ProtocolError && words.test(error.message),
      );
    }
  });
}

test('a connection is kept unless the server says otherwise', () => {
  const kept = (text: string): boolean | undefined => parse(text).head?.keepAlive;
  assert.equal(kept('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), true);
  assert.equal(kept('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n'), false);
  assert.equal(kept('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'), false);
  assert.equal(kept('HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n'), true);
  assert.equal(kept('HTTP/1.1 200 OK\r\n\r\n'), false);
});

test('one response after the other, the same head and another', () => {
  const bodies: string[] = [];
  const parser = new ResponseParser({
    head: () => bodies.push(''),
    body: (bytes, from, to) => {
      bodies[bodies.length - 1] += bytes.toString('latin1', from, to);
    },
  });
  for (const [length, body] of [
    ['2', 'ab'],
    ['2', 'cd'],
    ['3', 'efg'],
    ['2', 'hi'],
  ] as const) {
    parser.reset();
    assert(parser.push(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`)));
  }
  assert.deepEqual(bodies, ['ab', 'cd', 'efg', 'hi']);
});
