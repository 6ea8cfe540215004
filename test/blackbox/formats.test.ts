import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import { recordIOFrame, tfRecordFrame } from '../frames.ts';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import { random } from './random.ts';

const MIB = 2 ** 20;
const MAGIC = Buffer.from([0x0a, 0x23, 0xd7, 0xce]);

/** Records of all lengths up to `longest`, some of nothing, some with the magic of RecordIO where a part would begin. */
function payloads(seed: number, count: number, longest: number): Buffer[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, index) => {
    const bytes = Buffer.alloc(Math.floor(next() * longest), `${index} ${next()} `);
    if (index % 3 === 1) for (let at = 0; at + 4 <= bytes.length; at += 40_000) MAGIC.copy(bytes, at);
    return index === 2 ? Buffer.alloc(0) : bytes;
  });
}

const summed = (body: Buffer): string => `${body.length} ${crc32(body)}\n`;
const answerSums = { invoke: ({ body }: { readonly body: Buffer }) => summed(body) };

const formats = [
  { split: 'RecordIO', frame: (payload: Buffer) => recordIOFrame(payload), framing: 8 },
  { split: 'TFRecord', frame: (payload: Buffer) => tfRecordFrame(payload), framing: 16 },
] as const;

describe('RecordIO and TFRecord (behaviour 2)', { concurrency: 4 }, () => {
  for (const { split, frame, framing } of formats) {
    const format = ['--split-type', split, '--content-type', 'application/x-test', '--json'];

    test(`${split}: SingleRecord sends bare payloads, in order`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
      const records = payloads(1, 40, 120_000);
      await box.write({ 'in/a.bin': Buffer.concat(records.map(frame)), 'in/b.bin': frame(MAGIC) });
      const args = ['--batch-strategy', 'SingleRecord', '--max-payload-in-mb', '1', '--max-concurrent-transforms', '3'];
      const run = await box.transform(server.url, [...format, ...args]);
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read('out/a.bin.out'), records.map(summed).join(''));
      assert.equal(await box.read('out/b.bin.out'), summed(MAGIC));
      assert.equal(JSON.parse(run.stdout).records, 41);
      assert.equal(server.invocations.length, 41);
      assert.ok(server.invocations.every(({ headers }) => headers['content-type'] === 'application/x-test'));
    });

    test(`${split}: MultiRecord sends whole frames, which are the file byte for byte`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
      const frames = payloads(2, 60, 150_000).map(frame);
      await box.write({ 'in/a.bin': Buffer.concat(frames) });
      const run = await box.transform(server.url, [...format, '--max-payload-in-mb', '1']);
      assert.equal(run.status, 0, run.all);
      const bodies = server.invocations.map(({ body }) => body);
      assert.ok(bodies.length >= 4, `${bodies.length} requests`);
      assert.ok(Buffer.concat(bodies).equals(Buffer.concat(frames)), 'the bodies are the object');
      assert.equal(await box.read('out/a.bin.out'), bodies.map(summed).join(''));
      let next = 0;
      for (const [index, body] of bodies.entries()) {
        assert.ok(body.length <= MIB, `${body.length} bytes in one request`);
        let end = 0;
        while (end < body.length) end += frames[next++]?.length ?? Number.NaN;
        assert.equal(end, body.length, `request ${index + 1} ends where a frame does`);
        if (next < frames.length) assert.ok(end + (frames[next]?.length ?? 0) > MIB, 'another one would have fitted');
      }
      assert.equal(JSON.parse(run.stdout).records, 60);
    });

    test(`${split}: results stand in the order of the records, whichever is answered first`, async (t) => {
      const box = new Sandbox(t);
      const server = await startModelServer(t, {
        invoke: async ({ body, number }) => {
          await new Promise((resolve) => setTimeout(resolve, (number % 4) * 30));
          return summed(body);
        },
      });
      const records = payloads(3, 24, 3000);
      await box.write({ 'in/a.bin': Buffer.concat(records.map(frame)) });
      const args = ['--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '4'];
      const run = await box.transform(server.url, [...format, ...args]);
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read('out/a.bin.out'), records.map(summed).join(''));
      assert.equal(server.mostOpen, 4);
    });

    test(`${split}: a record may be as large as the limit and not a byte larger`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
      const good = frame(Buffer.from('good'));
      for (const bytes of [MIB, MIB + 1, MIB - framing, MIB - framing + 1])
        await box.write({ [`in/${bytes}.bin`]: Buffer.concat([good, frame(Buffer.alloc(bytes, 7)), good]) });
      const limit = ['--max-payload-in-mb', '1'];
      const single = await box.transform(server.url, [...format, ...limit, '--batch-strategy', 'SingleRecord']);
      assert.equal(single.status, 1, single.all);
      const ok = [MIB - framing, MIB - framing + 1, MIB].map((bytes) => `${bytes}.bin.out`);
      assert.deepEqual(await box.files('out'), ok.sort(), 'alone it is sent without its framing');
      const multi = await box.transform(server.url, [...format, ...limit, '--output', 'multi']);
      assert.equal(multi.status, 1, multi.all);
      assert.deepEqual(await box.files('multi'), [`${MIB - framing}.bin.out`], 'the framing is sent too');
      for (const run of [single, multi]) {
        for (const { code, message } of JSON.parse(run.stdout).failures) {
          assert.equal(code, 'RecordTooLarge');
          assert.match(
            message,
            new RegExp(`record 2 at byte ${good.length} is larger than ${MIB} bytes.*--max-payload-in-mb`),
          );
        }
      }
    });

    test(`${split}: at most so many records in a request`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
      const frames = payloads(4, 10, 2000).map(frame);
      await box.write({ 'in/a.bin': Buffer.concat(frames), 'in/b.bin': Buffer.concat(frames.slice(0, 4)) });
      const run = await box.transform(server.url, [...format, '--max-records-per-mini-batch', '4']);
      assert.equal(run.status, 0, run.all);
      const expected = [
        [0, 4],
        [4, 8],
        [8, 10],
        [0, 4],
      ].map(([from, to]) => Buffer.concat(frames.slice(from, to)));
      assert.equal(server.invocations.length, 4);
      for (const [index, { body }] of server.invocations.entries()) assert.ok(body.equals(expected[index] ?? body));
      assert.equal(await box.read('out/a.bin.out'), expected.slice(0, 3).map(summed).join(''));
      const { records, requests, settings } = JSON.parse(run.stdout);
      assert.deepEqual([records, requests, settings.maxRecordsPerMiniBatch], [14, 4, 4]);
      assert.match(run.stderr, /MaxRecordsPerMiniBatch=4$/m);
    });

    test(`${split}: an object of no records, and one of records of nothing`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
      const none = Buffer.alloc(0);
      await box.write({ 'in/a.bin': '', 'in/b.bin': Buffer.concat([frame(none), frame(none)]) });
      const run = await box.transform(server.url, [...format, '--batch-strategy', 'SingleRecord']);
      assert.equal(run.status, 0, run.all);
      assert.deepEqual(await box.tree('out'), { 'a.bin.out': '', 'b.bin.out': '0 0\n0 0\n' });
      assert.deepEqual(
        server.invocations.map(({ headers }) => headers['content-length']),
        ['0', '0'],
      );
      assert.equal(JSON.parse(run.stdout).records, 2);
    });
  }

  test('RecordIO of the SageMaker SDK, which does not cut where the magic is', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
    const records = payloads(5, 12, 100_000);
    await box.write({ 'in/a.bin': Buffer.concat(records.map((one) => recordIOFrame(one, { parts: false }))) });
    const run = await box.transform(server.url, ['--split-type', 'RecordIO', '--batch-strategy', 'SingleRecord']);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.bin.out'), records.map(summed).join(''));
  });

  test('.tfrecord says what is in it, compressed too', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, answerSums)];
    const bytes = tfRecordFrame(Buffer.from('one'));
    await box.write({ 'plain/a.tfrecord': bytes, 'packed/a.tfrecord.gz': gzipSync(bytes) });
    for (const input of ['plain', 'packed']) {
      const run = await box.transform(server.url, ['--input', input]);
      assert.equal(run.status, 0, run.all);
      const compressed = input === 'packed' ? 'compressed with Gzip, ' : '';
      const shown = `Content type application/x-tfrecord, ${compressed}split TFRecord, assembled with None (`;
      assert.ok(run.stderr.includes(shown), run.stderr);
    }
    assert.ok(server.invocations.every(({ body }) => body.equals(bytes)));
    assert.deepEqual(await box.files('out'), ['a.tfrecord.gz.out', 'a.tfrecord.out']);
  });
});

describe('--max-records-per-mini-batch', { concurrency: 4 }, () => {
  const lines = Array.from({ length: 25 }, (_, index) => `${index},${'x'.repeat(100_000)}\n`);

  test('bounds requests by count, and the size bounds them too', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': lines.join('') });
    for (const [most, counts] of [
      [4, [4, 4, 4, 4, 4, 4, 1]],
      [100, [10, 10, 5]],
    ] as const) {
      const before = server.invocations.length;
      const args = ['--max-payload-in-mb', '1', '--max-records-per-mini-batch', String(most)];
      const run = await box.transform(server.url, args);
      assert.equal(run.status, 0, run.all);
      const sent = server.invocations.slice(before).map(({ text }) => text.split('\n').length - 1);
      assert.deepEqual(sent, counts);
    }
  });

  test('SingleRecord is one, whatever it says', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n2\n3\n' });
    const args = ['--batch-strategy', 'SingleRecord', '--max-records-per-mini-batch', '2'];
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 0, run.all);
    assert.equal(server.invocations.length, 3);
  });

  for (const value of ['0', '-1', '1.5', 'many']) {
    test(`${value} is refused`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/a.csv': '1\n' });
      const run = await box.transform(server.url, [`--max-records-per-mini-batch=${value}`]);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, /--max-records-per-mini-batch/);
      assert.deepEqual(server.paths, []);
    });
  }
});
