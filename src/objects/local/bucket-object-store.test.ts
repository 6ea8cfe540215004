import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { objectStoreContract } from '../../../test/contract/object-store.ts';
import { failure, keysOf, never, pattern, writeAll } from '../../../test/contract/store-under-test.ts';
import { MemoryAttributes } from '../../../test/memory-attributes.ts';
import { BucketObjectStore } from './bucket-object-store.ts';
import { KeyPaths } from './key-path.ts';
import { openLocalStore } from './local-store.ts';

const paths = new KeyPaths({ foldsCase: process.platform !== 'linux', windows: process.platform === 'win32' });

objectStoreContract('BucketObjectStore', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
  const embedded = await openLocalStore(root, new MemoryAttributes());
  await embedded.createBucket('bucket');
  const pathOf = (key: string): string => {
    const { folders, file } = paths.path(key);
    return join(root, 'buckets/bucket', ...folders, file === '' ? '%' : file);
  };
  return {
    store: new BucketObjectStore(embedded, 'bucket'),
    broken: new BucketObjectStore(embedded, 'missing'),
    put: async (key, bytes) => {
      await mkdir(dirname(pathOf(key)), { recursive: true });
      await writeFile(pathOf(key), bytes);
    },
    get: (key) => readFile(pathOf(key)).catch(() => undefined),
    leftovers: async () => (await readdir(join(root, 'tmp'))).length,
    sabotage: async () => {
      for (const name of await readdir(join(root, 'tmp'))) await rm(join(root, 'tmp', name));
    },
    dispose: () => rm(root, { recursive: true }),
  };
});

test('a bucket is asked for when it is needed, and missed in words', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
  t.after(() => rm(root, { recursive: true }));
  const embedded = await openLocalStore(root, new MemoryAttributes());
  const store = new BucketObjectStore(embedded, 'later');
  const missing = await failure(store.checkWritable('out/', never), 'BucketNotFound');
  assert.match(missing.message, /"later" at the embedded store/);
  await failure(keysOf(store, ''), 'BucketNotFound');
  await failure(store.head('o', never), 'BucketNotFound');
  await failure(store.remove('o', never), 'WriteFailed');
  await embedded.createBucket('later');
  await store.checkWritable('out/', never);
  await writeAll(store, 'o', pattern(10));
  const info = await store.head('o', never);
  assert.match(info?.etag ?? '', /^"[0-9a-f]{32}"$/);
  assert.equal(store.nameOf('o'), 'later/o');
});

test('what a job writes has its content type, and what it reads stays as it was opened', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
  t.after(() => rm(root, { recursive: true }));
  const embedded = await openLocalStore(root, new MemoryAttributes());
  await embedded.createBucket('bucket');
  const store = new BucketObjectStore(embedded, 'bucket');
  const writer = await store.create('o', { contentType: 'text/csv', signal: never });
  await writer.write(Buffer.from('old'));
  await writer.commit();
  const bucket = await embedded.bucket('bucket');
  assert.deepEqual((await bucket?.head('o'))?.headers, { 'content-type': 'text/csv' });
  const reader = await store.open('o', { start: 1, signal: never });
  await writeAll(store, 'o', Buffer.from('other'));
  const bytes = Buffer.alloc(10);
  assert.equal(await reader.read(bytes), 2);
  assert.equal(bytes.toString('utf8', 0, 2), 'ld');
  await reader.close();
});
