import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { create } from 'tar';
import { type RunOptions, repository, Sandbox } from './millrace.ts';

const diamonds = `${repository}examples/diamonds`;

/** One price for each diamond, near the true one for most. */
function assertPrices(output: string, labels: string): void {
  assert.ok(output.endsWith('\n'));
  const prices = output.trimEnd().split('\n').map(Number);
  const truth = labels.trimEnd().split('\n').map(Number);
  assert.equal(prices.length, truth.length);
  // In the order of the records: prices that belong to other diamonds would be far off.
  const near = prices.filter((price, index) => Math.abs(price / (truth[index] ?? 0) - 1) < 0.2);
  assert.ok(near.length > 0.8 * truth.length, `${near.length} of ${truth.length} within 20 %`);
}

/** Its telemetry is looked at by one test, the others keep out of its way. */
const options: RunOptions = { timeoutMs: 60_000, env: { ORT_DISABLE_TELEMETRY: '1' } };

describe('the ONNX server that comes along', () => {
  test('a model file over a data set, end to end', async (t) => {
    const box = new Sandbox(t);
    const args = ['--input', `${diamonds}/data`, '--json'];
    const run = await box.transform(`${diamonds}/model.onnx`, args, options);
    assert.equal(run.status, 0, run.all);
    const { objects, records } = JSON.parse(run.stdout);
    assert.deepEqual(objects, { total: 5, succeeded: 5, failed: 0, notBegun: 0 });
    assert.equal(records, 26_970);
    for (const name of ['fair', 'good', 'ideal', 'premium', 'very-good']) {
      assertPrices(await box.read(`out/${name}.csv.out`), await readFile(`${diamonds}/labels/${name}.csv`, 'utf8'));
    }
  });

  test('the same from a model.tar.gz, and a row that cannot be parsed fails its object only', async (t) => {
    const box = new Sandbox(t);
    await cp(`${diamonds}/data/fair.csv`, box.path('in/fair.csv'));
    const [first = '', second = ''] = (await box.read('in/fair.csv')).split('\n');
    await box.write({ 'in/bad.csv': `${first}\n${second.replace(/^[^,]*/, 'heavy')}\n` });
    await create({ gzip: true, file: box.path('model.tar.gz'), cwd: diamonds }, ['model.onnx']);
    const run = await box.transform('model.tar.gz', [], options);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/bad\.csv: ClientError: 400$/m);
    assert.match(run.stderr, /in\/bad\.csv: (row|line) 2, column 1: "heavy" is not a number$/m);
    assert.deepEqual(await box.files('out'), ['fair.csv.out']);
    assertPrices(await box.read('out/fair.csv.out'), await readFile(`${diamonds}/labels/fair.csv`, 'utf8'));
  });

  test('a model that is none: told with the words of the runtime', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'model.onnx': 'not a model' });
    const run = await box.transform('model.onnx', [], options);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stdout, /AlgorithmError: The model server exited with code 1\. Its last words:\n.*model\.onnx/s);
  });

  test('model serve answers alone, and ends well with Ctrl-C', async (t) => {
    const box = new Sandbox(t);
    const program = box.start(['model', 'serve', `${diamonds}/model.onnx`, '--port', '0'], options);
    const url = await program.found(/^Serving \S+ at (http:\/\/\S+) \(Ctrl-C ends it\)$/m);
    const body = (await readFile(`${diamonds}/data/fair.csv`, 'utf8')).split('\n', 3).join('\n');
    const answer = await fetch(new URL('/invocations', url), {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body,
    });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^(\d+(\.\d+)?\n?){3}$/);
    program.kill('SIGINT');
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
  });

  // ONNX Runtime 1.30 reports to mobile.events.data.microsoft.com unless ORT_DISABLE_TELEMETRY is set before it is loaded; the
  // files that it keeps for that in the temporary folder and in ~/.cache show whether it was on.
  for (const how of ['transform', 'model serve']) {
    test(`the telemetry of ONNX Runtime is off: ${how}`, async (t) => {
      const box = new Sandbox(t);
      await cp(`${diamonds}/data/fair.csv`, box.path('in/fair.csv'));
      if (how === 'transform') {
        const run = await box.transform(`${diamonds}/model.onnx`);
        assert.equal(run.status, 0, run.all);
      } else {
        const program = box.start(['model', 'serve', `${diamonds}/model.onnx`, '--port', '0']);
        await program.said(/^Serving /m);
        program.kill('SIGINT');
        await program.ended;
      }
      assert.deepEqual([...(await box.takeFiles('tmp')), ...(await box.files('.cache'))], []);
    });
  }
});

test('model serve on a port that is taken: status 2 and what to do', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const box = new Sandbox(t);
  const run = await box.start(['model', 'serve', `${diamonds}/model.onnx`, '--port', String(port)]).ended;
  assert.equal(run.status, 2, run.all);
  assert.match(run.stderr, /^millrace: Cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*Take another --port/m);
});
