import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { repository, Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';

const run = promisify(execFile);

/** npm with the Node of this test first on its path, and a cache that other tests do not share locks with. */
async function npm(cwd: string, ...args: string[]): Promise<string> {
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH, ONNXRUNTIME_NODE_INSTALL: 'skip', INIT_CWD: cwd };
  const { stdout } = await run('npm', args, { cwd, env, maxBuffer: 2 ** 26 });
  return stdout;
}

describe('the package', () => {
  test('packed, installed elsewhere, and used', { timeout: 300_000 }, async (t) => {
    const box = new Sandbox(t);
    const [packed] = JSON.parse(
      await npm(repository, 'pack', '--json', '--ignore-scripts', '--pack-destination', box.folder),
    ) as [{ filename: string; files: { path: string }[]; size: number }];
    const paths = packed.files.map(({ path }) => path);
    for (const wanted of [
      'package.json',
      'LICENSE',
      'bin/millrace.mjs',
      'dist/cli/main.js',
      'dist/cli/main.d.ts',
      'dist/runtimes/onnx/main.js',
      'dist/catalog/migrations/0001-initial.sql',
    ]) {
      assert.ok(paths.includes(wanted), `${wanted} is not in the package`);
    }
    assert.deepEqual(
      paths.filter((path) => /(^|\/)(src|test|bench|examples|node_modules)\/|\.test\.|(?<!\.d)\.ts$/.test(path)),
      [],
      'nothing that only we need',
    );
    assert.ok(packed.size < 700_000, `${packed.size} bytes`);

    await box.write({ 'app/package.json': '{"name": "app", "private": true}', 'app/in/a.csv': '1\n22\n' });
    const app = box.path('app');
    const args = [
      '--ignore-scripts',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--omit=optional',
      '--loglevel=error',
    ];
    await npm(app, 'install', ...args, box.path(packed.filename));
    const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
    assert.equal(await npm(app, 'exec', '--no', '--', 'millrace', '--version'), `${version}\n`);
    const server = await startModelServer(t);
    await npm(
      app,
      'exec',
      '--no',
      '--',
      'millrace',
      'transform',
      '--model',
      server.url,
      '--input',
      'in',
      '--output',
      'out',
    );
    assert.equal(await box.read('app/out/a.csv.out'), predictions('1\n22\n'));

    // Without the optional package the ONNX server cannot be had, and that is said.
    await cp(join(repository, 'examples/diamonds/model.onnx'), box.path('app/model.onnx'));
    const missing = await box.run([], {
      command: [
        process.execPath,
        join(app, 'node_modules/millrace/bin/millrace.mjs'),
        'transform',
        '--model',
        'app/model.onnx',
        '--input',
        'app/in',
        '--output',
        'app/out',
      ],
    });
    assert.equal(missing.status, 2, missing.all);
    assert.match(
      missing.stderr,
      /^millrace: The ONNX model server needs the package onnxruntime-node, .* Install it with: /,
    );
  });
});
