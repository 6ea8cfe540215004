import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { failure, pattern } from '../../../test/contract/store-under-test.ts';
import { embeddedBucket, get, keysOf, put } from '../../../test/embedded-bucket.ts';

test('files that somebody puts there or edits are objects with what can be told of them', async (t) => {
  const { bucket, folder } = await embeddedBucket(t);
  await mkdir(join(folder, 'by'));
  await writeFile(join(folder, 'by/hand.csv'), '1,2');
  const made = await bucket.head('by/hand.csv');
  assert(made);
  assert.match(made.etag, /^[0-9a-f]{32}-0$/);
  assert.deepEqual([made.size, made.headers, made.checksum, made.partSizes], [3, {}, undefined, undefined]);
  assert.deepEqual(await bucket.head('by/hand.csv'), made, 'the same as long as it is the same');
  await put(bucket, 'o', '1,2');
  await appendFile(join(folder, 'o'), ',3');
  const edited = await bucket.head('o');
  assert.match(edited?.etag ?? '', /-0$/);
  assert.notEqual(edited?.etag, made.etag);
  assert.deepEqual(await keysOf(bucket), ['by/hand.csv', 'o']);
  assert.equal((await get(bucket, 'o'))?.toString(), '1,2,3');
  await put(bucket, 'o', 'again');
  assert.equal((await bucket.head('o'))?.etag, createHash('md5').update('again').digest('hex'));
});

test('what is behind a link is read and never changed', async (t) => {
  const { bucket, folder, root } = await embeddedBucket(t);
  await mkdir(join(root, 'elsewhere/data'), { recursive: true });
  await writeFile(join(root, 'elsewhere/data/x.csv'), 'x');
  await symlink(join(root, 'elsewhere'), join(folder, 'linked'));
  await symlink(join(root, 'elsewhere/data/x.csv'), join(folder, 'y.csv'));
  assert.deepEqual(await keysOf(bucket), ['linked/data/x.csv', 'y.csv']);
  assert.equal((await get(bucket, 'linked/data/x.csv'))?.toString(), 'x');
  for (const key of ['linked/data/x.csv', 'linked/new', 'linked/data/deep/new']) {
    const error = await failure(put(bucket, key), 'WriteFailed');
    assert.match(error.message, /link/);
  }
  await failure(bucket.remove('linked/data/x.csv'), 'WriteFailed');
  await put(bucket, 'y.csv', 'replaced');
  await put(bucket, 'linked', 'beside it');
  assert.equal(await readFile(join(root, 'elsewhere/data/x.csv'), 'utf8'), 'x');
  assert.deepEqual(await readdir(join(root, 'elsewhere'), { recursive: true }), ['data', 'data/x.csv']);
  assert.equal(await readlink(join(folder, 'linked')), join(root, 'elsewhere'));
});

test('a file that is cut off while it is read is an object that changed', async (t) => {
  const { bucket, folder } = await embeddedBucket(t);
  await put(bucket, 'o', pattern(1000));
  const reader = await bucket.open('o');
  assert(reader);
  await writeFile(join(folder, 'o'), 'short');
  const read = async (): Promise<void> => {
    for await (const _ of reader.bytes(0, 1000));
  };
  const error = await failure(read(), 'ObjectChanged');
  assert.match(error.message, /1000 bytes.*byte 5/);
  await reader.close();
});

test('an object that is replaced while it is looked at is seen as one state', async (t) => {
  const { store, folder, index } = await embeddedBucket(t);
  await writeFile(join(folder, 'o'), 'old');
  let gets = 0;
  const get = index.get.bind(index);
  index.get = (...of) => {
    gets += 1;
    if (gets === 1) {
      writeFileSync(join(folder, 'new'), 'newer');
      renameSync(join(folder, 'new'), join(folder, 'o'));
    }
    return get(...of);
  };
  const bucket = await store.bucket('bucket');
  assert.equal((await bucket?.head('o'))?.size, 5);
  gets = 0;
  const reader = await bucket?.open('o');
  assert.equal(gets, 2);
  assert.equal(reader?.object.size, 5);
  for await (const chunk of reader?.bytes(0, 5) ?? []) assert.equal(chunk.toString(), 'newer');
  await reader?.close();
});
