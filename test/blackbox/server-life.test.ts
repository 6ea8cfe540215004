import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import { lengths, serveLines, serveScript } from './serve-command.ts';

async function prepared(box: Sandbox): Promise<void> {
  await box.write({ 'in/a.csv': 'one\n', 'in/b.csv': 'three\n', 'model/x': '' });
}

describe('model servers that do not get up', { concurrency: 4 }, () => {
  test('one that ends at once: its code and its last words', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const run = await box.transform('model', ['--serve', 'echo loading; echo "no module named torch" >&2; exit 3']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stdout,
      /AlgorithmError: The model server exited with code 3\. Its last words:\n(loading\n)?no module named torch/,
    );
    assert.match(run.stderr, /^model │ no module named torch$/m);
    assert.match(run.stdout, /^2 objects not begun\.$/m);
    assert.deepEqual(await box.files('out'), []);
  });

  test('one that ends well, which is no better', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const run = await box.transform('model', ['--serve', 'true', '--json']);
    assert.equal(run.status, 1, run.all);
    const { status, failureReason, objects } = JSON.parse(run.stdout);
    assert.equal(status, 'Failed');
    assert.equal(failureReason, 'AlgorithmError: The model server exited with code 0.');
    assert.deepEqual(objects, { total: 2, succeeded: 0, failed: 0, notBegun: 2 });
  });

  test('one that is ended by a signal', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const run = await box.transform('model', ['--serve', 'kill -SEGV $$']);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stdout, /The model server was ended by SIGSEGV\./);
  });

  test('a command that is not found', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const run = await box.transform('model', ['--serve', 'no-such-command --port 1']);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stdout, /The model server exited with code 127\. Its last words:\n.*no-such-command.*not found/);
  });

  test('one that never listens', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const args = ['--serve', serveScript('setInterval(() => {}, 1e6)'), '--startup-timeout-in-seconds', '1'];
    const run = await box.transform('model', args);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stdout,
      /AlgorithmError: The model server 127\.0\.0\.1:\d+ did not answer GET \/ping with 200 within 1 seconds \(last: ECONNREFUSED/,
    );
    assert.deepEqual(await box.files('out'), []);
  });

  test('one that takes connections and says nothing', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const script = "require('net').createServer(() => {}).listen(process.env.SAGEMAKER_BIND_TO_PORT, '127.0.0.1')";
    const run = await box.transform('model', ['--serve', serveScript(script), '--startup-timeout-in-seconds', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stdout, /did not answer GET \/ping with 200 within 1 seconds \(last: /);
  });

  for (const status of ['500', '404', '204']) {
    test(`one that answers ${status} to pings`, async (t) => {
      const box = new Sandbox(t);
      await prepared(box);
      const run = await box.transform('model', [
        '--serve',
        serveLines('--ping', status),
        '--startup-timeout-in-seconds',
        '1',
      ]);
      assert.equal(run.status, 1, run.all);
      assert.match(run.stdout, new RegExp(`did not answer GET /ping with 200 within 1 seconds \\(last: ${status}\\)`));
    });
  }

  test('a running server that is not there', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const server = await startModelServer(t);
    await server.close();
    const run = await box.transform(server.url, ['--startup-timeout-in-seconds', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stdout,
      new RegExp(
        `The model server 127\\.0\\.0\\.1:${server.port} did not answer GET /ping with 200 within 1 seconds \\(last: ECONNREFUSED`,
      ),
    );
  });

  test('one that is not ready at first is waited for', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    let pings = 0;
    const server = await startModelServer(t, { ping: () => ({ status: ++pings < 5 ? 503 : 200 }) });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.equal(pings, 5);
  });
});

describe('model servers that go down in the middle', { concurrency: 4 }, () => {
  test('one that was started by us: told at once, what is done stays, the rest is not begun', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'model/x': '' });
    for (let object = 10; object < 60; object++) await box.write({ [`in/${object}.csv`]: 'one\n' });
    const run = await box.transform('model', ['--serve', serveLines('--die-at', '5'), '--json']);
    assert.equal(run.status, 1, run.all);
    const { failureReason, objects, retries } = JSON.parse(run.stdout);
    assert.match(failureReason, /^AlgorithmError: The model server exited with code 9\. Its last words:\n/);
    assert.equal(objects.succeeded, 4);
    assert.ok(objects.notBegun > 0 && objects.failed > 0 && objects.failed + objects.notBegun === 46, run.stdout);
    assert.ok(retries <= 1, 'nobody tries a server that has ended');
    assert.deepEqual(await box.files('out'), ['10.csv.out', '11.csv.out', '12.csv.out', '13.csv.out']);
  });

  test('one that was running: told after the retries of one request, not of every object', async (t) => {
    const box = new Sandbox(t);
    for (let object = 10; object < 60; object++) await box.write({ [`in/${object}.csv`]: 'one\n' });
    const server = await startModelServer(t, {
      invoke: ({ number, text }) => {
        if (number === 5) void server.close();
        return lengths(text);
      },
    });
    const run = await box.transform(server.url, ['--json']);
    assert.equal(run.status, 1, run.all);
    const { failureReason, objects, retries } = JSON.parse(run.stdout);
    assert.match(
      failureReason,
      new RegExp(
        `^AlgorithmError: The model server 127\\.0\\.0\\.1:${server.port} no longer answers \\(.*ECONNREFUSED.*\\); what was not done yet is not tried\\.$`,
      ),
    );
    assert.ok(objects.succeeded >= 4 && objects.succeeded <= 5, run.stdout);
    assert.equal(retries, 3);
    assert.equal((await box.files('out')).length, objects.succeeded);
  });

  test('a server under a shell has its time to leave in peace', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    // The shell is the leader of the process group and dies of SIGTERM at once; the server takes 300 ms.
    const run = await box.transform('model', ['--serve', `${serveLines('--last-will', 'will')}; true`]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('will'), 'left in peace');
  });

  test('what a server started is gone with it', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const run = await box.transform('model', ['--serve', serveLines('--grandchild')]);
    assert.equal(run.status, 0, run.all); // the sandbox looks for what is left
  });

  test('a server that floods its output does not flood ours', async (t) => {
    const box = new Sandbox(t);
    await prepared(box);
    const run = await box.transform('model', [
      '--serve',
      `seq 100000; head -c 3000000 /dev/zero | tr '\\0' x; ${serveLines()}`,
    ]);
    assert.equal(run.status, 0, run.all);
    assert.ok(run.stderr.length < 20_000, `${run.stderr.length} characters`);
    assert.match(run.stderr, /^model │ 50$/m);
    assert.doesNotMatch(run.stderr, /^model │ 99999$/m);
  });
});
