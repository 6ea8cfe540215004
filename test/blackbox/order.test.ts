import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, type Reply, startModelServer } from './model-server.ts';
import { random } from './random.ts';

describe('order and assembly (behaviour 2)', { concurrency: 4 }, () => {
  test('results stand in the order of the records, however the answers come', async (t) => {
    const objects: Record<string, string> = {};
    let total = 0;
    for (let object = 0; object < 12; object++) {
      const records = Array.from({ length: 1 + ((object * 37) % 90) }, (_, index) => `${object}/${index}`);
      total += records.length;
      objects[`${object}.csv`] = `${records.join('\n')}\n`;
    }
    const next = random(11);
    const held: (() => void)[] = [];
    let answered = 0;
    const server = await startModelServer(t, {
      // A request is answered when eight are there, at random which one: the oldest may be overtaken by hundreds.
      invoke: ({ body }) =>
        new Promise<Reply>((resolve) => {
          held.push(() => resolve(predictions(body)));
          while (held.length === 8 || (held.length > 0 && held.length + answered === total)) {
            answered += 1;
            held.splice(Math.floor(next() * held.length), 1)[0]?.();
          }
        }),
    });
    const box = new Sandbox(t);
    for (const [name, text] of Object.entries(objects)) await box.write({ [`in/${name}`]: text });
    const run = await box.transform(server.url, [
      '--batch-strategy',
      'SingleRecord',
      '--max-concurrent-transforms',
      '8',
    ]);
    assert.equal(run.status, 0, run.all);
    assert.equal(server.mostOpen, 8);
    assert.equal(server.invocations.length, total);
    for (const [name, text] of Object.entries(objects)) {
      assert.equal(await box.read(`out/${name}.out`), predictions(text), name);
    }
  });

  for (const [assembleWith, expected] of [
    ['None', '[a]\n[b][c\n\n][d]\r\n[e]'],
    ['Line', '[a]\n[b]\n\n[c\n\n]\n[d]\r\n[e]\n'],
  ] as const) {
    test(`AssembleWith=${assembleWith} works on responses`, async (t) => {
      const answers = new Map([
        ['a\n', '[a]\n'],
        ['b\n', '[b]'],
        ['empty\n', ''],
        ['c\n', '[c\n\n]'],
        ['d\n', '[d]\r\n'],
        ['e', '[e]'],
      ]);
      const [box, server] = [
        new Sandbox(t),
        await startModelServer(t, { invoke: ({ text }) => answers.get(text) ?? '' }),
      ];
      await box.write({ 'in/a.csv': [...answers.keys()].join('') });
      const run = await box.transform(server.url, [
        '--batch-strategy',
        'SingleRecord',
        '--assemble-with',
        assembleWith,
      ]);
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read('out/a.csv.out'), expected);
    });
  }

  test('a mini-batch is one response, whatever number of lines it has', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => 'all of it' })];
    await box.write({ 'in/a.csv': '1\n2\n3\n' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), 'all of it\n');
  });

  test('mini-batches never mix objects', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    for (let object = 0; object < 20; object++) await box.write({ [`in/${object}.csv`]: `${object}\n` });
    const run = await box.transform(server.url, ['--max-concurrent-transforms', '4']);
    assert.equal(run.status, 0, run.all);
    const bodies = server.invocations.map(({ text }) => Number(text)).sort((a, b) => a - b);
    assert.deepEqual(
      bodies,
      Array.from({ length: 20 }, (_, index) => index),
    );
  });
});
