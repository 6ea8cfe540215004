import assert from 'node:assert/strict';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import type { Program } from './program.ts';

const MIB = 2 ** 20;
const LIMIT = 300 * MIB;
/** A megabyte of text that is valid in a field in quotes and in a string of JSON. */
const BLOCK = 'é, x'.repeat(MIB / 5);
const BLOCK_BYTES = Buffer.byteLength(BLOCK);

interface Case {
  readonly what: string;
  readonly name: string;
  readonly args: readonly string[];
  /** The record is `blocks` times `block` between these; `sent` and `out` say what becomes of it. */
  readonly before: string;
  readonly block: string;
  readonly blocks: number;
  readonly after: string;
  readonly sent: 'record' | 'filtered';
  readonly answer: string;
  /** What stands in the result before the blocks and behind them; nothing of them when `undefined`. */
  readonly out: readonly [before: string, after: string] | string;
}

const INNER = [BLOCK, BLOCK.replaceAll('é', 'è')].map((text) => `{"t":"${text}","n":[1.0,{"a":null}]}`).join(',');
const JOIN = ['--join-source', 'Input'];
const cases: readonly Case[] = [
  {
    what: 'a CSV record of 90 MB, joined',
    name: 'a.csv',
    args: JOIN,
    before: 'id,"',
    block: BLOCK,
    blocks: Math.floor((90 * MIB) / BLOCK_BYTES),
    after: '"\n',
    sent: 'record',
    answer: '0.5\n',
    out: ['id,"', '",0.5\n'],
  },
  {
    what: 'a CSV record of 90 MB, filtered and joined',
    name: 'a.csv',
    args: ['--input-filter', '$[1:]', ...JOIN, '--output-filter', '$[-1,0,1]'],
    before: 'id,"',
    block: BLOCK,
    blocks: Math.floor((90 * MIB) / BLOCK_BYTES),
    after: '"\n',
    sent: 'filtered',
    answer: '0.5\n',
    out: ['0.5,id,"', '"\n'],
  },
  {
    what: 'a record of 90 MB of JSON Lines, filtered and joined',
    name: 'a.jsonl',
    args: ['--input-filter', '$.x', ...JOIN, '--output-filter', "$['SageMakerOutput','x']"],
    before: '{"id":1,"x":"',
    block: BLOCK,
    blocks: Math.floor((90 * MIB) / BLOCK_BYTES),
    after: '"}\n',
    sent: 'filtered',
    answer: '0.5\n',
    out: ['{"SageMakerOutput":0.5,"x":"', '"}\n'],
  },
  {
    what: 'a JSON document of 100 MB, filtered and joined',
    name: 'a.json',
    args: ['--input-filter', '$.x', ...JOIN],
    before: '{"id":1,"x":[',
    block: `${INNER},\n`,
    blocks: Math.floor((99.9 * MIB) / (Buffer.byteLength(INNER) + 2)),
    after: '0]}',
    sent: 'filtered',
    answer: '{\n"s":0.5}\n',
    out: ['{"id":1,"x":[', '0],"SageMakerOutput":{\n"s":0.5}}'],
  },
  {
    what: 'a JSON document of 100 MB, of which little is wanted',
    name: 'a.json',
    args: [...JOIN, '--output-filter', "$['id','SageMakerOutput']"],
    before: '{"x":[',
    block: `${INNER},\n`,
    blocks: Math.floor((99.9 * MIB) / (Buffer.byteLength(INNER) + 2)),
    after: '0],"id":1}',
    sent: 'record',
    answer: '0.5',
    out: '{"id":1,"SageMakerOutput":0.5}',
  },
];

/** What a program had at the most when its first object was done. */
async function peakAfter(box: Sandbox, program: Program, output: string): Promise<number> {
  for (;;) {
    if ((await box.files('out')).includes(output)) return program.peakMemory() ?? 0;
    await sleep(20);
  }
}

describe('records of 100 MB are looked into in bounded memory', () => {
  for (const { what, name, args, before, block, blocks, after, sent, answer, out } of cases) {
    test(what, async (t) => {
      const box = new Sandbox(t);
      await mkdir(box.path('in'));
      const file = createWriteStream(box.path('in', name));
      file.write(before);
      for (let index = 0; index < blocks; index++) file.write(block);
      file.end(after);
      await finished(file);
      // The second object is answered when the first is done: then the most memory so far is known.
      await box.write({ [`in/z${name.slice(1)}`]: name.endsWith('csv') ? 'id,1\n' : '{"id":1,"x":1}\n' });
      const first = Promise.withResolvers<void>();
      const sizes: number[] = [];
      let peak = 0;
      const server = await startModelServer(t, {
        invoke: async ({ number, body }) => {
          sizes.push(body.length);
          if (number === 1) return answer;
          first.resolve();
          peak = await peakAfter(box, program, `${name}.out`);
          return answer;
        },
      });
      const program = box.startTransform(server.url, [...args, '--max-payload-in-mb', '100'], { timeoutMs: 120_000 });
      await program.until(first.promise);
      const run = await program.ended;
      assert.equal(run.status, 0, run.all);

      const inner = Buffer.byteLength(block) * blocks;
      const whole = Buffer.byteLength(before) + inner + Buffer.byteLength(after);
      if (sent === 'record') assert.equal(sizes[0], whole);
      else assert.ok((sizes[0] ?? 0) >= inner && (sizes[0] ?? 0) < whole, `${sizes[0]} bytes were sent`);
      await checkResult(box.path('out', `${name}.out`), block, typeof out === 'string' ? 0 : blocks, out);
      t.diagnostic(`${Math.round(peak / MIB)} MiB at the most`);
      assert.ok(peak < LIMIT, `${Math.round(peak / MIB)} MiB`);
    });
  }
});

async function checkResult(path: string, block: string, blocks: number, out: Case['out']): Promise<void> {
  const [before, after] = typeof out === 'string' ? [out, ''] : out;
  const expected = function* (): Generator<Buffer> {
    yield Buffer.from(before);
    const bytes = Buffer.from(block);
    for (let index = 0; index < blocks; index++) yield bytes;
    yield Buffer.from(after);
  };
  let rest: Buffer = Buffer.alloc(0);
  const parts = expected();
  let place = 0;
  for await (const chunk of createReadStream(path)) {
    for (let bytes = chunk as Buffer; bytes.length > 0; ) {
      if (rest.length === 0) rest = parts.next().value ?? Buffer.alloc(0);
      const length = Math.min(rest.length, bytes.length);
      assert.ok(length > 0, `the result goes on behind byte ${place}`);
      assert.ok(rest.subarray(0, length).equals(bytes.subarray(0, length)), `it differs behind byte ${place}`);
      place += length;
      rest = rest.subarray(length);
      bytes = bytes.subarray(length);
    }
  }
  assert.ok(rest.length === 0, `the result ends at byte ${place}`);
  for (const part of parts) assert.equal(part.length, 0, `the result ends at byte ${place}`);
}
