import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordIOFrame, recordIOPart, scanPieces } from '../../../test/frames.ts';
import { MillraceError } from '../../core/errors.ts';
import { recordIO } from './recordio.ts';

const split = recordIO();
const MAGIC = Buffer.from([0x0a, 0x23, 0xd7, 0xce]);
/** The magic is frequent, at multiples of 4 bytes and elsewhere. */
const payloads = fc.array(
  fc
    .array(fc.oneof(fc.constant(MAGIC), fc.uint8Array({ maxLength: 9 })), { maxLength: 8 })
    .map((parts) => Buffer.concat(parts)),
  { maxLength: 8 },
);
const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

/** Where each frame ends. */
function endsOf(frames: readonly Buffer[]): number[] {
  let end = 0;
  return frames.map((frame) => (end += frame.length));
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const segments: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    segments.push(bytes.subarray(at, at + size));
    at += size;
  }
  return segments;
}

test('any cutting gives the boundaries of the records, however many are asked for', () => {
  fc.assert(
    fc.property(
      payloads,
      fc.boolean(),
      pieces,
      fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(Number.POSITIVE_INFINITY)),
      fc.boolean(),
      (contents, parts, sizes, maxRecords, sized) => {
        const frames = contents.map((content) => recordIOFrame(content, { parts }));
        const ends = endsOf(frames);
        const scanned = scanPieces(split, Buffer.concat(frames), { pieces: sizes, maxRecords, sized });
        assert.equal(scanned.error, undefined);
        assert.equal(scanned.records, frames.length);
        for (const [records, end] of scanned.ends) assert.equal(end, ends[records - 1]);
        if (maxRecords === 1) assert.equal(scanned.ends.size, frames.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('the payload is what was written, wherever the segments are cut, and is not copied', () => {
  fc.assert(
    fc.property(payloads, fc.boolean(), pieces, (contents, parts, sizes) => {
      for (const content of contents) {
        const frame = recordIOFrame(content, { parts });
        const bare = split.payload?.(cut(frame, sizes)) ?? [];
        assert.deepEqual(Buffer.concat(bare), content);
        for (const segment of bare) assert(segment.buffer === frame.buffer || segment.equals(MAGIC));
      }
    }),
    { numRuns: 1000 },
  );
});

test('an object that ends within a record is found out, with the place of the record', () => {
  fc.assert(
    fc.property(payloads, pieces, fc.nat(), fc.boolean(), (contents, sizes, at, sized) => {
      const frames = contents.map((content) => recordIOFrame(content));
      const whole = Buffer.concat(frames);
      const length = whole.length === 0 ? 0 : at % whole.length;
      const starts = [0, ...endsOf(frames)];
      // The records before it are told of, though the call that found them failed.
      const maxRecords = Number.POSITIVE_INFINITY;
      const { error, records } = scanPieces(split, whole.subarray(0, length), { pieces: sizes, sized, maxRecords });
      const record = starts.findLastIndex((start) => start <= length);
      assert.equal(records, record);
      if (starts[record] === length) assert.equal(error, undefined);
      else {
        assert(error instanceof MillraceError && error.is('FrameInvalid'));
        assert.equal(error.details.record, record);
        assert.equal(error.details.offset, starts[record]);
        assert.match(
          error.details.cause,
          /^is cut off by the end of the object(: its last part is missing|, \d+ bytes? short of the end of (its frame|a header))$/,
        );
      }
    }),
    { numRuns: 1000 },
  );
});

test('bytes that are broken anywhere have the same outcome in any cutting', () => {
  fc.assert(
    fc.property(payloads, pieces, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (contents, sizes, at, value, sized) => {
      const bytes = Buffer.concat(contents.map((content) => recordIOFrame(content)));
      if (bytes.length > 0) bytes[at % bytes.length] = value;
      const expected = scanPieces(split, bytes, { sized, maxRecordBytes: 1000 });
      assert(expected.error === undefined || expected.error instanceof MillraceError);
      assert.deepEqual(scanPieces(split, bytes, { sized, maxRecordBytes: 1000, pieces: sizes }), expected);
    }),
    { numRuns: 1000 },
  );
});

const good = recordIOFrame(Buffer.from('good'));
const part = recordIOPart(Buffer.from('part'), 1);

function causeAfterGood(bytes: Buffer, sized = true): string {
  const { error } = scanPieces(split, Buffer.concat([good, bytes]), { sized, maxRecordBytes: 100 });
  assert(error instanceof MillraceError && error.is('FrameInvalid'), String(error));
  const { cause, ...place } = error.details;
  assert.deepEqual(place, { object: 'o', record: 1, offset: good.length, format: 'RecordIO' });
  return cause;
}

test('what is wrong with a frame is said', () => {
  const notMagic = 'where the magic number 0xced7230a should be';
  assert.equal(causeAfterGood(Buffer.from('no frame')), `has 0x66206f6e ${notMagic}, 0 bytes in`);
  assert.equal(
    causeAfterGood(Buffer.concat([part, Buffer.from('no frame')])),
    `has 0x66206f6e ${notMagic}, 12 bytes in`,
  );
  assert.equal(causeAfterGood(recordIOPart(Buffer.from('x'), 2)), 'begins with a middle part');
  assert.equal(causeAfterGood(recordIOPart(Buffer.from('x'), 3)), 'begins with a last part');
  assert.equal(causeAfterGood(recordIOPart(Buffer.from('x'), 5)), 'begins with a part of the unknown kind 5');
  const before = '12 bytes in, before its last part';
  assert.equal(causeAfterGood(Buffer.concat([part, good])), `has a whole record, ${before}`);
  assert.equal(causeAfterGood(Buffer.concat([part, part])), `has a first part, ${before}`);
  const cutOff = 'is cut off by the end of the object';
  assert.equal(causeAfterGood(part), `${cutOff}: its last part is missing`);
  assert.equal(causeAfterGood(good.subarray(0, 7)), `${cutOff}, 1 byte short of the end of a header`);
  assert.equal(causeAfterGood(good.subarray(0, 9)), `${cutOff}, 3 bytes short of the end of its frame`);
  assert.equal(causeAfterGood(good.subarray(0, 9), false), `${cutOff}, 3 bytes short of the end of its frame`);
});

test('padding is not looked at', () => {
  const frame = recordIOFrame(Buffer.from('12345'));
  frame.fill(0xff, 13);
  assert.equal(scanPieces(split, frame, {}).records, 1);
  assert.equal(String(Buffer.concat(split.payload?.([frame]) ?? [])), '12345');
});

test('a payload of exactly the limit fits, one byte more is refused by the headers alone', () => {
  const details = { object: 'o', record: 1, offset: good.length, limitBytes: 20 };
  const scan = (bytes: Buffer) => scanPieces(split, Buffer.concat([good, bytes]), { sized: false, maxRecordBytes: 20 });
  const refused = (bytes: Buffer): void => {
    const { error, records } = scan(bytes);
    assert(error instanceof MillraceError && error.is('RecordTooLarge'), String(error));
    assert.deepEqual(error.details, details);
    assert.equal(records, 1);
  };
  const multi = (last: number): Buffer => Buffer.concat([Buffer.alloc(8), MAGIC, Buffer.alloc(last)]);
  assert.equal(scan(recordIOFrame(Buffer.alloc(20))).records, 2);
  assert.equal(scan(recordIOFrame(multi(8))).records, 2);
  refused(recordIOFrame(Buffer.alloc(21)).subarray(0, 8));
  refused(recordIOFrame(multi(9)).subarray(0, 24));
  // The magic between this part and the next one is known of already.
  refused(recordIOPart(Buffer.alloc(20), 1).subarray(0, 8));
});

test('a record of endless empty parts is refused', () => {
  const limit = 2 ** 20;
  const first = recordIOPart(Buffer.alloc(0), 1);
  const middle = recordIOPart(Buffer.alloc(0), 2);
  const frames = Math.floor((limit + split.framingBytes) / first.length);
  const scan = (middles: number) => {
    const last = recordIOPart(Buffer.alloc(0), 3);
    const bytes = Buffer.concat([first, ...Array<Buffer>(middles).fill(middle), last]);
    return scanPieces(split, bytes, { maxRecordBytes: limit });
  };
  assert.equal(scan(frames - 2).error, undefined);
  const { error } = scan(frames - 1);
  assert(error instanceof MillraceError && error.is('RecordTooLarge'));
  assert.deepEqual(error.details, { object: 'o', record: 0, offset: 0, limitBytes: limit });
});
