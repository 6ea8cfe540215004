import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { type Reply, startModelServer } from './model-server.ts';
import { lengths, serveLines } from './serve-command.ts';

const single = ['--batch-strategy', 'SingleRecord'];

describe('interrupted runs', { concurrency: 4 }, () => {
  test('Ctrl-C: requests in flight are answered, what is whole is kept, nothing half-written is left', async (t) => {
    const held: (() => void)[] = [];
    const server = await startModelServer(t, {
      // The first four answers are kept back until the interruption is under way.
      invoke: ({ number, text }) =>
        number > 4 ? text : new Promise<Reply>((resolve) => held.push(() => resolve(`answer to ${text}`))),
    });
    const box = new Sandbox(t);
    await box.write({
      'in/a.csv': '1\n',
      'in/b.csv': '1\n2\n',
      'in/c.csv': '1\n2\n3\n4\n5\n6\n7\n8\n',
      'in/d.csv': '1\n',
    });
    const program = box.startTransform(server.url, [...single, '--max-concurrent-transforms', '4', '--json']);
    await program.until(server.arrived(4));
    program.kill('SIGINT');
    await program.said(/Interrupted: requests in flight are given a moment\. Once more ends at once\./);
    for (const answer of held) answer();
    const run = await program.ended;
    assert.equal(run.status, 130, run.all);
    assert.deepEqual(await box.tree('out'), {
      'a.csv.out': 'answer to 1\n',
      'b.csv.out': 'answer to 1\nanswer to 2\n',
    });
    const { status, failureReason, objects } = JSON.parse(run.stdout);
    assert.equal(status, 'Stopped');
    assert.equal(failureReason, null);
    assert.equal(objects.succeeded, 2);
    assert.equal(objects.failed + objects.notBegun, 2);
    assert.ok(server.invocations.length <= 5, 'no more is asked of the server than was read already');
  });

  test('Ctrl-C ends the model server and what it started, and gives it time', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'model/x': '' });
    const args = ['--serve', serveLines('--ping', '503', '--grandchild', '--last-will', 'will')];
    const program = box.startTransform('model', args);
    await program.said(/the server is up/);
    program.kill('SIGINT');
    const run = await program.ended;
    assert.equal(run.status, 130, run.all);
    assert.equal(await box.read('will'), 'left in peace');
    assert.deepEqual(await box.files('out'), []);
  });

  test('a second Ctrl-C does not wait for a server that ignores being told to stop', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'in/b.csv': '22\n', 'in/c.csv': '333\n', 'model/x': '' });
    const args = ['--serve', serveLines('--grandchild', '--hang-at', '2', '--ignore-sigterm')];
    const program = box.startTransform('model', args);
    await program.said(/invocation 2 is left hanging/);
    program.kill('SIGINT');
    await program.said(/Interrupted/);
    const interrupted = performance.now();
    program.kill('SIGINT');
    const run = await program.ended;
    assert.equal(run.status, 130, run.all);
    assert.ok(performance.now() - interrupted < 3000, 'neither five seconds of grace nor thirty for the server');
    // On a busy machine its result may not have been whole yet: then it is not there at all.
    const { 'a.csv.out': first = lengths('1\n'), ...others } = await box.tree('out');
    assert.deepEqual([first, others], [lengths('1\n'), {}]);
  });

  test('a second Ctrl-C does not wait for a hanging server', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n2\n3\n' });
    const server = await startModelServer(t, {
      invoke: ({ text }) => (text === '1\n' ? text : new Promise(() => undefined)),
    });
    const program = box.startTransform(server.url, [...single, '--json']);
    await program.until(server.arrived(2));
    program.kill('SIGINT');
    await program.said(/Interrupted/);
    const interrupted = performance.now();
    program.kill('SIGINT');
    const run = await program.ended;
    assert.equal(run.status, 130, run.all);
    assert.ok(performance.now() - interrupted < 3000, 'the five seconds of grace were not waited for');
    assert.deepEqual(await box.files('out'), []);
    assert.equal(JSON.parse(run.stdout).status, 'Stopped');
  });

  test('Ctrl-C in the pause before a retry', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n' });
    const server = await startModelServer(t, { invoke: () => ({ status: 503, headers: { 'Retry-After': '600' } }) });
    const program = box.startTransform(server.url);
    await program.until(server.arrived(1));
    program.kill('SIGINT');
    await program.said(/Interrupted/);
    program.kill('SIGINT');
    const run = await program.ended;
    assert.equal(run.status, 130, run.all);
    assert.equal(server.invocations.length, 1);
  });

  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const) {
    test(`${signal} is an interruption too`, async (t) => {
      const box = new Sandbox(t);
      await box.write({ 'in/a.csv': '1\n2\n', 'model/x': '' });
      const program = box.startTransform('model', [...single, '--serve', serveLines('--hang-at', '2')]);
      await program.said(/invocation 2 is left hanging/);
      program.kill(signal);
      await program.said(/Interrupted/);
      program.kill(signal);
      const run = await program.ended;
      assert.equal(run.status, status, run.all);
      assert.deepEqual(await box.files('out'), []);
    });
  }

  test('a run that is done when the signal comes is done', async (t) => {
    const last = Promise.withResolvers<Reply>();
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => last.promise })];
    await box.write({ 'in/a.csv': '1\n' });
    const program = box.startTransform(server.url);
    await program.until(server.arrived(1));
    program.kill('SIGINT');
    await program.said(/Interrupted/);
    last.resolve('the answer\n');
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': 'the answer\n' });
  });

  for (const [what, script, status] of [
    [
      'the reader of the summary has seen enough: no noise, the work is done',
      '{ "$@" 2> errors; echo $? > status; } | true',
      0,
    ],
    [
      'the summary cannot be written: the work is done, the status tells',
      '"$@" 2> errors > /dev/full; echo $? > status',
      1,
    ],
    ['nothing can be said: the work is done', '"$@" 2> /dev/full > /dev/null; echo $? > status; touch errors', 0],
  ] as const) {
    test(what, { skip: process.platform !== 'linux' && 'no /dev/full' }, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/a.csv': '1\n' });
      const args = ['transform', '--model', server.url, '--input', 'in', '--output', 'out', '--json'];
      await box.startPipe(script, args).ended;
      assert.equal(Number(await box.read('status')), status, await box.read('errors'));
      assert.deepEqual(await box.files('out'), ['a.csv.out']);
      assert.doesNotMatch(await box.read('errors'), /EPIPE|ENOSPC|at .*node:/);
    });
  }
});
