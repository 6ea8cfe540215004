import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type ErrorCode, MillraceError } from '../core/errors.ts';
import type { ObjectReader } from '../objects/object-store.ts';
import { GunzipReader } from './gunzip-reader.ts';

/** An object in memory that is handed out in pieces of the given sizes in turn, and counts what was taken. */
class MemoryReader implements ObjectReader {
  readonly size: number;
  readonly bytes: Buffer;
  readonly pieces: readonly number[];
  taken = 0;
  reads = 0;
  closed = false;
  /** Called before every read. */
  before: () => Promise<void> | void = () => undefined;

  constructor(bytes: Buffer, pieces: readonly number[] = [Number.POSITIVE_INFINITY]) {
    this.bytes = bytes;
    this.pieces = pieces;
    this.size = bytes.length;
  }

  async read(into: Uint8Array): Promise<number> {
    await this.before();
    const most = Math.min(into.length, this.pieces[this.reads++ % this.pieces.length] ?? 1);
    const count = this.bytes.copy(into, 0, this.taken, Math.min(this.taken + most, this.size));
    this.taken += count;
    return count;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const never = new AbortController().signal;

function over(reader: ObjectReader, { allowNested = false, signal = never } = {}): GunzipReader {
  return new GunzipReader(reader, { object: 'dir/x.csv.gz', allowNested, signal });
}

async function drain(reader: GunzipReader, sizes: readonly number[] = [100_000]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  try {
    for (let at = 0; ; at++) {
      const into = Buffer.alloc(sizes[at % sizes.length] ?? 1);
      const count = await reader.read(into);
      if (count === 0) break;
      pieces.push(into.subarray(0, count));
    }
    assert.equal(await reader.read(Buffer.alloc(9)), 0, 'the end is the end');
    return Buffer.concat(pieces);
  } finally {
    await reader.close();
  }
}

async function fails<C extends ErrorCode>(bytes: Buffer, code: C, pieces?: number[]): Promise<MillraceError<C>> {
  const inner = new MemoryReader(bytes, pieces);
  const error = await drain(over(inner)).then(
    () => assert.fail(`${code} was expected`),
    (reason: unknown) => reason,
  );
  assert(inner.closed);
  assert(error instanceof MillraceError && error.is(code), String(error));
  return error;
}

const text = (bytes: number): Buffer => Buffer.alloc(bytes, '17.25,-3,some words,2024-08-30\n');
/** Bytes that gzip cannot make smaller. */
const noise = (bytes: number): Buffer => {
  const out = Buffer.alloc(bytes);
  for (let at = 0, x = 1; at < bytes; at++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    out[at] = x >>> 16;
  }
  return out;
};

test('any bytes come out as they went in, however they are cut into members, reads and buffers', async () => {
  const member = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.integer({ max: 400_000, min: 0 }).map(text));
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 300_000 })), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { minLength: 1, maxLength: 5 }),
      fc.nat(400),
      sizes,
      sizes,
      async (members, padding, pieces, buffers) => {
        const gz = Buffer.concat([...members.map((bytes) => gzipSync(bytes)), Buffer.alloc(padding)]);
        // Hundreds of thousands of reads of a byte would show nothing that a thousand do not.
        const plain = Buffer.concat(members.map((bytes) => Buffer.from(bytes)));
        const into = plain.length > 5000 ? buffers.map((size) => size + 500) : buffers;
        const inner = new MemoryReader(gz, pieces);
        const out = await drain(over(inner, { allowNested: true }), into);
        assert.equal(Buffer.compare(out, plain), 0, `${out.length} of ${plain.length} bytes`);
        assert(inner.closed);
      },
    ),
    { numRuns: 150 },
  );
});

test('an object larger than all buffers comes out whole', async () => {
  for (const plain of [text(20_000_000), noise(5_000_000)]) {
    const out = await drain(over(new MemoryReader(gzipSync(plain))), [1_000_003, 5]);
    assert.equal(Buffer.compare(out, plain), 0);
  }
});

test('an object of no bytes decompresses to none', async () => {
  const reader = over(new MemoryReader(Buffer.alloc(0)));
  assert.deepEqual([reader.size, reader.compressedSize], [undefined, 0]);
  assert.equal((await drain(reader)).length, 0);
  assert.equal((await drain(over(new MemoryReader(gzipSync(''))))).length, 0);
});

test('an object that is cut short anywhere is an error at the end of what is there', async () => {
  const gz = Buffer.concat([gzipSync('1,2\n3,4\n'), gzipSync(noise(200))]);
  const first = gzipSync('1,2\n3,4\n').length;
  for (let length = 1; length < gz.length; length++) {
    if (length === first) continue; // a whole file by itself
    for (const pieces of [[length], [7]]) {
      const { details, message } = await fails(gz.subarray(0, length), 'CompressionInvalid', pieces);
      assert.equal(details.object, 'dir/x.csv.gz');
      assert.equal(details.offset, length, message);
      assert.match(message, /unexpected end of file, the object is cut short\. Make the file again/);
    }
  }
});

test('what is broken is told with the byte up to which it was whole', async () => {
  const plain = noise(1_000_000);
  const gz = gzipSync(plain);
  const changed = (at: number): Buffer => {
    const bytes = Buffer.from(gz);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    return bytes;
  };
  const crc = await fails(changed(gz.length - 8), 'CompressionInvalid');
  assert.match(crc.message, /incorrect data check, between there and byte 1000\d\d\d/);
  assert(crc.details.offset > 500_000 && crc.details.offset < gz.length, crc.message);
  assert.match((await fails(changed(gz.length - 4), 'CompressionInvalid')).message, /incorrect length check/);
  assert.match((await fails(changed(2), 'CompressionInvalid')).message, /byte 0 .*unknown compression method/);
  const text = await fails(Buffer.from('1,2\n3,4\n'), 'CompressionInvalid');
  assert.equal(text.details.offset, 0);
  assert.match(text.message, /incorrect header check, this does not begin as gzip does/);
  await fails(Buffer.alloc(100), 'CompressionInvalid');
});

test('whatever follows the gzip data and is neither a member nor zeros is an error', async () => {
  const gz = gzipSync('1,2\n3,4\n');
  const zeros = Buffer.alloc(300_000);
  const behind: [Buffer[], offset: number][] = [
    [[Buffer.from('x')], gz.length + 1], // zlib needs two bytes to see that it is no header
    [[Buffer.from('more text')], gz.length],
    [[Buffer.alloc(3), Buffer.from('x')], gz.length + 3],
    [[zeros, Buffer.from('x')], gz.length + 300_000],
    [[Buffer.alloc(1), gz], gz.length + 1],
    [[zeros, gz], gz.length + 300_000],
  ];
  for (const [rest, offset] of behind) {
    for (const pieces of [
      [gz.length, 1000],
      [gz.length - 1, 1, 1, 1, 1000],
      [Number.POSITIVE_INFINITY],
      [gz.length + 1],
    ]) {
      const { details, message } = await fails(Buffer.concat([gz, ...rest]), 'CompressionInvalid', pieces);
      // Inside one call zlib does not tell how far it came.
      if (offset > gz.length + 1 || pieces[0] === gz.length) assert.equal(details.offset, offset, message);
    }
  }
});

test('an object that was compressed twice is an error, unless that is wanted', async () => {
  const twice = gzipSync(gzipSync('1,2\n'));
  for (const pieces of [[1], [1000]]) {
    const { message } = await fails(twice, 'CompressedTwice', pieces);
    assert.match(message, /^The object is still gzip after decompressing it once: decompress it once with gzip -d/);
  }
  const inParts = [0x1f, 0x8b, 0x08].map((byte) => gzipSync(Buffer.from([byte])));
  await fails(Buffer.concat(inParts), 'CompressedTwice', [inParts[0]?.length ?? 0]);
  const once = await drain(over(new MemoryReader(twice), { allowNested: true }));
  assert.deepEqual(once, gzipSync('1,2\n'));
  for (const plain of [[0x1f], [0x1f, 0x8b], [0x1f, 0x8b, 0x07], [0x1f, 0x1f, 0x8b, 0x08]]) {
    assert.deepEqual(await drain(over(new MemoryReader(gzipSync(Buffer.from(plain))))), Buffer.from(plain));
  }
});

test('an error of the reader passes as it is', async () => {
  const torn = new MillraceError('ReadFailed', { object: 'x', offset: 5, cause: 'torn' });
  for (const failing of [1, 2, 3]) {
    const inner = new MemoryReader(gzipSync(noise(400_000)));
    inner.before = () => {
      if (inner.reads + 1 === failing) throw torn;
    };
    await assert.rejects(drain(over(inner)), torn);
    assert(inner.closed);
  }
});

test('a read that waits ends when it is told to stop, and when the reader is closed', async () => {
  for (const end of ['abort', 'close'] as const) {
    for (const readsBefore of [0, 1]) {
      const inner = new MemoryReader(gzipSync(noise(400_000)));
      inner.before = () => (inner.reads < readsBefore ? undefined : new Promise(() => undefined));
      const stop = new AbortController();
      const reader = over(inner, { signal: stop.signal });
      const waiting = (async (): Promise<void> => {
        while ((await reader.read(Buffer.alloc(50_000))) > 0);
      })();
      const ended = assert.rejects(waiting, end === 'abort' ? /enough/ : /the reader was closed/);
      await turn();
      if (end === 'abort') stop.abort(new Error('enough'));
      await reader.close();
      await reader.close();
      await ended;
      await assert.rejects(reader.read(Buffer.alloc(1)), end === 'abort' ? /enough/ : /the reader was closed/);
      assert(inner.closed);
    }
  }
});

test('closing at any moment stops everything', async () => {
  const gz = gzipSync(noise(2_000_000));
  for (let reads = 0; reads < 12; reads++) {
    const inner = new MemoryReader(gz);
    const reader = over(inner);
    for (let at = 0; at < reads; at++) await reader.read(Buffer.alloc(30_000));
    const pending = reader.read(Buffer.alloc(10)).catch(() => 0);
    await Promise.all([reader.close(), reader.close(), pending]);
    const { taken } = inner;
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(inner.taken, taken, 'nothing is read afterwards');
    assert(inner.closed);
  }
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => /zlib/i.test(name)),
    [],
  );
});

/** `bytes` zeros, compressed as far as gzip can. */
async function bomb(bytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const pieces: Buffer[] = [];
  gzip.on('data', (piece: Buffer) => pieces.push(piece));
  const zeros = Buffer.alloc(2 ** 20);
  for (let at = 0; at < bytes; at += zeros.length) if (!gzip.write(zeros)) await once(gzip, 'drain');
  gzip.end();
  await once(gzip, 'end');
  return Buffer.concat(pieces);
}

test('a bomb is read no faster than its consumer takes it', async (t: TestContext) => {
  const bytes = 2 ** 30;
  const gz = await bomb(bytes);
  const inner = new MemoryReader(gz, [4096]);
  const reader = over(inner);
  t.after(() => reader.close());
  const ratio = bytes / gz.length;
  const into = Buffer.alloc(256 * 1024);
  const before = process.memoryUsage.rss();
  let most = 0;
  let out = 0;
  for (let reads = 0; ; reads++) {
    const count = await reader.read(reads < 200 ? into.subarray(0, 1000) : into);
    if (count === 0) break;
    out += count;
    if (reads % 10 === 0) await turn(); // lets whatever could run ahead do so
    const ahead = inner.taken * ratio - out;
    assert(ahead < 20 * 2 ** 20, `${ahead} bytes ahead after ${out}`);
    if (reads % 100 === 0) most = Math.max(most, process.memoryUsage.rss() - before);
  }
  assert.equal(out, bytes);
  assert(most < 300 * 2 ** 20, `${most} bytes of memory`);
});
