import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { recordIOFrame } from '../frames.ts';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import type { Program } from './program.ts';
import { startRawServer } from './raw-server.ts';

const MIB = 2 ** 20;

describe('a decompression bomb: 1 GB of zeros in 1 MB', () => {
  for (const split of ['Line', 'None', 'RecordIO']) {
    test(`${split}: fails, within memory, and the others are done`, async (t) => {
      const box = new Sandbox(t);
      let program: Program | undefined;
      let peakBytes = 0;
      const server = await startModelServer(t, {
        invoke: ({ body }) => {
          peakBytes = program?.peakMemory() ?? peakBytes; // of the last one, which comes after the bomb
          return body;
        },
      });
      const good = split === 'RecordIO' ? recordIOFrame(Buffer.from('good')) : Buffer.from('good\n');
      await box.write({ 'in/a.bin.gz': gzipSync(good), 'in/c.bin.gz': gzipSync(good) });
      await packed(box.path('in/b.bin.gz'), Buffer.alloc(16 * MIB), 64);
      program = box.startTransform(server.url, ['--split-type', split, '--max-concurrent-transforms', '2', '--json']);
      const run = await program.ended;
      assert.equal(run.status, 1, run.all);
      assert.deepEqual(await box.files('out'), ['a.bin.gz.out', 'c.bin.gz.out']);
      const [failure] = JSON.parse(run.stdout).failures;
      assert.equal(failure.object, 'in/b.bin.gz');
      if (split === 'RecordIO')
        assert.match(failure.message, /^This is not RecordIO: record 1 at byte 0 has 0x00000000/);
      else
        assert.match(
          failure.message,
          /^Too much data for max payload size: .*larger than 6291456 bytes|6291456 are allowed/,
        );
      if (process.platform !== 'linux') return;
      assert.ok(peakBytes > 30e6 && peakBytes < 300e6, `${peakBytes} bytes`);
    });
  }
});

describe('400 MB of lines in 400 KB, and a server that takes its time', () => {
  for (const [how, args] of [
    ['in mini-batches', ['--max-concurrent-transforms', '2']],
    ['streamed', ['--max-payload-in-mb', '0']],
  ] as const) {
    test(`${how}: no more is decompressed than can be sent`, async (t) => {
      const box = new Sandbox(t);
      let program: Program | undefined;
      let peakBytes = 0;
      let received = 0;
      const server = await startRawServer(t, async (request, response, number) => {
        if (number <= 2) await sleep(2000);
        for await (const piece of request) received += piece.length;
        peakBytes = program?.peakMemory() ?? 0;
        response.end('.');
      });
      await packed(box.path('in/a.csv.gz'), Buffer.alloc(16 * MIB, 'just a line\n'), 25);
      program = box.startTransform(server.url, [...args, '--assemble-with', 'None'], { timeoutMs: 60_000 });
      const run = await program.ended;
      assert.equal(run.status, 0, run.all);
      assert.equal(received, 400 * MIB);
      if (process.platform === 'linux') assert.ok(peakBytes > 30e6 && peakBytes < 300e6, `${peakBytes} bytes`);
    });
  }
});

/** A gzip file of `times` times the bytes, in one member, made with no more memory than that. */
async function packed(path: string, bytes: Buffer, times: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const gzip = createGzip({ level: 1 });
  const file = gzip.pipe(createWriteStream(path));
  for (let time = 0; time < times; time++) if (!gzip.write(bytes)) await once(gzip, 'drain');
  gzip.end();
  await once(file, 'close');
}
