import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';

const program = join(import.meta.dirname, 'main.ts');
const path = (name: string) => join(import.meta.dirname, '../../../test/models', `${name}.onnx`);

function start(t: TestContext, args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, SAGEMAKER_BIND_TO_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** The address, once the program has printed a line that starts with `word`. */
async function address(child: ChildProcess, word: 'listening' | 'serving'): Promise<string> {
  assert.ok(child.stdout);
  let url = '';
  for await (const line of createInterface(child.stdout)) {
    url = /^listening on (http\S+),/.exec(line)?.[1] ?? url;
    if (line.startsWith(word)) break;
  }
  return url;
}

async function stderrOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = (await child.stderr?.toArray()) ?? [];
  return Buffer.concat(chunks).toString();
}

test('serves the model of a folder, and ends with 0 at SIGTERM when what is in flight is done', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-onnx-'));
  t.after(() => rm(folder, { recursive: true }));
  await copyFile(path('slow'), join(folder, 'anything.onnx'));
  const child = start(t, ['--workers', '1'], { SM_MODEL_DIR: folder });
  const exit = once(child, 'exit');
  const url = await address(child, 'serving');
  const answer = fetch(`${url}/invocations`, { method: 'POST', body: Buffer.from('0\n'.repeat(500)) });
  assert.equal((await fetch(`${url}/ping`)).status, 200);
  child.kill('SIGTERM');
  assert.equal(await (await answer).text(), '0\n'.repeat(500));
  assert.deepEqual(await exit, [0, null]);
});

test('ends with 0 at SIGTERM while it loads, too', async (t) => {
  const child = start(t, ['--model', path('dense')]);
  const exit = once(child, 'exit');
  await address(child, 'listening');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('says in one line why it cannot start, and ends with 1', async (t) => {
  const cases: [string[], Record<string, string>, RegExp][] = [
    [
      ['--model', path('sequence-output')],
      {},
      /^cannot load the model \S+sequence-output\.onnx: output "y" is a sequence.*\n$/,
    ],
    [['--model', path('missing')], {}, /^ENOENT.*missing\.onnx'\n$/],
    [[], { SM_MODEL_DIR: join(import.meta.dirname) }, /^no \.onnx file in .*\n$/],
    [['--model', path('dense')], { SAGEMAKER_BIND_TO_PORT: 'abc' }, /^SAGEMAKER_BIND_TO_PORT cannot be "abc"\n$/],
  ];
  await Promise.all(
    cases.map(async ([args, env, message]) => {
      const child = start(t, args, env);
      const [[code], text] = await Promise.all([once(child, 'exit'), stderrOf(child)]);
      assert.match(text, message);
      assert.equal(code, 1);
    }),
  );
});

test('ends when its parent lets go of it', async (t) => {
  const child = fork(program, ['--model', path('dense')], {
    env: { ...process.env, SAGEMAKER_BIND_TO_PORT: '0' },
    silent: true,
  });
  t.after(() => child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  await address(child, 'serving');
  child.disconnect();
  assert.deepEqual(await exit, [0, null]);
});
