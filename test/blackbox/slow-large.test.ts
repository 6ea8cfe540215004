import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';
import type { Program } from './program.ts';

const MIB = 2 ** 20;

describe('large and many', () => {
  test('a line of 100 MB: sent with --max-payload-in-mb 100, told apart without', async (t) => {
    const box = new Sandbox(t);
    const line = Buffer.alloc(100 * MIB, 'x');
    line[line.length - 1] = 10;
    await mkdir(box.path('in'));
    const file = createWriteStream(box.path('in/b.csv'));
    for (const part of ['first\n', line, 'last\n']) file.write(part);
    file.end();
    await once(file, 'close');
    await box.write({ 'in/a.csv': '1\n', 'in/c.csv': '3\n' });
    const server = await startModelServer(t, { invoke: ({ body }) => `${body.length} ${crc32(body)}` });
    const expected = ['first\n', line, 'last\n'].map((body) => `${body.length} ${crc32(body)}\n`).join('');

    const refused = await box.transform(server.url, ['--output', 'first']);
    assert.equal(refused.status, 1, refused.all);
    assert.match(
      refused.stderr,
      /in\/b\.csv: Too much data for max payload size: record 2 at byte 6 is larger than 6291456 bytes/,
    );
    assert.deepEqual(await box.files('first'), ['a.csv.out', 'c.csv.out']);

    const sent = await box.transform(server.url, ['--output', 'second', '--max-payload-in-mb', '100']);
    assert.equal(sent.status, 0, sent.all);
    assert.equal(await box.read('second/b.csv.out'), expected);
    assert.ok(
      server.invocations.at(-2)?.body.length === 100 * MIB || server.invocations.some(({ body }) => body.equals(line)),
    );
  });

  test('5,000 small objects', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    for (let folder = 0; folder < 50; folder++) {
      const files = Array.from({ length: 100 }, (_, index) => [`in/${folder}/${index}.csv`, `${folder},${index}\n`]);
      await box.write(Object.fromEntries(files));
    }
    const run = await box.transform(server.url, ['--max-concurrent-transforms', '4', '--json']);
    assert.equal(run.status, 0, run.all);
    assert.equal(JSON.parse(run.stdout).objects.succeeded, 5000);
    assert.equal((await box.files('out')).length, 5000);
    for (let folder = 0; folder < 50; folder++) {
      for (let index = 0; index < 100; index++) {
        assert.equal(await box.read(`out/${folder}/${index}.csv.out`), predictions(`${folder},${index}\n`));
      }
    }
  });

  test('200 MB, answered with as much, in less than 300 MB of memory', async (t) => {
    const box = new Sandbox(t);
    let program: Program | undefined;
    let peakBytes = 0;
    const server = await startModelServer(t, {
      invoke: ({ body }) => {
        peakBytes = program?.peakMemory() ?? peakBytes;
        return body;
      },
    });
    await mkdir(box.path('in'));
    const file = createWriteStream(box.path('in/a.csv'));
    const block = Buffer.from('0123456789,abcdefghijklmnopqrstuvwxyz\n'.repeat(25_000));
    for (let written = 0; written < 200_000_000; written += block.length) {
      if (!file.write(block)) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
    program = box.startTransform(server.url, ['--max-concurrent-transforms', '8']);
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.equal(await checksum(box.path('out/a.csv.out')), await checksum(box.path('in/a.csv')));
    if (process.platform !== 'linux') return;
    assert.ok(peakBytes > 30e6 && peakBytes < 300e6, `${peakBytes} bytes`);
  });
});

async function checksum(path: string): Promise<number> {
  let sum = 0;
  for await (const piece of createReadStream(path)) sum = crc32(piece, sum);
  return sum;
}
