import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { objectStoreContract } from '../../test/contract/object-store.ts';
import { assertBytes, failure, keysOf, never, pattern, writeAll } from '../../test/contract/store-under-test.ts';
import { FileStore } from './file-store.ts';

/** Names of partial files below `folder`, found without the store's own idea of them. */
async function partials(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.partial'));
}

objectStoreContract('FileStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  const root = join(folder, 'root');
  await mkdir(root);
  await writeFile(join(folder, 'file'), 'not a folder');
  return {
    store: new FileStore(root, folder),
    broken: new FileStore(join(folder, 'file'), folder),
    put: async (key, bytes) => {
      await mkdir(dirname(join(root, key)), { recursive: true });
      await writeFile(join(root, key), bytes);
    },
    get: (key) => readFile(join(root, key)).catch(() => undefined),
    leftovers: async () => (await partials(root)).length,
    sabotage: async () => {
      for (const name of await partials(root)) await rm(join(root, name));
    },
    dispose: () => rm(folder, { recursive: true }),
  };
});

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Root may do everything; permissions are tried as nobody. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run();
  process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

test('links are followed to files and folders, and lead in no circle', async (t) => {
  const folder = await emptyFolder(t);
  const store = new FileStore(folder, folder);
  await mkdir(join(folder, 'data/inner'), { recursive: true });
  await writeFile(join(folder, 'data/inner/x.csv'), 'x');
  await symlink('data', join(folder, 'linked'));
  await symlink('inner/x.csv', join(folder, 'data/y.csv'));
  await symlink('..', join(folder, 'data/inner/loop'));
  const below = ['inner/x.csv', 'y.csv'];
  assert.deepEqual(
    await keysOf(store, 'data/'),
    below.map((key) => `data/${key}`),
  );
  assert.deepEqual(
    await keysOf(store, 'linked/'),
    below.map((key) => `linked/${key}`),
  );
  assert.equal((await keysOf(store, 'li')).length, 2);
});

test('what is no file is not listed: partial outputs of others, pipes, sockets', async (t) => {
  const folder = await emptyFolder(t);
  const store = new FileStore(folder, folder);
  const writer = await store.create('x.csv.out', { signal: never });
  await writer.write(Buffer.from('half'));
  const [partial] = await partials(folder);
  assert.match(partial ?? '', /^\.x\.csv\.out\.[0-9a-f]{12}\.partial$/);
  await writeFile(join(folder, 'mine.partial'), 'a name like any other');
  assert.deepEqual(await keysOf(store, ''), ['mine.partial']);
  await writer.commit();
  assert.deepEqual(await keysOf(store, ''), ['mine.partial', 'x.csv.out']);
});

test('a key that is no path below the folder is refused, whatever it is meant for', async (t) => {
  const folder = await emptyFolder(t);
  await mkdir(join(folder, 'root'));
  await writeFile(join(folder, 'secret'), 'x');
  const store = new FileStore(join(folder, 'root'), folder);
  const keys = ['../secret', 'a/../../secret', '/etc/passwd', 'a//b', './a', 'a/.', 'a/', 'a\0b', '', 'x'.repeat(256)];
  for (const key of keys) {
    await failure(store.open(key, { signal: never }), 'ObjectNameUnsafe');
    await failure(store.create(key, { signal: never }), 'ObjectNameUnsafe');
    await failure(store.remove(key, never), 'ObjectNameUnsafe');
    assert.equal(await store.head(key, never), undefined);
  }
  assert.deepEqual(await readdir(folder), ['root', 'secret']);
  assert.deepEqual(await readdir(join(folder, 'root')), []);
});

test('a name may have the 255 bytes that file systems allow', async (t) => {
  const folder = await emptyFolder(t);
  const store = new FileStore(folder, folder);
  for (const name of ['x'.repeat(255), 'é'.repeat(127), '日'.repeat(85), '\u{1f389}'.repeat(63)]) {
    await writeAll(store, `dir/${name}`, Buffer.from('x'));
    assert.deepEqual(await keysOf(store, `dir/${name}`), [`dir/${name}`]);
  }
  assert.equal((await readdir(join(folder, 'dir'))).length, 4);
});

test('missing permissions are told with the place that lacks them', async (t) => {
  const folder = await emptyFolder(t);
  await chmod(folder, 0o755);
  const store = new FileStore(folder, folder);
  await mkdir(join(folder, 'locked'));
  await writeFile(join(folder, 'locked/x'), 'x');
  await writeFile(join(folder, 'unreadable'), 'x');
  await chmod(join(folder, 'unreadable'), 0);
  await chmod(join(folder, 'locked'), 0);
  await asNobody(async () => {
    const read = await failure(store.open('unreadable', { signal: never }), 'ReadFailed');
    assert.match(read.message, /EACCES/);
    const write = await failure(store.create('locked/y', { signal: never }), 'WriteFailed');
    assert.equal(write.details.output, 'locked/y');
    const removed = await failure(store.remove('locked/x', never), 'WriteFailed');
    assert.match(removed.message, /^Writing locked\/x failed: EACCES/);
    const listed = await failure(keysOf(store, ''), 'InputNotFound');
    assert.match(listed.message, /locked.*EACCES/);
    const check = await failure(store.checkWritable('locked/deep', never), 'OutputNotWritable');
    assert.match(check.message, /locked\/deep.*EACCES/);
  });
  await chmod(join(folder, 'locked'), 0o755);
});

test('what cannot be read is not passed over in silence: links to nothing, names that are not UTF-8', async (t) => {
  const folder = await emptyFolder(t);
  const store = new FileStore(folder, folder);
  await symlink('gone', join(folder, 'dangling'));
  await symlink('self', join(folder, 'self'));
  if (process.platform === 'linux') {
    await writeFile(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), 'x');
    t.after(() => spawnSync('rm', ['-r', folder])); // Node's own rm cannot name it either
  }
  for (const key of await keysOf(store, '')) {
    await failure(store.open(key, { signal: never }), key === 'self' ? 'ReadFailed' : 'ObjectNotFound');
  }
  assert.equal((await keysOf(store, '')).length, process.platform === 'linux' ? 3 : 2);
});

test('a file that shrinks while it is read is an object that changed; one that grows ends where it did', async (t) => {
  const folder = await emptyFolder(t);
  const store = new FileStore(folder, folder);
  await writeFile(join(folder, 'o'), pattern(1000));
  const grown = await store.open('o', { signal: never });
  await writeFile(join(folder, 'o'), 'more', { flag: 'a' });
  const bytes = Buffer.alloc(2000);
  assert.equal(await grown.read(bytes), 1000);
  assertBytes(bytes.subarray(0, 1000), pattern(1000));
  assert.equal(await grown.read(bytes), 0);
  await grown.close();
  const shrunk = await store.open('o', { signal: never });
  await shrunk.read(Buffer.alloc(100));
  await truncate(join(folder, 'o'), 50);
  const error = await failure(shrunk.read(Buffer.alloc(100)), 'ObjectChanged');
  assert.match(error.message, /1004 bytes.*byte 100/);
  await shrunk.close();
});

test('a folder that is removed between two outputs is made again', async (t) => {
  const folder = await emptyFolder(t);
  const store = new FileStore(folder, folder);
  await writeAll(store, 'out/a', Buffer.from('a'));
  await rm(join(folder, 'out'), { recursive: true });
  await writeAll(store, 'out/b', Buffer.from('b'));
  assert.deepEqual(await keysOf(store, ''), ['out/b']);
});

test('a full disk is named, and nothing stays of the output', async (t) => {
  const folder = join(await emptyFolder(t), 'disk');
  await mkdir(folder);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'millrace-test', folder]);
  if (mount.status !== 0) return t.skip('a disk of its own needs root and Linux');
  const store = new FileStore(folder, folder);
  try {
    for (const piece of [3_000_000, 1000]) {
      const writer = await store.create('o', { signal: never });
      const write = async (): Promise<void> => {
        for (let at = 0; at < 3_000_000; at += piece) await writer.write(Buffer.alloc(piece));
        await writer.commit();
      };
      const error = await failure(write(), 'WriteFailed');
      assert.match(error.message, /^Writing o failed: ENOSPC.*the disk is full/);
      await writer.abort();
      assert.deepEqual(await readdir(folder), []);
    }
  } finally {
    spawnSync('umount', [folder]);
  }
});

test('a place is written the way the user would', () => {
  const store = new FileStore('/', '/home/ann');
  assert.equal(store.locate('home/ann/out/x'), 'out/x');
  assert.equal(store.locate('home/ann'), '.');
  assert.equal(store.locate('home/bob/x'), '/home/bob/x');
  assert.equal(store.locate('home/ann/..x'), '..x');
});

test('the address of a key does not depend on where the user stands', () => {
  const store = new FileStore('/', '/home/ann');
  assert.equal(store.address('home/ann/out/x'), '/home/ann/out/x');
  assert.equal(store.address('home/ann/'), '/home/ann/');
  assert.equal(store.address(''), '/');
});
