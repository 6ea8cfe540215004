import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { NOBODY, type RunOptions, Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';

// Root may read and write everything, so that it takes somebody else to be refused.
const asUser: RunOptions = process.getuid?.() === 0 ? { uid: NOBODY } : {};
const permissions = { skip: process.platform === 'win32' && 'no permissions of this kind' };
/** A server command that leaves a trace when it is started, which it must not be. */
const serve = ['--serve', 'touch started'];

async function refused(box: Sandbox, args: readonly string[], message: RegExp, options?: RunOptions): Promise<void> {
  await box.write({ 'model/x': '' });
  const run = await box.transform('model', [...serve, ...args], options);
  assert.equal(run.status, 2, run.all);
  assert.match(run.stderr, message);
  assert.equal(run.stderr.trimEnd().split('\n').length, 1, run.stderr);
  assert.equal(run.stdout, '');
  assert.ok(!(await box.files('.')).includes('started'), 'the model server was started');
}

describe('inputs that cannot be read', { concurrency: 4 }, () => {
  test('no such path', async (t) => {
    const box = new Sandbox(t);
    await refused(box, ['--input', 'nowhere'], /No input at nowhere: ENOENT.*Check the path; it is relative to \//);
    assert.deepEqual(await box.files('out'), []);
  });

  test('a path below a file', async (t) => {
    const box = new Sandbox(t);
    await box.write({ file: 'x' });
    await refused(box, ['--input', 'file/x.csv'], /No input at file\/x\.csv: ENOTDIR/);
  });

  test('an empty folder, also one with only folders in it', async (t) => {
    const box = new Sandbox(t);
    await mkdir(box.path('in/a/b'), { recursive: true });
    await refused(box, [], /Nothing to do: there is no file under in\./);
  });

  test('a pipe', { skip: process.platform === 'win32' && 'no named pipes' }, async (t) => {
    const box = new Sandbox(t);
    execFileSync('mkfifo', [box.path('pipe')]);
    await refused(box, ['--input', 'pipe'], /No input at pipe: it is neither a file nor a folder\./);
  });

  test('a folder that may not be read', permissions, async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'in/locked/b.csv': '2\n' });
    await chmod(box.path('in/locked'), 0);
    await refused(box, [], /No input at in\/locked: EACCES/, asUser);
  });

  test('a file that may not be read fails alone', permissions, async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n', 'in/b.csv': '2\n', 'in/c.csv': '3\n' });
    await chmod(box.path('in/b.csv'), 0);
    const run = await box.transform(server.url, [], asUser);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/b\.csv: Reading failed at byte 0: EACCES: permission denied/);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions('1\n'), 'c.csv.out': predictions('3\n') });
  });

  test('a file that shrinks while it is read fails alone', async (t) => {
    const box = new Sandbox(t);
    const line = `${'x'.repeat(1023)}\n`;
    await box.write({ 'in/a.csv': line.repeat(20_000), 'in/b.csv': '2\n' });
    const server = await startModelServer(t, {
      invoke: async ({ number, body }) => {
        // The first mini-batch is at the server; of 20 MB at most a few more are read.
        if (number === 1) await writeFile(box.path('in/a.csv'), line);
        return predictions(body);
      },
    });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stderr,
      /in\/a\.csv: The object changed while it was read: it had 20480000 bytes and now ends at byte \d+\. Run it again/,
    );
    assert.deepEqual(await box.tree('out'), { 'b.csv.out': predictions('2\n') });
  });
});

describe('outputs that cannot be written', { concurrency: 4 }, () => {
  test('a file in place of the folder', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', out: 'a file' });
    await refused(box, [], /Cannot write to out: .*\/out is a file, not a folder\. Choose another --output\./);
    assert.equal(await box.read('out'), 'a file');
  });

  test('a folder below a file', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', file: 'a file' });
    await refused(box, ['--output', 'file/deep/out'], /Cannot write to file\/deep\/out: ENOTDIR/);
  });

  test('a folder that may not be written', permissions, async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'locked/x': '' });
    await chmod(box.path('locked'), 0o555);
    await refused(box, ['--output', 'locked'], /Cannot write to locked: EACCES/, asUser);
    await refused(box, ['--output', 'locked/not/yet/there'], /Cannot write to locked\/not\/yet\/there: EACCES/, asUser);
  });

  test('a folder in place of one output fails that object', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n', 'in/b.csv': '2\n', 'in/c.csv': '3\n', 'out/b.csv.out/x': 'in the way' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/b\.csv: Writing out\/b\.csv\.out failed: EISDIR/);
    assert.deepEqual(await box.tree('out'), {
      'a.csv.out': predictions('1\n'),
      'b.csv.out/x': 'in the way',
      'c.csv.out': predictions('3\n'),
    });
  });

  test('a file in place of a folder of the output fails what would be below it', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n', 'in/dir/b.csv': '2\n', 'out/dir': 'in the way' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/dir\/b\.csv: Writing out\/dir\/b\.csv\.out failed: (EEXIST|ENOTDIR)/);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions('1\n'), dir: 'in the way' });
  });

  test('a folder of the output that may not be written fails what would be in it', permissions, async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n', 'in/dir/b.csv': '2\n', 'out/dir/x': '' });
    await chmod(box.path('out'), 0o777);
    await chmod(box.path('out/dir'), 0o555);
    const run = await box.transform(server.url, [], asUser);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/dir\/b\.csv: Writing out\/dir\/b\.csv\.out failed: EACCES/);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions('1\n'), 'dir/x': '' });
  });

  test('a full disk fails what does not fit', { skip: noMount() }, async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: ({ body }) => body })];
    const large = `${'x'.repeat(99)}\n`.repeat(30_000);
    await box.write({ 'in/a.csv': 'small\n', 'in/b.csv': 'small too\n', 'in/c.csv': large });
    await mkdir(box.path('out'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', box.path('out')]);
    try {
      const run = await box.transform(server.url);
      assert.equal(run.status, 1, run.all);
      assert.match(
        run.stderr,
        /in\/c\.csv: Writing out\/c\.csv\.out failed: ENOSPC: no space left on device, write \(the disk is full: make room or choose another --output\)/,
      );
      assert.deepEqual(await box.tree('out'), { 'a.csv.out': 'small\n', 'b.csv.out': 'small too\n' });
    } finally {
      execFileSync('umount', [box.path('out')]);
    }
  });
});

function noMount(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can make a small disk';
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'mounting is not allowed here';
  }
}
