import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { failure, never, pattern } from '../../../test/contract/store-under-test.ts';
import { embeddedBucket, get, keysOf, put, putWhen } from '../../../test/embedded-bucket.ts';
import { MemoryAttributes } from '../../../test/memory-attributes.ts';
import { openLocalStore } from './local-store.ts';
import { checksumAlgorithms } from './stored-object.ts';

test('an object is its own file, with all that was sent with it', async (t) => {
  const { bucket, folder, leftovers, reopen } = await embeddedBucket(t);
  const before = Date.now() - 1000;
  const writer = await bucket.create('data/x y.csv', {
    headers: { 'content-type': 'text/csv', 'x-amz-meta-a': 'ü' },
    checksum: 'CRC32',
  });
  await writer.write(Buffer.from('1234'));
  await writer.write(Buffer.from('56789'));
  assert.deepEqual(writer.digest(), {
    md5: '25f9e794323b453885f5181f1b624d0b',
    size: 9,
    checksum: { algorithm: 'CRC32', value: 'y/Q5Jg==', type: 'FULL_OBJECT' },
  });
  await assert.rejects(writer.write(Buffer.from('more')));
  const outcome = await writer.commit();
  assert('object' in outcome);
  const { modifiedAt, ...object } = outcome.object;
  assert.deepEqual(object, {
    key: 'data/x y.csv',
    size: 9,
    etag: '25f9e794323b453885f5181f1b624d0b',
    headers: { 'content-type': 'text/csv', 'x-amz-meta-a': 'ü' },
    checksum: { algorithm: 'CRC32', value: 'y/Q5Jg==', type: 'FULL_OBJECT' },
    partSizes: undefined,
  });
  assert(modifiedAt > before && modifiedAt < Date.now() + 1000);
  assert.equal(await readFile(join(folder, 'data/x y.csv'), 'utf8'), '123456789');
  assert.deepEqual(await leftovers(), []);
  for (const somebody of [bucket, await reopen()]) {
    assert.deepEqual(await somebody.head('data/x y.csv'), outcome.object);
    const page = await somebody.list({ prefix: '', delimiter: undefined, after: '', limit: 10 }, never);
    assert.deepEqual(page, { objects: [outcome.object], commonPrefixes: [], next: undefined });
    const reader = await somebody.open('data/x y.csv');
    assert.deepEqual(reader?.object, outcome.object);
    await reader?.close();
  }
});

test('every checksum that clients ask for', async (t) => {
  const { bucket } = await embeddedBucket(t);
  const known = {
    CRC32: 'y/Q5Jg==',
    CRC32C: '4waSgw==',
    CRC64NVME: 'rosUhgp5mIg=',
    SHA1: createHash('sha1').update('123456789').digest('base64'),
    SHA256: createHash('sha256').update('123456789').digest('base64'),
  };
  for (const algorithm of checksumAlgorithms) {
    const writer = await bucket.create('o', { headers: {}, checksum: algorithm });
    await writer.write(Buffer.from('123456789'));
    assert.equal(writer.digest().checksum?.value, known[algorithm]);
    await writer.abort();
  }
  const large = pattern(1_000_000);
  const writer = await bucket.create('o', { headers: {}, checksum: 'SHA256' });
  for (let at = 0; at < large.length; at += 70_001) await writer.write(large.subarray(at, at + 70_001));
  assert.equal(writer.digest().checksum?.value, createHash('sha256').update(large).digest('base64'));
  assert.equal(writer.digest().md5, createHash('md5').update(large).digest('hex'));
  await writer.commit();
  assert((await get(bucket, 'o'))?.equals(large));
});

test('an object and the objects below its name, whichever comes first', async (t) => {
  for (const order of [
    ['a', 'a/b', 'a/b/c'],
    ['a/b/c', 'a/b', 'a'],
    ['a/b', 'a', 'a/b/c'],
  ]) {
    const { bucket, folder } = await embeddedBucket(t);
    for (const key of order) await put(bucket, key);
    assert.deepEqual(await keysOf(bucket), ['a', 'a/b', 'a/b/c']);
    assert.deepEqual((await readdir(folder)).sort(), ['a', 'a%']);
    for (const key of order) {
      assert.equal((await get(bucket, key))?.toString(), key);
      assert.equal(
        (await bucket.head(key))?.etag,
        createHash('md5').update(key).digest('hex'),
        'not taken for handmade',
      );
      await put(bucket, key, `${key} again`);
      assert.equal((await get(bucket, key))?.toString(), `${key} again`);
    }
    assert.deepEqual(await keysOf(bucket), ['a', 'a/b', 'a/b/c']);
    await bucket.remove('a/b');
    await bucket.remove('a/b/c');
    await put(bucket, 'a', 'alone');
    assert.deepEqual(await readdir(folder), ['a%'], 'one object is one file');
    for (const key of ['a/b', 'a/b/c']) await put(bucket, key);
    for (const key of order) assert.equal(await bucket.remove(key), true);
    assert.deepEqual(await readdir(folder), [], 'folders go with the last object in them');
  }
});

test('it does what a map of keys would do', async () => {
  const keys = [
    'a',
    'a/',
    'a//',
    'a/b',
    'a/b/c',
    'a%',
    'a/%',
    '%',
    '/',
    '//a',
    '..',
    '../a',
    '\0',
    'x'.repeat(300),
    `${'x'.repeat(300)}/y`,
  ];
  const step = fc.tuple(
    fc.constantFrom(...keys),
    fc.constantFrom('put', 'put', 'remove', 'abort'),
    fc.string({ maxLength: 5 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const root = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
      try {
        const index = new MemoryAttributes();
        const store = await openLocalStore(root, index);
        await store.createBucket('bucket');
        const bucket = await store.bucket('bucket');
        assert(bucket);
        const model = new Map<string, string>();
        for (const [key, what, body] of steps) {
          if (what === 'put') {
            await put(bucket, key, body);
            model.set(key, body);
          } else if (what === 'remove') assert.equal(await bucket.remove(key), model.delete(key));
          else await (await bucket.create(key, { headers: {}, checksum: undefined })).abort();
        }
        for (const key of keys) {
          assert.equal((await get(bucket, key))?.toString(), model.get(key), JSON.stringify(key));
          const md5 = createHash('md5')
            .update(model.get(key) ?? '')
            .digest('hex');
          assert.equal((await bucket.head(key))?.etag, model.has(key) ? md5 : undefined);
        }
        assert.deepEqual(await keysOf(bucket, { limit: 3 }), [...model.keys()].sort());
        assert.equal(index.size, model.size, 'rows of what is gone are forgotten');
        assert.deepEqual(await readdir(join(root, 'tmp')), []);
        if (model.size === 0) assert.deepEqual(await readdir(join(root, 'buckets/bucket')), []);
      } finally {
        await rm(root, { recursive: true });
      }
    }),
    { numRuns: 20 },
  );
});

test('pages end where they should, and say so only when there is more', async (t) => {
  const { bucket, folder } = await embeddedBucket(t);
  for (const key of ['a', 'b/1', 'b/2', 'c', 'd/x/y', 'e']) {
    await mkdir(join(folder, key, '..'), { recursive: true });
    await writeFile(join(folder, key), key);
  }
  for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
    assert.deepEqual(await keysOf(bucket, { limit }), ['a', 'b/1', 'b/2', 'c', 'd/x/y', 'e']);
  }
  const request = { prefix: '', delimiter: '/', after: '', limit: 5 };
  const page = await bucket.list(request, never);
  assert.deepEqual(
    page.objects.map(({ key }) => key),
    ['a', 'c', 'e'],
  );
  assert.deepEqual(page.commonPrefixes, ['b/', 'd/']);
  assert.equal(page.next, undefined);
  const first = await bucket.list({ ...request, limit: 2 }, never);
  assert.deepEqual([first.objects.length, first.commonPrefixes, first.next], [1, ['b/'], 'b/']);
  const second = await bucket.list({ ...request, after: 'b/', limit: 2 }, never);
  assert.deepEqual([second.objects.map(({ key }) => key), second.commonPrefixes, second.next], [['c'], ['d/'], 'd/']);
  assert.deepEqual(await bucket.list({ ...request, limit: 0 }, never), {
    objects: [],
    commonPrefixes: [],
    next: undefined,
  });
  const reason = new Error('enough');
  await assert.rejects(bucket.list(request, AbortSignal.abort(reason)), reason);
});

test('of many who want to be the first, one is', async (t) => {
  const { bucket, leftovers } = await embeddedBucket(t);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      putWhen(bucket, 'lock/o', `writer ${at}`, (current) => current === undefined),
    ),
  );
  const [winner, ...others] = outcomes.filter((outcome) => 'object' in outcome);
  assert(winner && others.length === 0);
  for (const outcome of outcomes) if ('refused' in outcome) assert.deepEqual(outcome.refused, winner.object);
  assert.deepEqual(await bucket.head('lock/o'), winner.object);
  assert.deepEqual(await leftovers(), []);
});

test('a counter that is only replaced as it was read loses nothing', async (t) => {
  const { bucket } = await embeddedBucket(t);
  await put(bucket, 'count', '0');
  const increment = async (): Promise<void> => {
    for (;;) {
      const reader = await bucket.open('count');
      assert(reader);
      let text = '';
      for await (const chunk of reader.bytes(0, reader.object.size)) text += chunk.toString();
      await reader.close();
      const { etag } = reader.object;
      assert.equal(etag, createHash('md5').update(text).digest('hex'), 'bytes and ETag are of one state');
      const outcome = await putWhen(bucket, 'count', String(Number(text) + 1), (current) => current?.etag === etag);
      if ('object' in outcome) return;
    }
  };
  await Promise.all(Array.from({ length: 12 }, increment));
  assert.equal((await get(bucket, 'count'))?.toString(), '12');
});

test('puts and removals of neighbours do not pull folders from under each other', async (t) => {
  const { bucket, folder, index } = await embeddedBucket(t);
  const churn = async (key: string): Promise<void> => {
    for (let round = 0; round < 15; round++) {
      await put(bucket, key);
      assert.equal((await get(bucket, key))?.toString(), key);
      assert.equal(await bucket.remove(key), true);
    }
  };
  await Promise.all(['a', 'a/b', 'a/b/c', 'a/b/d', 'a/b/c/e'].map(churn));
  assert.deepEqual(await readdir(folder), []);
  assert.equal(index.size, 0);
});

test('a removal may have a condition, too', async (t) => {
  const { bucket } = await embeddedBucket(t);
  const { etag } = await put(bucket, 'o');
  assert.equal(await bucket.remove('o', (current) => current?.etag !== etag), false);
  assert.equal(await bucket.remove('none', () => true), false);
  assert.equal(await bucket.remove('o', (current) => current?.etag === etag), true);
  assert.equal(await bucket.head('o'), undefined);
});

test('a reader keeps the object that it has opened, any part of it', async (t) => {
  const { bucket } = await embeddedBucket(t);
  const bytes = pattern(1_500_000);
  await put(bucket, 'o', bytes);
  const reader = await bucket.open('o');
  assert(reader);
  await put(bucket, 'o', 'other');
  await bucket.remove('o');
  const chunks: Buffer[] = [];
  for await (const chunk of reader.bytes(123, 1_400_000)) {
    assert(chunk.length <= 1024 * 1024);
    chunks.push(chunk);
  }
  assert(Buffer.concat(chunks).equals(bytes.subarray(123, 1_400_000)));
  let seen = 0;
  for await (const chunk of reader.bytes(0, bytes.length)) {
    seen += chunk.length;
    await reader.close();
  }
  assert(seen > 0 && seen < bytes.length, 'closing ends it');
  assert.equal(await bucket.open('o'), undefined);
});

test('a write that fails leaves nothing, also not the folders for it', async (t) => {
  const { bucket, folder, root, leftovers, index } = await embeddedBucket(t);
  const writer = await bucket.create('new/folder/o', { headers: {}, checksum: undefined });
  await writer.write(pattern(600_000));
  const [temporary = ''] = await readdir(join(root, 'tmp'));
  await rm(join(root, 'tmp', temporary));
  await failure(writer.commit(), 'WriteFailed');
  const late = putWhen(bucket, 'new/folder/o', 'x', () => {
    for (const name of readdirSync(join(root, 'tmp'))) rmSync(join(root, 'tmp', name));
    return true;
  });
  await failure(late, 'WriteFailed');
  await mkdir(join(folder, 'a%'));
  await mkdir(join(folder, 'a'));
  const error = await failure(put(bucket, 'a'), 'WriteFailed');
  assert.match(error.message, /^Writing s3:\/\/bucket\/a failed: E/);
  assert.deepEqual((await readdir(folder)).sort(), ['a', 'a%']);
  for (const key of ['', 'x'.repeat(1025), 'a\ud800']) await failure(put(bucket, key), 'WriteFailed');
  assert.deepEqual(await leftovers(), []);
  assert.equal(index.size, 0);
});
