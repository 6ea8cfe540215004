import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { recordIOFrame, recordIOPart, tfRecordFrame } from '../frames.ts';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';

const MIB = 2 ** 20;

interface Failure {
  readonly object: string;
  readonly code: string;
  readonly fault: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

interface Broken {
  readonly name: string;
  readonly args: readonly string[];
  readonly good: Buffer;
  readonly bad: Buffer;
  readonly code: string;
  readonly message: RegExp;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The bytes with one of them changed. */
function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (bytes[at] as number) ^ 0x40;
  return copy;
}

const payload = Buffer.from('a record of 21 bytes.');
const recordIO = ['--split-type', 'RecordIO'];
const tfRecord = ['--split-type', 'TFRecord'];
const [rec, tf] = [recordIOFrame(payload), tfRecordFrame(payload)];
assert.equal(rec.length, 32);
assert.equal(tf.length, 37);
const remedy = 'Check --split-type and --compression-type, or make the file again\\.';

/** A broken third record behind two good ones. */
function third(format: 'RecordIO' | 'TFRecord', name: string, tail: Buffer, words: string): Broken {
  const frame = format === 'RecordIO' ? rec : tf;
  const offset = 2 * frame.length;
  return {
    name: `${format}: ${name}`,
    args: format === 'RecordIO' ? recordIO : tfRecord,
    good: Buffer.concat([frame, frame]),
    bad: Buffer.concat([frame, frame, tail]),
    code: 'FrameInvalid',
    message: new RegExp(`^This is not ${format}: record 3 at byte ${offset} ${words}.*\\. ${remedy}$`),
    details: { record: 2, offset, format },
  };
}

const cases: readonly Broken[] = [
  third('RecordIO', 'a wrong magic', Buffer.concat([changed(rec, 0), rec]), 'has 0xced7234a where the magic number'),
  third('RecordIO', 'text behind the last record', Buffer.from('hello, there'), 'has 0x6c6c6568 where the magic'),
  third('RecordIO', 'a frame cut short', rec.subarray(0, 30), 'is cut off by the end of the object, 2 bytes short'),
  third('RecordIO', 'a header cut short', rec.subarray(0, 7), 'is cut off .*1 byte short of the end of a header'),
  third('RecordIO', 'a last part that is missing', recordIOPart(payload, 1), 'is cut off .*last part is missing'),
  third('RecordIO', 'a part that follows nothing', recordIOPart(payload, 3), 'begins with a last part'),
  third(
    'RecordIO',
    'a whole record within another',
    Buffer.concat([recordIOPart(payload, 1), rec]),
    'has a whole record, 32 bytes in, before its last part',
  ),
  third('RecordIO', 'a part of no kind', recordIOPart(payload, 5), 'begins with a part of the unknown kind 5'),
  third('RecordIO', 'a length beyond the file', lengthened(rec, 2 ** 28), 'is cut off by the end of the object, 26843'),
  third(
    'TFRecord',
    'a wrong checksum of the length',
    changed(tf, 9),
    'has a wrong checksum of its length: 0x[0-9a-f]{8}',
  ),
  third('TFRecord', 'a changed length', changed(tf, 0), 'has a wrong checksum of its length'),
  third('TFRecord', 'a wrong checksum of the data', changed(tf, 35), 'has a wrong checksum of its data: 0x[0-9a-f]{8}'),
  third('TFRecord', 'changed data', Buffer.concat([changed(tf, 20), tf]), 'has a wrong checksum of its data'),
  third('TFRecord', 'a frame cut short', tf.subarray(0, 36), 'is cut off by the end of the object, 1 byte short'),
  third('TFRecord', 'a header cut short', tf.subarray(0, 5), 'is cut off .* 7 bytes short of the end of its header'),
  third(
    'TFRecord',
    'text behind the last record',
    Buffer.from('hello, there, hello'),
    'has a wrong checksum of its length',
  ),
  third(
    'TFRecord',
    'a length beyond the file',
    tfRecordFrame(payload, { length: 2n ** 40n }),
    'is cut off by the end of the object, 1099511627755 bytes short',
  ),
  third(
    'TFRecord',
    'a length of 2^64 - 1',
    tfRecordFrame(payload, { length: 2n ** 64n - 1n }),
    'is cut off by the end of the object, 18446744073709551594 bytes short',
  ),
  ...[recordIO, tfRecord].map((args): Broken => {
    const frame = args === recordIO ? rec : tf;
    const large = Buffer.alloc(MIB + 1, 1);
    return {
      name: `${args[1]}: a record over the limit`,
      args: [...args, '--max-payload-in-mb', '1'],
      good: frame,
      bad: Buffer.concat([frame, args === recordIO ? recordIOFrame(large) : tfRecordFrame(large), frame]),
      code: 'RecordTooLarge',
      message: new RegExp(
        `^Too much data for max payload size: record 2 at byte ${frame.length} is larger than ${MIB} bytes\\. Raise --max-payload-in-mb`,
      ),
      details: { record: 1, offset: frame.length, limitBytes: MIB },
    };
  }),
  {
    name: 'RecordIO: parts that together are over the limit',
    args: [...recordIO, '--max-payload-in-mb', '1'],
    good: rec,
    bad: Buffer.concat([1, 2, 2, 3].map((flag) => recordIOPart(Buffer.alloc(MIB / 3), flag))),
    code: 'RecordTooLarge',
    message: /^Too much data for max payload size: record 1 at byte 0 /,
  },
  {
    name: 'RecordIO: a record of endless empty parts',
    args: [...recordIO, '--max-payload-in-mb', '1'],
    good: rec,
    bad: Buffer.concat([
      recordIOPart(Buffer.alloc(0), 1),
      Buffer.alloc(8 * MIB, recordIOPart(Buffer.alloc(0), 2)),
      recordIOPart(Buffer.alloc(0), 3),
    ]),
    code: 'RecordTooLarge',
    message: /^Too much data for max payload size: record 1 at byte 0 /,
  },
];

function lengthened(frame: Buffer, length: number): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32LE(length, 4);
  return copy;
}

/** Transforms a good object, the bad one and another good one; what is told of the bad one. */
async function failureOf(
  box: Sandbox,
  url: string,
  { good, bad, ...rest }: Pick<Broken, 'good' | 'bad' | 'args'>,
  ending: string,
): Promise<Failure> {
  await box.write({ [`in/a.${ending}`]: good, [`in/b.${ending}`]: bad, [`in/c.${ending}`]: good });
  const run = await box.transform(url, [...rest.args, '--json']);
  assert.equal(run.status, 1, run.all);
  assert.deepEqual(await box.files('out'), [`a.${ending}.out`, `c.${ending}.out`]);
  const { objects, failures } = JSON.parse(run.stdout);
  assert.deepEqual(objects, { total: 3, succeeded: 2, failed: 1, notBegun: 0 });
  const [failure] = failures as Failure[];
  assert.equal(failure?.object, `in/b.${ending}`);
  assert.equal(failure.fault, 'client');
  assert.ok(run.stderr.includes(`in/b.${ending}: ${failure.message}`), 'the data log tells it too');
  return failure;
}

describe('broken frames fail their object only', { concurrency: 4 }, () => {
  for (const broken of cases) {
    for (const strategy of ['MultiRecord', 'SingleRecord']) {
      test(`${broken.name} (${strategy})`, async (t) => {
        const [box, server] = [new Sandbox(t), await startModelServer(t)];
        const args = [...broken.args, '--batch-strategy', strategy];
        const failure = await failureOf(box, server.url, { ...broken, args }, 'bin');
        assert.equal(failure.code, broken.code);
        assert.match(failure.message, broken.message);
        const { cause: _, ...details } = failure.details;
        if (broken.details !== undefined) assert.deepEqual(details, { object: 'in/b.bin', ...broken.details });
      });
    }
  }

  // What is compressed has no size that is known before its end: the same faults are found on the way.
  for (const broken of cases) {
    test(`${broken.name} (compressed)`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      const [good, bad] = [gzipSync(broken.good), gzipSync(broken.bad)];
      const args = [...broken.args, '--compression-type', 'Gzip'];
      const failure = await failureOf(box, server.url, { args, good, bad }, 'bin');
      // A length that no request could have is too much data then: nobody knows that there is less.
      if (failure.code !== broken.code && / a length /.test(broken.name)) {
        assert.equal(failure.code, 'RecordTooLarge');
        assert.match(failure.message, /^Too much data for max payload size: record 3 at byte \d+ is larger than/);
      } else {
        assert.equal(failure.code, broken.code);
        assert.equal(failure.details['record'], broken.details?.['record'] ?? 0);
        assert.equal(failure.details['offset'], broken.details?.['offset'] ?? 0);
      }
    });
  }
});
