import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import { recordIOFrame, tfRecordFrame } from '../frames.ts';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';
import { random, randomLines } from './random.ts';

const MIB = 2 ** 20;
const text = randomLines({ seed: 11, bytes: 5 * MIB, longest: 20_000 });
const records = Array.from({ length: 30 }, (_, index) => Buffer.alloc(index * 5000, `${index} `));
const objects: readonly (readonly [split: string, plain: Buffer])[] = [
  ['None', text.subarray(0, 800_000)],
  ['Line', text],
  ['RecordIO', Buffer.concat(records.map((one) => recordIOFrame(one)))],
  ['TFRecord', Buffer.concat(records.map((one) => tfRecordFrame(one)))],
];

/** A gzip file of several members, cut anywhere. */
function members(bytes: Buffer, count: number): Buffer {
  const size = Math.ceil(bytes.length / count);
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => gzipSync(bytes.subarray(index * size, (index + 1) * size))),
  );
}

describe('--compression-type Gzip (behaviour 2)', { concurrency: 4 }, () => {
  for (const [split, plain] of objects) {
    test(`${split}: the requests and the result are those of the decompressed object`, async (t) => {
      const box = new Sandbox(t);
      const server = await startModelServer(t, { invoke: ({ body }) => `${body.length} ${crc32(body)}\n` });
      await box.write({
        'plain/a.bin': plain,
        'packed/one.bin': gzipSync(plain),
        'packed/members.bin': members(plain, 7),
        'packed/padded.bin': Buffer.concat([gzipSync(plain), Buffer.alloc(1000)]),
      });
      const args = ['--split-type', split, '--max-payload-in-mb', '1', '--json'];
      const reference = await box.transform(server.url, [...args, '--input', 'plain']);
      assert.equal(reference.status, 0, reference.all);
      const sent = server.invocations.length;
      const run = await box.transform(server.url, [...args, '--input', 'packed', '--compression-type', 'Gzip']);
      assert.equal(run.status, 0, run.all);
      const expected = await box.read('out/a.bin.out');
      assert.ok(expected.startsWith(`${server.invocations[0]?.body.length} `));
      for (const name of ['one', 'members', 'padded'])
        assert.equal(await box.read(`out/${name}.bin.out`), expected, name);
      assert.equal(server.invocations.length, 4 * sent);
      const [once, thrice] = [reference, run].map(({ stdout }) => JSON.parse(stdout));
      assert.equal(thrice.records, 3 * once.records);
      assert.equal(thrice.settings.compressionType, 'Gzip');
      for (const { headers } of server.invocations) assert.equal(headers['content-encoding'], undefined);
    });
  }

  test('.csv.gz is CSV, its name stays, and its result is not compressed', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/x.csv.gz': gzipSync('1,2\n3,4\n'), 'in/dir/y.csv.gz': gzipSync('5,6\n') });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), {
      'dir/y.csv.gz.out': predictions('5,6\n'),
      'x.csv.gz.out': predictions('1,2\n3,4\n'),
    });
    const shown =
      'Content type text/csv, compressed with Gzip, split Line, assembled with Line (the objects end in .csv.gz)';
    assert.ok(run.stderr.includes(shown), run.stderr);
    assert.match(run.stderr, /CompressionType=Gzip/);
    const { headers } = server.invocations[0] ?? {};
    assert.equal(headers?.['content-type'], 'text/csv');
    assert.equal(headers['x-amzn-sagemaker-input-object'], 'in/dir/y.csv.gz');
  });

  test('gzip of nothing, and an object of no bytes, are empty results without a request', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv.gz': gzipSync(''), 'in/b.csv.gz': '', 'in/c.csv.gz': gzipSync('c\n') });
    for (const split of ['Line', 'None']) {
      const run = await box.transform(server.url, ['--split-type', split, '--output', split]);
      assert.equal(run.status, 0, run.all);
      const expected = { 'a.csv.gz.out': '', 'b.csv.gz.out': '', 'c.csv.gz.out': predictions('c\n') };
      assert.deepEqual(await box.tree(split), expected);
    }
    assert.equal(server.invocations.length, 2);
  });

  test('the limit is for what is sent, not for what is stored', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: ({ body }) => String(body.length) })];
    await box.write({
      'in/fits.json.gz': gzipSync(Buffer.alloc(MIB, 'x')),
      'in/large.json.gz': gzipSync(Buffer.alloc(MIB + 1)),
    });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1', '--json']);
    assert.equal(run.status, 1, run.all);
    assert.deepEqual(await box.tree('out'), { 'fits.json.gz.out': String(MIB) });
    assert.match(
      JSON.parse(run.stdout).failures[0].message,
      /^Too much data for max payload size: .*--max-payload-in-mb/,
    );
  });

  test('--compression-type None sends what is compressed as it is', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const bytes = gzipSync('1,2\n');
    await box.write({ 'in/a.csv.gz': bytes });
    const run = await box.transform(server.url, ['--compression-type', 'None', '--split-type', 'None']);
    assert.equal(run.status, 0, run.all);
    assert.ok(server.invocations[0]?.body.equals(bytes));
  });
});

/** Text that gzip cannot make much smaller. */
const next = random(12);
const noise = Buffer.from(
  Array.from({ length: 1_500_000 }, (_, at) => (at % 100 === 99 ? 10 : 33 + Math.floor(next() * 90))),
);
const whole = gzipSync(noise);
assert.ok(whole.length > 1_000_000);
const twice = gzipSync(gzipSync('1,2\n'));

/** What is wrong with the object, and what is said of it. */
const broken: readonly (readonly [name: string, bytes: Buffer, code: string, message: RegExp])[] = [
  [
    'cut short',
    whole.subarray(0, 300_000),
    'CompressionInvalid',
    /broken at byte 300000 of .* the object is cut short/,
  ],
  [
    'its checksum cut off',
    whole.subarray(0, -5),
    'CompressionInvalid',
    new RegExp(`broken at byte ${whole.length - 5} of .*cut short`),
  ],
  ['a header cut short', whole.subarray(0, 6), 'CompressionInvalid', /broken at byte 6 of .*cut short/],
  [
    'a wrong checksum',
    changed(whole, whole.length - 6),
    'CompressionInvalid',
    /broken at byte \d+ of .*incorrect data check/,
  ],
  [
    'a wrong length',
    changed(whole, whole.length - 1),
    'CompressionInvalid',
    /broken at byte \d+ of .*incorrect length check/,
  ],
  ['no gzip at all', Buffer.from('1,2\n'), 'CompressionInvalid', /broken at byte 0 of .*does not begin as gzip does/],
  [
    'garbage behind it',
    Buffer.concat([gzipSync('1,2\n'), Buffer.from('x'.repeat(50))]),
    'CompressionInvalid',
    /broken at byte \d+ of /,
  ],
  [
    'garbage behind zeros',
    Buffer.concat([gzipSync('1,2\n'), Buffer.from('\0\0\0x')]),
    'CompressionInvalid',
    /broken at byte 27 of .*something else behind the end/,
  ],
  [
    'a second member cut short',
    Buffer.concat([gzipSync('1\n'), gzipSync('2\n').subarray(0, 15)]),
    'CompressionInvalid',
    /broken at byte 37 of .*cut short/,
  ],
  ['gzip in gzip', twice, 'CompressedTwice', /still gzip after decompressing it once: decompress it once with gzip -d/],
];

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (bytes[at] as number) ^ 0x10;
  return copy;
}

describe('broken gzip fails its object only', { concurrency: 4 }, () => {
  for (const [name, bytes, code, message] of broken) {
    test(name, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/a.csv.gz': gzipSync('a\n'), 'in/b.csv.gz': bytes, 'in/c.csv.gz': gzipSync('c\n') });
      const args = ['--max-payload-in-mb', '1', '--max-concurrent-transforms', '2', '--json'];
      const run = await box.transform(server.url, args);
      assert.equal(run.status, 1, run.all);
      assert.deepEqual(await box.tree('out'), {
        'a.csv.gz.out': predictions('a\n'),
        'c.csv.gz.out': predictions('c\n'),
      });
      const [failure] = JSON.parse(run.stdout).failures;
      assert.equal(failure.object, 'in/b.csv.gz');
      assert.equal(failure.code, code);
      assert.equal(failure.fault, 'client');
      assert.match(failure.message, message);
      if (code === 'CompressionInvalid') assert.match(failure.message, /Make the file again; gzip -t tells/);
    });
  }

  test('damage in the middle is told with the place about which it is', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const at = 700_000;
    await box.write({
      'in/b.csv.gz': Buffer.concat([whole.subarray(0, at), Buffer.alloc(64, 0xff), whole.subarray(at)]),
    });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1', '--json']);
    assert.equal(run.status, 1, run.all);
    const [{ code, details }] = JSON.parse(run.stdout).failures;
    assert.equal(code, 'CompressionInvalid');
    assert.ok(details.offset > at - 256 * 1024 && details.offset <= whole.length + 64, `byte ${details.offset}`);
    assert.deepEqual(await box.files('out'), []);
  });

  for (const split of ['RecordIO', 'TFRecord']) {
    test(`gzip that is read as ${split} without decompressing it: told what to look at`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/b.bin': gzipSync(recordIOFrame(Buffer.from('x'))) });
      const run = await box.transform(server.url, ['--split-type', split]);
      assert.equal(run.status, 1, run.all);
      assert.match(run.stdout, new RegExp(`This is not ${split}: record 1 at byte 0 .*Check .*--compression-type`));
      assert.equal(server.invocations.length, 0);
    });
  }

  test('gzip in gzip is sent after one decompression when nobody looks into it', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/b.bin.gz': twice });
    const run = await box.transform(server.url, ['--split-type', 'None']);
    assert.equal(run.status, 0, run.all);
    assert.ok(server.invocations[0]?.body.equals(gzipSync('1,2\n')));
  });
});
