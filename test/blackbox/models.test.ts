import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, Header } from 'tar';
import { Sandbox } from './millrace.ts';
import { lengths, serveLines } from './serve-command.ts';

/** A model server that answers with nothing else than what its folder holds. */
const showsModel = ['--serve', `(cd "$SM_MODEL_DIR" && find . -type f | sort) > shown; ${serveLines()}`];

interface Entry {
  readonly path: string;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'CharacterDevice';
  readonly linkpath?: string;
  readonly text?: string;
}

/** An archive as no tool would make it, entry by entry. */
function archive(...entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath = '', text = '' }) => {
    const header = Buffer.alloc(512);
    new Header({ path, type, linkpath, size: text.length, mode: 0o644, mtime: new Date(0) }).encode(header, 0);
    const content = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    content.write(text);
    return [header, content];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe('models that are not there or not to be trusted: status 2, nothing started', { concurrency: 4 }, () => {
  const cases: [what: string, model: string, content: Buffer | string | undefined, message: RegExp][] = [
    ['no such model', 'nowhere', undefined, /^Could not find model data at nowhere: ENOENT/],
    ['no such archive', 'nowhere.tar.gz', undefined, /^Could not find model data at nowhere\.tar\.gz: ENOENT/],
    [
      'an archive that is not one',
      'm.tar.gz',
      'this is a text\n'.repeat(100),
      /^m\.tar\.gz is not a model archive \(\.tar\.gz\): /,
    ],
    [
      'gzip that holds no archive',
      'm.tar.gz',
      gzipSync('a text'.repeat(1000)),
      /^m\.tar\.gz is not a model archive \(\.tar\.gz\): /,
    ],
    ['an archive of no bytes', 'm.tar.gz', '', /^m\.tar\.gz is not a model archive \(\.tar\.gz\): /],
    [
      'an archive of no entries',
      'm.tgz',
      gzipSync(Buffer.alloc(1024)),
      /^m\.tgz is not a model archive \(\.tar\.gz\): /,
    ],
    [
      'an archive cut short',
      'm.tar.gz',
      archive({ path: 'a', text: 'x'.repeat(5000) }).subarray(0, 60),
      /^m\.tar\.gz is not a model archive \(\.tar\.gz\): /,
    ],
    [
      'an archive that climbs',
      'm.tar.gz',
      archive({ path: 'ok' }, { path: '../climbed', text: 'x' }),
      /^m\.tar\.gz is refused: its entry "\.\.\/climbed" would be written outside the folder\. Nothing was unpacked/,
    ],
    [
      'one that climbs in the middle',
      'm.tar.gz',
      archive({ path: 'a/../../climbed', text: 'x' }),
      /^m\.tar\.gz is refused: its entry "a\/\.\.\/\.\.\/climbed" would be written outside/,
    ],
    [
      'an absolute path',
      'm.tar.gz',
      archive({ path: '/tmp/millrace-climbed', text: 'x' }),
      /^m\.tar\.gz is refused: its entry "\/tmp\/millrace-climbed" would be written outside/,
    ],
    [
      'a link out',
      'm.tar.gz',
      archive({ path: 'l', type: 'SymbolicLink', linkpath: '../..' }, { path: 'l/x', text: 'x' }),
      /^m\.tar\.gz is refused: its entry "l" is a link to \.\.\/\.\., outside the folder/,
    ],
    [
      'an absolute link',
      'm.tar.gz',
      archive({ path: 'l', type: 'SymbolicLink', linkpath: '/etc' }),
      /^m\.tar\.gz is refused: its entry "l" is a link to \/etc, outside/,
    ],
    [
      'a hard link out',
      'm.tar.gz',
      archive({ path: 'l', type: 'Link', linkpath: '../../etc/passwd' }),
      /^m\.tar\.gz is refused: its entry "l" is a link to \.\.\/\.\.\/etc\/passwd, outside/,
    ],
    [
      'an entry that leads through a link',
      'm.tar.gz',
      archive(
        { path: 'd', type: 'Directory' },
        { path: 'l', type: 'SymbolicLink', linkpath: 'd' },
        { path: 'l/x', text: 'x' },
      ),
      /^m\.tar\.gz is refused: its entry "l\/x" leads through the link l\. /,
    ],
    [
      'two links that lead out together',
      'm.tar.gz',
      archive(
        { path: 'a', type: 'Directory' },
        { path: 'a/b', type: 'SymbolicLink', linkpath: '..' },
        { path: 'c', type: 'SymbolicLink', linkpath: 'a/b/..' },
      ),
      /^m\.tar\.gz is refused: its entry "c" /,
    ],
    [
      'a name that would clear the screen',
      'm.tar.gz',
      archive({ path: '../\u001b[2J', text: 'x' }),
      /^m\.tar\.gz is refused: its entry "\.\.\/␛\[2J" would be written outside/,
    ],
    [
      'a device',
      'm.tar.gz',
      archive({ path: 'd', type: 'CharacterDevice' }),
      /^m\.tar\.gz is refused: its entry "d" is a CharacterDevice, not a file or folder/,
    ],
  ];
  for (const [what, model, content, message] of cases) {
    test(what, async (t) => {
      const box = new Sandbox(t);
      await box.write({ 'in/a.csv': '1\n', ...(content === undefined ? {} : { [model]: content }) });
      const run = await box.transform(model, showsModel);
      assert.equal(run.status, 2, run.all);
      assert.ok(run.stderr.startsWith('millrace: '), run.stderr);
      assert.match(run.stderr.slice('millrace: '.length), message);
      const expected = ['in/a.csv', ...(content === undefined ? [] : [model])];
      assert.deepEqual(await box.files('.'), expected);
    });
  }

  test('a folder that is called like an archive', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'm.tar.gz/x': '' });
    const run = await box.transform('m.tar.gz', showsModel);
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, /m\.tar\.gz is not a model archive \(\.tar\.gz\): it is not a file/);
  });

  test('a model that is no ONNX, without a server for it', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'model/weights.pkl': 'x', 'tree.pkl': 'x' });
    for (const model of ['model', 'tree.pkl']) {
      const run = await box.transform(model);
      assert.equal(run.status, 2, run.all);
      assert.match(
        run.stderr,
        new RegExp(
          `^millrace: Could not find model data at ${model}: .* A model is a \\.onnx file, or a folder or model\\.tar\\.gz that holds one; any folder or archive with --serve\\.$`,
          'm',
        ),
      );
      assert.deepEqual(await box.files('out'), []);
    }
  });
});

describe('models that are there', { concurrency: 4 }, () => {
  test('a folder is used where it is', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'model/a/weights': 'w', 'model/code/x.py': 'p' });
    const run = await box.transform('model', showsModel);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('shown'), './a/weights\n./code/x.py\n');
    assert.equal(await box.read('out/a.csv.out'), lengths('one\n'));
  });

  for (const name of ['model.tar.gz', 'model.tgz']) {
    test(`${name} is unpacked into a folder of its own, which is gone afterwards`, async (t) => {
      const box = new Sandbox(t);
      await box.write({ 'in/a.csv': 'one\n', 'm/a/weights': 'w', 'm/code/x.py': 'p', 'm/code/_x.py': '' });
      await create({ gzip: true, file: box.path(name), cwd: box.path('m') }, ['.']);
      const run = await box.transform(name, showsModel);
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read('shown'), './a/weights\n./code/_x.py\n./code/x.py\n');
      assert.equal(await box.read('out/a.csv.out'), lengths('one\n'));
      assert.deepEqual(await box.files('tmp'), []);
    });
  }

  test('links to something inside are kept', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'm/v1/weights': 'w' });
    await symlink('v1', box.path('m/current'));
    await symlink('../v1/weights', box.path('m/v1/same'));
    execFileSync('tar', ['-czf', box.path('model.tar.gz'), '-C', box.path('m'), '.']);
    const run = await box.transform('model.tar.gz', [
      '--serve',
      `cat "$SM_MODEL_DIR"/current/same > shown; ${serveLines()}`,
    ]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('shown'), 'w');
  });

  test('an unpacked model is gone after a failure too', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\n', 'm/x': '' });
    await mkdir(box.path('out'));
    await create({ gzip: true, file: box.path('model.tar.gz'), cwd: box.path('m') }, ['x']);
    const run = await box.transform('model.tar.gz', ['--serve', 'exit 3']);
    assert.equal(run.status, 1, run.all);
    assert.deepEqual(await box.files('tmp'), []);
  });
});
