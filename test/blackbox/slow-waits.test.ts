import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, type Reply, startModelServer } from './model-server.ts';
import { serveLines } from './serve-command.ts';

const onlyInCi = process.env['CI_SLOW'] === '1' ? false : 'takes 30 seconds by its nature; CI_SLOW=1 runs it';

describe('what takes its time by nature', { concurrency: 4 }, () => {
  test('off a terminal a line of progress comes every five seconds', async (t) => {
    const answer = Promise.withResolvers<Reply>();
    const server = await startModelServer(t, {
      invoke: ({ text, body }) => (text === '3\n' ? answer.promise : predictions(body)),
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n2\n', 'in/b.csv': '3\n' });
    const program = box.startTransform(server.url);
    await program.said(
      /^5\.\d s: 66 %, 1 of 2 objects, 2 records, 4 bytes of 6 bytes, \d+ records\/s, 1 in flight, 0 retried, 0 failed(, \S+ s left)?$/m,
    );
    answer.resolve(predictions('3\n'));
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.ok(!run.all.includes('\u001b'), run.all);
  });

  test('after Ctrl-C requests are given five seconds, not more', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n' });
    const server = await startModelServer(t, { invoke: () => new Promise(() => undefined) });
    const program = box.startTransform(server.url);
    await program.until(server.arrived(1));
    program.kill('SIGINT');
    const from = performance.now();
    const run = await program.ended;
    const waited = performance.now() - from;
    assert.equal(run.status, 130, run.all);
    assert.ok(waited > 4500 && waited < 10_000, `${waited} ms`);
    assert.deepEqual(await box.files('out'), []);
  });

  test('when the five seconds are over the server still gets its time to leave (behaviour 3)', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'model/x': '' });
    const args = ['--serve', serveLines('--hang-at', '1', '--last-will', 'will')];
    const program = box.startTransform('model', args);
    await program.said(/invocation 1 is left hanging/);
    program.kill('SIGINT');
    const run = await program.ended;
    assert.equal(run.status, 130, run.all);
    assert.deepEqual(await box.tree('.'), { 'in/a.csv': '1\n', 'model/x': '', will: 'left in peace' });
  });

  test('a server that ignores SIGTERM is killed after 30 seconds (behaviour 3)', { skip: onlyInCi }, async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'model/x': '' });
    const args = ['--serve', serveLines('--ignore-sigterm', '--grandchild'), '--json'];
    const program = box.startTransform('model', args, { timeoutMs: 60_000 });
    await program.said(/invocation 1/);
    const from = performance.now();
    const run = await program.ended;
    const waited = performance.now() - from;
    assert.equal(run.status, 0, run.all);
    assert.ok(waited > 29_000 && waited < 40_000, `${waited} ms`);
    assert.deepEqual(await box.files('out'), ['a.csv.out']);
  });
});
