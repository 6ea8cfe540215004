import assert from 'node:assert/strict';
import { realpath } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import { lengths, serveLines } from './serve-command.ts';

/** How `lines.mjs` was started: the first line of its log. */
async function started(box: Sandbox): Promise<{ env: Record<string, string>; cwd: string }> {
  return JSON.parse((await box.read('log')).split('\n')[0] ?? '');
}

function sagemaker(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name.startsWith('SAGEMAKER_') && name !== 'SAGEMAKER_BIND_TO_PORT'),
  );
}

describe('what a --serve command is given (behaviour 3)', { concurrency: 4 }, () => {
  test('the folder of the model, a port, its working folder, and no settings that nobody asked for', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\nthree\n', 'my model/weights.bin': 'w' });
    const run = await box.transform('my model', ['--serve', serveLines('--log', 'log')]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), lengths('one\nthree\n'));
    const { env, cwd } = await started(box);
    assert.equal(env['SM_MODEL_DIR'], box.path('my model'));
    assert.match(env['SAGEMAKER_BIND_TO_PORT'] ?? '', /^\d{4,5}$/);
    assert.deepEqual(sagemaker(env), { SAGEMAKER_BATCH: 'true' });
    assert.equal(cwd, await realpath(box.folder));
    assert.match(run.stderr, /^model │ the server is up$/m);
  });

  test('the settings that were asked for, spelled as in a container', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'model/x': '' });
    const args = ['--max-concurrent-transforms', '2', '--max-payload-in-mb', '7', '--batch-strategy', 'SingleRecord'];
    const run = await box.transform('model', ['--serve', serveLines('--log', 'log'), ...args]);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(sagemaker((await started(box)).env), {
      SAGEMAKER_BATCH: 'true',
      SAGEMAKER_BATCH_STRATEGY: 'SINGLE_RECORD',
      SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: '2',
      SAGEMAKER_MAX_PAYLOAD_IN_MB: '7',
    });
  });

  test('0 requests at once is nothing asked for; MultiRecord is MULTI_RECORD', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'model/x': '' });
    const args = ['--max-concurrent-transforms', '0', '--batch-strategy', 'MultiRecord'];
    const run = await box.transform('model', ['--serve', serveLines('--log', 'log'), ...args]);
    assert.equal(run.status, 0, run.all);
    const expected = { SAGEMAKER_BATCH: 'true', SAGEMAKER_BATCH_STRATEGY: 'MULTI_RECORD' };
    assert.deepEqual(sagemaker((await started(box)).env), expected);
  });

  test('--environment, over what is inherited, under what the protocol says', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'model/x': '' });
    const variables = [
      'A=1',
      'B=',
      'C=x=y',
      'D=two words\nand a line',
      'OVER=mine',
      'A=2',
      'SAGEMAKER_BATCH=false',
      'SM_MODEL_DIR=/x',
    ];
    const args = variables.flatMap((variable) => ['--environment', variable]);
    const env = { OVER: 'inherited', INHERITED: 'yes' };
    const run = await box.transform('model', ['--serve', serveLines('--log', 'log'), ...args], { env });
    assert.equal(run.status, 0, run.all);
    const { A, B, C, D, OVER, INHERITED, SAGEMAKER_BATCH, SM_MODEL_DIR } = (await started(box)).env;
    assert.deepEqual(
      { A, B, C, D, OVER, INHERITED, SAGEMAKER_BATCH, SM_MODEL_DIR },
      {
        A: '2',
        B: '',
        C: 'x=y',
        D: 'two words\nand a line',
        OVER: 'mine',
        INHERITED: 'yes',
        SAGEMAKER_BATCH: 'true',
        SM_MODEL_DIR: box.path('model'),
      },
    );
  });

  test('a single file as the model: its folder', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'models/tree.pkl': 'w' });
    const run = await box.transform('models/tree.pkl', ['--serve', serveLines('--log', 'log')]);
    assert.equal(run.status, 0, run.all);
    assert.equal((await started(box)).env['SM_MODEL_DIR'], box.path('models'));
  });

  test('the command is a line for the shell', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'model/x': '' });
    const run = await box.transform('model', [
      '--serve',
      `echo "$GREETING" > said; ${serveLines()}`,
      '--environment',
      'GREETING=hi you',
    ]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('said'), 'hi you\n');
  });

  test('runs at the same time get ports of their own', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'model/x': '' });
    const args = (output: string) => ['--output', output, '--serve', serveLines()];
    const runs = await Promise.all(['1', '2', '3', '4'].map((output) => box.transform('model', args(output))));
    for (const [index, run] of runs.entries()) {
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read(`${index + 1}/a.csv.out`), '3\n');
    }
  });

  test('a running server is given nothing and is left running', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': 'one\n' });
    assert.equal((await box.transform(server.url)).status, 0);
    const answer = await fetch(`${server.url}/ping`);
    assert.equal(answer.status, 200);
  });
});
