import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, type Reply, startModelServer } from './model-server.ts';

describe('an output is replaced by a whole one, or not at all (behaviour 1)', { concurrency: 4 }, () => {
  test('run twice: the same result', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n2\n', 'in/dir/b.csv': '3\n' });
    const expected = { 'a.csv.out': predictions('1\n2\n'), 'dir/b.csv.out': predictions('3\n') };
    for (let run = 0; run < 2; run++) {
      const { status, all } = await box.transform(server.url);
      assert.equal(status, 0, all);
      assert.deepEqual(await box.tree('out'), expected);
    }
    await box.write({ 'in/a.csv': '9\n' });
    assert.equal((await box.transform(server.url)).status, 0);
    assert.deepEqual(await box.tree('out'), { ...expected, 'a.csv.out': predictions('9\n') });
  });

  for (const output of ['in', 'in/results', '.']) {
    test(`the output in ${output}, beside or below the input: results are not transformed again`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/a.csv': '1\n', 'in/dir/b.csv': '2\n' });
      const first = await box.transform(server.url, ['--output', output]);
      assert.equal(first.status, 0, first.all);
      assert.doesNotMatch(first.stderr, /left alone/);
      const before = await box.tree('.');
      assert.equal(before[output === '.' ? 'a.csv.out' : `${output}/a.csv.out`], predictions('1\n'));
      const second = await box.transform(server.url, ['--output', output]);
      assert.equal(second.status, 0, second.all);
      if (output !== '.')
        assert.match(second.stderr, /^2 objects under the input left alone: results of an earlier run$/m);
      assert.deepEqual(await box.tree('.'), before);
      assert.equal(server.invocations.length, 4);
    });
  }

  test('a second run that fails leaves the result of the first', async (t) => {
    let fails = false;
    const server = await startModelServer(t, {
      // The last mini-batch is refused, when megabytes of the new output have been written.
      invoke: ({ body, text }) => (fails && text.endsWith('last\n') ? { status: 400, body: 'no' } : predictions(body)),
    });
    const box = new Sandbox(t);
    const text = `${'0123456789\n'.repeat(250_000)}last\n`;
    await box.write({ 'in/a.csv': text, 'in/b.csv': 'b\n' });
    const args = ['--max-payload-in-mb', '1'];
    const first = await box.transform(server.url, args);
    assert.equal(first.status, 0, first.all);
    fails = true;
    await box.write({ 'in/a.csv': `${'9876543210\n'.repeat(250_000)}last\n`, 'in/b.csv': 'c\n' });
    const second = await box.transform(server.url, args);
    assert.equal(second.status, 1, second.all);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions(text), 'b.csv.out': predictions('c\n') });
  });

  test('nothing is seen of an output before it is whole', async (t) => {
    const last = Promise.withResolvers<Reply>();
    const server = await startModelServer(t, {
      invoke: ({ body, text }) => (text === 'last\n' ? last.promise : predictions(body)),
    });
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n2\nlast\n', 'in/b.csv': 'b\n', 'out/a.csv.out': 'of an earlier run' });
    const args = ['--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '2'];
    const program = box.startTransform(server.url, args);
    await program.until(server.arrived(4));
    assert.equal(await box.read('out/a.csv.out'), 'of an earlier run');
    last.resolve('the last\n');
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), `${predictions('1\n2\n')}the last\n`);
  });

  test("what a killed run left behind is no input, and is in nobody's way", async (t) => {
    const hanging = await startModelServer(t, {
      invoke: ({ text }) => (text === '1\n' ? text : new Promise(() => undefined)),
    });
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n2\n' });
    const program = box.startTransform(hanging.url, ['--output', 'in', '--batch-strategy', 'SingleRecord']);
    await program.until(hanging.arrived(2));
    program.kill('SIGKILL');
    await program.ended;
    const run = await box.transform(server.url, ['--output', 'in', '--split-type', 'Line']);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('in/a.csv.out'), predictions('1\n2\n'));
    assert.equal(server.invocations.length, 1);
    await box.removePartials('in'); // after kill -9 nobody can have done it
  });

  test('two runs into one folder at the same time: both whole, one of them last', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const text = '0123456789\n'.repeat(200_000);
    await box.write({ 'in/a.csv': text });
    const runs = await Promise.all([box.transform(server.url), box.transform(server.url)]);
    for (const run of runs) assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions(text) });
  });
});
