import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AwsChunkedReader, type ChunkHead } from './aws-chunked.ts';

interface Read {
  heads: ChunkHead[];
  data: string;
  trailer: [string, string][];
}

/** Reads a body that comes in pieces of the given sizes in turn. */
function read(body: string, sizes: readonly number[] = [body.length || 1]): Read {
  const [reader, bytes] = [new AwsChunkedReader(), Buffer.from(body, 'latin1')];
  const found: Read = { heads: [], data: '', trailer: [] };
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    for (const part of reader.read(bytes.subarray(at, at + size))) {
      if (Buffer.isBuffer(part)) found.data += part.toString('latin1');
      else found.heads.push(part);
    }
    at += size;
  }
  found.trailer = Array.from(reader.end());
  return found;
}

const SIGNATURE = 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9';
const head = (size: number, signature = ''): ChunkHead => ({ size, signature });
const bodies: readonly [name: string, body: string, expected: Read][] = [
  ['no bytes', '0\r\n\r\n', { heads: [head(0)], data: '', trailer: [] }],
  [
    'two chunks',
    '5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n',
    { heads: [head(5), head(10), head(0)], data: 'hello0123456789', trailer: [] },
  ],
  [
    'bytes like frames',
    '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n',
    { heads: [head(7), head(0)], data: '\r\n0\r\n\r\n', trailer: [] },
  ],
  ['leading zeros', '0005\r\nhello\r\n00\r\n\r\n', { heads: [head(5), head(0)], data: 'hello', trailer: [] }],
  [
    'signatures and other extensions',
    `5;chunk-signature=${SIGNATURE}\r\nhello\r\n0;a=b;chunk-signature=${SIGNATURE};c\r\n\r\n`,
    { heads: [head(5, SIGNATURE), head(0, SIGNATURE)], data: 'hello', trailer: [] },
  ],
  [
    'a trailer',
    '5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32: NhCmhg== \r\nx-amz-trailer-signature:abc\r\n\r\n',
    {
      heads: [head(5), head(0)],
      data: 'hello',
      trailer: [
        ['x-amz-checksum-crc32', 'NhCmhg=='],
        ['x-amz-trailer-signature', 'abc'],
      ],
    },
  ],
  [
    'a trailer as minio-go writes it',
    '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\nx-amz-trailer-signature:abc\r\n\r\n',
    {
      heads: [head(5), head(0)],
      data: 'hello',
      trailer: [
        ['x-amz-checksum-crc32', 'NhCmhg=='],
        ['x-amz-trailer-signature', 'abc'],
      ],
    },
  ],
  [
    'a trailer after an empty line',
    '5\r\nhello\r\n0\r\n\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
    { heads: [head(5), head(0)], data: 'hello', trailer: [['x-amz-checksum-crc32', 'NhCmhg==']] },
  ],
];
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });

for (const [name, body, expected] of bodies) {
  test(`a body with ${name} is the same in pieces of any size`, () => {
    assert.deepEqual(read(body), expected);
    fc.assert(fc.property(sizes, (given) => assert.deepEqual(read(body, given), expected)));
  });
}

test('bytes are passed on, not copied', () => {
  const bytes = Buffer.from('5\r\nhello\r\n0\r\n\r\n');
  const parts = Array.from(new AwsChunkedReader().read(bytes)).filter((part) => Buffer.isBuffer(part));
  assert.equal(parts[0]?.buffer, bytes.buffer);
});

const broken: readonly [name: string, body: string, code: string][] = [
  ['nothing', '', 'IncompleteBody'],
  ['no final chunk', '5\r\nhello\r\n', 'IncompleteBody'],
  ['half a chunk', '6\r\nhello', 'IncompleteBody'],
  ['half a line', '5', 'IncompleteBody'],
  ['no end after the final chunk', '5\r\nhello\r\n0\r\n', 'IncompleteBody'],
  ['no end after the trailer', '5\r\nhello\r\n0\r\na:b\r\n', 'IncompleteBody'],
  ['LF after the size', '5\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
  ['nothing after a chunk', '5\r\nhello0\r\n\r\n', 'IncompleteBody'],
  ['LF after a chunk', '5\r\nhello\n0\r\n\r\n', 'IncompleteBody'],
  ['a chunk that is longer than said', '5\r\nhello!\r\n0\r\n\r\n', 'IncompleteBody'],
  ['a chunk that is shorter than said', '6\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
  ['a size that is none', 'five\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
  ['a negative size', '-5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
  ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
  ['no size', ';chunk-signature=a\r\n', 'IncompleteBody'],
  ['an empty line first', '\r\n5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
  ['a size that no number has', '20000000000000\r\n', 'IncompleteBody'],
  ['a line without an end', '5;'.padEnd(1025, 'x'), 'IncompleteBody'],
  ['a line that is too long', `${'5;'.padEnd(1023, 'x')}\r\nhello\r\n0\r\n\r\n`, 'IncompleteBody'],
  ['a body that is plain', 'hello, world', 'IncompleteBody'],
  ['bytes after the end', '0\r\n\r\nhello', 'IncompleteBody'],
  ['a trailer without a value', '0\r\nhello\r\n\r\n', 'MalformedTrailerError'],
  ['a trailer without a name', '0\r\n:hello\r\n\r\n', 'MalformedTrailerError'],
  ['a trailer twice', '0\r\na:b\r\nA:b\r\n\r\n', 'MalformedTrailerError'],
  ['a trailer without an end', '0\r\n'.padEnd(9000, 'a'), 'MalformedTrailerError'],
];

for (const [name, body, code] of broken) {
  test(`a body with ${name} is refused in pieces of any size`, () => {
    assert.throws(() => read(body), { name: 'Fault', code, status: 400 });
    fc.assert(
      fc.property(sizes, (given) => assert.throws(() => read(body, given), { code })),
      { numRuns: 20 },
    );
  });
}

test('a line may be as long as the limit', () => {
  const body = `${'5;'.padEnd(1022, 'x')}\r\nhello\r\n0\r\n\r\n`;
  fc.assert(
    fc.property(sizes, (given) => assert.equal(read(body, given).data, 'hello')),
    { numRuns: 20 },
  );
});
