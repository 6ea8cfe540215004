import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scanPieces, tfRecordFrame } from '../../../test/frames.ts';
import { MillraceError } from '../../core/errors.ts';
import { tfRecord } from './tfrecord.ts';

const split = tfRecord();
/** Long ones too, whose checksum is made in another way than that of short ones. */
const payloads = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 300, maxLength: 900, size: 'max' }) },
  ),
  { maxLength: 6 },
);
const pieces = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
  fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 }),
);

function framesOf(contents: readonly Uint8Array[]): { frames: Buffer[]; starts: number[] } {
  const frames = contents.map((content) => tfRecordFrame(Buffer.from(content)));
  const starts = [0];
  for (const frame of frames) starts.push((starts.at(-1) ?? 0) + frame.length);
  return { frames, starts };
}

test('any cutting gives the boundaries of the records, however many are asked for', () => {
  fc.assert(
    fc.property(
      payloads,
      pieces,
      fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(Number.POSITIVE_INFINITY)),
      fc.boolean(),
      (contents, sizes, maxRecords, sized) => {
        const { frames, starts } = framesOf(contents);
        const scanned = scanPieces(split, Buffer.concat(frames), { pieces: sizes, maxRecords, sized });
        assert.equal(scanned.error, undefined);
        assert.equal(scanned.records, frames.length);
        for (const [records, end] of scanned.ends) assert.equal(end, starts[records]);
        if (maxRecords === 1) assert.equal(scanned.ends.size, frames.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('the payload is what was written, wherever the segments are cut, and is not copied', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), pieces, (content, sizes) => {
      const frame = tfRecordFrame(Buffer.from(content));
      const segments: Buffer[] = [];
      for (let at = 0, turn = 0; at < frame.length; turn++) {
        const size = sizes[turn % sizes.length] as number;
        segments.push(frame.subarray(at, at + size));
        at += size;
      }
      const bare = split.payload?.(segments) ?? [];
      assert.deepEqual(Buffer.concat(bare), Buffer.from(content));
      for (const segment of bare) assert(segment.length > 0 && segment.buffer === frame.buffer);
    }),
    { numRuns: 1000 },
  );
});

test('any byte that is changed is found, in its record', () => {
  fc.assert(
    fc.property(
      payloads,
      pieces,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (contents, sizes, at, change, sized) => {
        const { frames, starts } = framesOf(contents);
        const bytes = Buffer.concat(frames);
        if (bytes.length === 0) return;
        const where = at % bytes.length;
        bytes[where] = (bytes[where] as number) ^ change;
        // The records before it are told of, though the call that found them failed.
        const maxRecords = Number.POSITIVE_INFINITY;
        const { error, records } = scanPieces(split, bytes, { pieces: sizes, sized, maxRecords });
        const record = starts.findLastIndex((start) => start <= where);
        const offset = starts[record] ?? 0;
        assert.equal(records, record);
        assert(error instanceof MillraceError && error.is('FrameInvalid'));
        const what = where - offset < 12 ? 'length' : 'data';
        const { cause, ...place } = error.details;
        assert.deepEqual(place, { object: 'o', record, offset, format: 'TFRecord' });
        assert.match(
          cause,
          new RegExp(`^has a wrong checksum of its ${what}: 0x[0-9a-f]{8} expected, 0x[0-9a-f]{8} found$`),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test('an object that ends within a record is found out, with the place of the record and what is missing', () => {
  fc.assert(
    fc.property(payloads, pieces, fc.nat(), fc.boolean(), (contents, sizes, at, sized) => {
      const { frames, starts } = framesOf(contents);
      const whole = Buffer.concat(frames);
      const length = whole.length === 0 ? 0 : at % whole.length;
      const record = starts.findLastIndex((start) => start <= length);
      const offset = starts[record] ?? 0;
      const { error, records } = scanPieces(split, whole.subarray(0, length), { pieces: sizes, sized });
      assert.equal(records, record);
      if (offset === length) {
        assert.equal(error, undefined);
        return;
      }
      const header = length - offset < 12;
      const missing = (header ? offset + 12 : (starts[record + 1] ?? 0)) - length;
      const cause = `is cut off by the end of the object, ${missing} byte${missing === 1 ? '' : 's'} short of the end of its ${header ? 'header' : 'frame'}`;
      assert(error instanceof MillraceError && error.is('FrameInvalid'));
      assert.deepEqual(error.details, { object: 'o', record, offset, format: 'TFRecord', cause });
    }),
    { numRuns: 1000 },
  );
});

test('both checksums are named with what was expected and what was found', () => {
  const frame = tfRecordFrame(Buffer.from('abc'));
  const lengthChecksum = frame.readUInt32LE(8);
  frame.writeUInt32LE(0x1234, 8);
  const { error } = scanPieces(split, frame, {});
  assert(error instanceof MillraceError && error.is('FrameInvalid'));
  const expected = `0x${lengthChecksum.toString(16).padStart(8, '0')}`;
  assert.equal(error.details.cause, `has a wrong checksum of its length: ${expected} expected, 0x00001234 found`);
});

test('the header with which the event files of TensorBoard begin', () => {
  const header = Buffer.from('1800000000000000a37f4b22', 'hex');
  assert.deepEqual(tfRecordFrame(Buffer.alloc(24)).subarray(0, 12), header);
  const { error } = scanPieces(split, header, { sized: false });
  assert(error instanceof MillraceError && error.is('FrameInvalid'));
  assert.match(error.details.cause, /28 bytes short of the end of its frame$/);
});

test('a payload of exactly the limit fits, one byte more is refused by the header alone', () => {
  const good = tfRecordFrame(Buffer.from('good'));
  const scan = (bytes: Buffer) => scanPieces(split, Buffer.concat([good, bytes]), { sized: false, maxRecordBytes: 20 });
  assert.equal(scan(tfRecordFrame(Buffer.alloc(20))).records, 2);
  for (const length of [21n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
    const { error, records } = scan(tfRecordFrame(Buffer.alloc(0), { length }).subarray(0, 12));
    assert(error instanceof MillraceError && error.is('RecordTooLarge'), String(error));
    assert.deepEqual(error.details, { object: 'o', record: 1, offset: good.length, limitBytes: 20 });
    assert.equal(records, 1);
  }
});

test('a length past the end of the object is told as that, whatever the limit', () => {
  for (const length of [6n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
    const { error } = scanPieces(split, tfRecordFrame(Buffer.from('four'), { length }), { maxRecordBytes: 4 });
    assert(error instanceof MillraceError && error.is('FrameInvalid'), String(error));
    assert.equal(
      error.details.cause,
      `is cut off by the end of the object, ${length - 4n} bytes short of the end of its frame`,
    );
  }
});
