import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { failure, pattern } from '../../../test/contract/store-under-test.ts';
import { embeddedBucket, get, keysOf, put } from '../../../test/embedded-bucket.ts';
import { MemoryAttributes } from '../../../test/memory-attributes.ts';
import { openLocalStore } from './local-store.ts';

test('a full disk is named, and nothing stays of the object', async (t) => {
  const disk = await mkdtemp(join(tmpdir(), 'millrace-disk-'));
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=20', 'millrace-test', disk]);
  try {
    if (mount.status !== 0) return t.skip('a disk of its own needs root and Linux');
    const store = await openLocalStore(disk, new MemoryAttributes());
    await store.createBucket('bucket');
    const bucket = await store.bucket('bucket');
    assert(bucket);
    await put(bucket, 'o', 'old');
    for (const piece of [3_000_000, 1000]) {
      const writer = await bucket.create('o', { headers: {}, checksum: undefined });
      const write = async (): Promise<void> => {
        for (let at = 0; at < 3_000_000; at += piece) await writer.write(Buffer.alloc(piece));
        await writer.commit();
      };
      const error = await failure(write(), 'WriteFailed');
      assert.match(error.message, /ENOSPC.*the disk is full/);
      await writer.abort();
      assert.deepEqual(await readdir(join(disk, 'tmp')), []);
      assert.equal((await get(bucket, 'o'))?.toString(), 'old');
    }
    const deep = Array.from({ length: 30 }, (_, at) => at).join('/');
    assert.match((await failure(put(bucket, deep), 'WriteFailed')).message, /ENOSPC/);
    assert.deepEqual(await readdir(join(disk, 'buckets/bucket')), ['o'], 'no empty folders');
    const { id } = await bucket.beginUpload('o', { headers: {}, checksum: undefined });
    const part = await (await bucket.upload(id))?.writePart(1, { size: 3_000_000, checksum: undefined });
    assert(part);
    await failure(part.write(Buffer.alloc(3_000_000)), 'WriteFailed');
    await part.abort();
    assert.deepEqual(await (await bucket.upload(id))?.parts(), []);
  } finally {
    if (mount.status === 0) spawnSync('umount', [disk]);
    await rm(disk, { recursive: true });
  }
});

test('what a killed process was writing is swept away', async (t) => {
  const { bucket, root, reopen } = await embeddedBucket(t);
  const writer = await bucket.create('o', { headers: {}, checksum: undefined });
  await writer.write(pattern(1_000_000));
  await mkdir(join(root, 'tmp/half/removed'), { recursive: true });
  assert.equal((await readdir(join(root, 'tmp'))).length, 2);
  const later = await reopen();
  assert.deepEqual(await readdir(join(root, 'tmp')), []);
  assert.deepEqual(await keysOf(later), []);
  await writer.abort();
});

test('buckets are folders', async (t) => {
  const { store, root, bucket, leftovers } = await embeddedBucket(t);
  const before = Date.now() - 1000;
  assert.equal(await store.createBucket('another'), true);
  assert.equal(await store.createBucket('another'), false);
  await mkdir(join(root, 'buckets/by-hand'));
  await mkdir(join(root, 'buckets/No Bucket'));
  await writeFile(join(root, 'buckets/file'), '');
  const buckets = await store.buckets();
  assert.deepEqual(
    buckets.map(({ name }) => name),
    ['another', 'bucket', 'by-hand'],
  );
  for (const { createdAt } of buckets) assert(createdAt > before - 60_000 && createdAt <= Date.now() + 1000);
  for (const name of ['none', 'file', '..', '', 'No Bucket', 'bucket/', '../tmp']) {
    assert.equal(await store.bucket(name), undefined, name);
  }
  await failure(store.createBucket('../x'), 'WriteFailed');
  await put(bucket, 'a/b');
  assert.equal(await store.removeBucket('bucket'), false);
  await bucket.remove('a/b');
  await mkdir(join(root, 'buckets/bucket/empty/folder'), { recursive: true });
  await bucket.beginUpload('o', { headers: {}, checksum: undefined });
  const late = await bucket.create('late', { headers: {}, checksum: undefined });
  assert.equal(await store.removeBucket('bucket'), true);
  assert.equal(await store.bucket('bucket'), undefined);
  assert.equal(await store.createBucket('bucket'), true);
  await failure(late.commit(), 'WriteFailed');
  await failure(bucket.beginUpload('o', { headers: {}, checksum: undefined }), 'WriteFailed');
  const again = await store.bucket('bucket');
  assert(again);
  assert.deepEqual([await keysOf(again), await again.uploads('')], [[], []]);
  assert.deepEqual(await leftovers(), []);
});
