import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { failure, pattern } from '../../../test/contract/store-under-test.ts';
import { type EmbeddedUnderTest, embeddedBucket, get, put } from '../../../test/embedded-bucket.ts';
import type { EmbeddedBucket, EmbeddedUpload, PartInfo, WriteOutcome } from './embedded-store.ts';

const SIZE = 100_000;
const plain = { headers: {}, checksum: undefined };

async function begin(bucket: EmbeddedBucket, key = 'o'): Promise<EmbeddedUpload> {
  return find(bucket, (await bucket.beginUpload(key, plain)).id);
}

async function find(bucket: EmbeddedBucket, id: string): Promise<EmbeddedUpload> {
  const upload = await bucket.upload(id);
  assert(upload);
  return upload;
}

async function send(
  upload: EmbeddedUpload,
  number: number,
  bytes: Buffer,
  { size = bytes.length as number | undefined } = {},
): Promise<PartInfo> {
  const part = await upload.writePart(number, { size, checksum: undefined });
  for (let at = 0; at < bytes.length; at += 30_000) await part.write(bytes.subarray(at, at + 30_000));
  return part.commit();
}

function objectOf(outcome: WriteOutcome): { readonly etag: string; readonly size: number } {
  assert('object' in outcome);
  return outcome.object;
}

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest();
}

async function filesOf({ root }: EmbeddedUnderTest, id: string): Promise<readonly string[]> {
  const names = await readdir(join(root, 'uploads', id));
  return names
    .filter((name) => name === 'whole' || name.startsWith('part-'))
    .map((name) => name.replace(/-[0-9a-f]+$/, ''));
}

/** The file that equal parts were written into is the one that becomes the object: nothing was copied. */
async function inodeOfWhole({ root }: EmbeddedUnderTest, id: string): Promise<number> {
  return (await stat(join(root, 'uploads', id, 'whole'))).ino;
}

async function isCompletedAs(t: EmbeddedUnderTest, parts: readonly Buffer[], outcome: WriteOutcome): Promise<void> {
  const whole = Buffer.concat(parts);
  const object = objectOf(outcome);
  assert.equal(object.size, whole.length);
  assert.equal(object.etag, `${md5(Buffer.concat(parts.map(md5))).toString('hex')}-${parts.length}`);
  assert.deepEqual(await t.bucket.head('o'), object);
  assert((await get(t.bucket, 'o'))?.equals(whole), 'the bytes of the parts');
  assert.deepEqual(await t.leftovers(), []);
}

test('equal parts, whatever their order, become the object without being copied', async (t: TestContext) => {
  const under = await embeddedBucket(t);
  const parts = [1, 2, 3, 4].map((seed) => pattern(seed === 4 ? 777 : SIZE, seed));
  for (const order of [
    [1, 2, 3, 4],
    [1, 4, 3, 2],
  ]) {
    const upload = await begin(under.bucket);
    for (const number of order) await send(upload, number, parts[number - 1] as Buffer);
    assert.deepEqual(await filesOf(under, upload.id), ['whole']);
    const inode = await inodeOfWhole(under, upload.id);
    await isCompletedAs(under, parts, await upload.complete([1, 2, 3, 4], { checksum: undefined }));
    assert.equal((await stat(join(under.folder, 'o'))).ino, inode);
  }
});

test('parts that begin side by side, the last and smallest one first: few have to be copied', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  const parts = Array.from({ length: 9 }, (_, at) => pattern(at === 8 ? 10 : SIZE, at));
  await Promise.all([9, 3, 5, 2, 1, 4, 6, 7, 8].map((number) => send(upload, number, parts[number - 1] as Buffer)));
  assert.deepEqual((await filesOf(under, upload.id)).toSorted(), ['part-3', 'part-9', 'whole']);
  const inode = await inodeOfWhole(under, upload.id);
  await isCompletedAs(under, parts, await upload.complete([1, 2, 3, 4, 5, 6, 7, 8, 9], { checksum: undefined }));
  assert.equal((await stat(join(under.folder, 'o'))).ino, inode);
});

test('what goes with an upload comes back with it and with the object', async (t) => {
  const { bucket } = await embeddedBucket(t);
  const headers = { 'content-type': 'text/csv' };
  const info = await bucket.beginUpload('dir/o', { headers, checksum: { algorithm: 'CRC32', type: 'COMPOSITE' } });
  const upload = await find(bucket, info.id);
  assert.deepEqual(
    [upload.key, upload.headers, upload.checksum, upload.initiatedAt],
    [info.key, info.headers, info.checksum, info.initiatedAt],
  );
  const part = await upload.writePart(1, { size: 9, checksum: 'CRC32' });
  await part.write(Buffer.from('123456789'));
  const checksum = { algorithm: 'CRC32', value: 'y/Q5Jg==', type: 'FULL_OBJECT' } as const;
  assert.deepEqual(part.digest(), { md5: '25f9e794323b453885f5181f1b624d0b', size: 9, checksum });
  const { modifiedAt, ...arrived } = await part.commit();
  assert.deepEqual(arrived.checksum, checksum);
  assert(Math.abs(modifiedAt - Date.now()) < 60_000);
  assert.deepEqual(
    (await upload.parts()).map(({ number, etag, size, checksum }) => [number, etag, size, checksum]),
    [[1, '25f9e794323b453885f5181f1b624d0b', 9, checksum]],
  );
  const whole = { algorithm: 'CRC32', value: 'AAAAAA==-1', type: 'COMPOSITE' } as const;
  const outcome = await upload.complete([1], { checksum: whole });
  const object = await bucket.head('dir/o');
  assert.deepEqual(outcome, { object });
  assert.deepEqual([object?.headers, object?.checksum, object?.partSizes], [headers, whole, [9]]);
});

test('uploads are listed by key and time, and only while they are under way', async (t) => {
  const { bucket, store } = await embeddedBucket(t);
  await store.createBucket('other');
  const other = await store.bucket('other');
  assert(other);
  const ids: string[] = [];
  for (const key of ['b', 'a/2', 'a/1', 'a/1']) ids.push((await bucket.beginUpload(key, plain)).id);
  await other.beginUpload('a/3', plain);
  const keysUnder = async (prefix: string): Promise<string[]> => (await bucket.uploads(prefix)).map(({ key }) => key);
  assert.deepEqual(await keysUnder(''), ['a/1', 'a/1', 'a/2', 'b']);
  assert.deepEqual(await keysUnder('a/'), ['a/1', 'a/1', 'a/2']);
  await (await find(bucket, ids[1] ?? '')).abort();
  assert.deepEqual(await keysUnder(''), ['a/1', 'a/1', 'b']);
  assert.equal(await bucket.upload(ids[1] ?? ''), undefined);
  assert.equal(await other.upload(ids[0] ?? ''), undefined, 'it is the other bucket’s');
  for (const id of ['', '..', 'x', '0'.repeat(32), `../${ids[0]}`]) assert.equal(await bucket.upload(id), undefined);
});

test('a part that is sent again takes the place of the first when it is whole, and not before', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  const parts = [pattern(SIZE, 1), pattern(SIZE, 2), pattern(500, 3)];
  await send(upload, 1, parts[0] as Buffer);
  await send(upload, 2, pattern(SIZE, 99));
  await send(upload, 3, parts[2] as Buffer);
  const first = (await upload.parts())[1];
  const again = await upload.writePart(2, { size: SIZE, checksum: undefined });
  await again.write(parts[1] as Buffer);
  const given = await upload.writePart(2, { size: SIZE, checksum: undefined });
  await given.write(pattern(SIZE, 55));
  await given.abort();
  await given.abort();
  assert.deepEqual((await upload.parts())[1], first);
  const whole = await readFile(join(under.root, 'uploads', upload.id, 'whole'));
  assert(whole.subarray(SIZE, 2 * SIZE).equals(pattern(SIZE, 99)), 'what has arrived is as it was');
  await again.commit();
  assert.equal((await upload.parts())[1]?.etag, md5(parts[1] as Buffer).toString('hex'));
  assert.deepEqual((await filesOf(under, upload.id)).toSorted(), ['part-2', 'whole']);
  await isCompletedAs(under, parts, await upload.complete([1, 2, 3], { checksum: undefined }));
});

test('two who send the same part at the same time do not write over each other', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  const size = 600_000;
  const [one, two] = [1, 2].map(() => upload.writePart(1, { size, checksum: undefined }));
  assert(one && two);
  const [first, second] = [await one, await two];
  await first.write(pattern(size, 1));
  await first.commit();
  await second.write(pattern(size, 2));
  await second.abort();
  await isCompletedAs(under, [pattern(size, 1)], await upload.complete([1], { checksum: undefined }));
});

test('parts that somebody has cut off do not become an object', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  await send(upload, 1, pattern(SIZE));
  await truncate(join(under.root, 'uploads', upload.id, 'whole'), 10);
  await failure(upload.complete([1], { checksum: undefined }), 'WriteFailed');
  assert.equal(await under.bucket.head('o'), undefined);
});

test('any parts in any order, sent again or given up, with a restart now and then', async (t) => {
  const under = await embeddedBucket(t);
  const step = fc.record({
    number: fc.integer({ min: 1, max: 6 }),
    size: fc.oneof({ weight: 3, arbitrary: fc.constant(SIZE) }, fc.constantFrom(0, 1, 400_000), fc.nat({ max: SIZE })),
    isKnown: fc.boolean(),
    end: fc.constantFrom('commit', 'commit', 'commit', 'abort', 'restart'),
  });
  await fc.assert(
    fc
      .asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 0, max: 63 }),
        async (steps, left) => {
          let bucket = under.bucket;
          let upload = await begin(bucket);
          const model = new Map<number, Buffer>();
          for (const [seed, { number, size, isKnown, end }] of steps.entries()) {
            const bytes = pattern(size, seed);
            const part = await upload.writePart(number, { size: isKnown ? size : undefined, checksum: undefined });
            await part.write(bytes);
            if (end === 'commit') {
              await part.commit();
              model.set(number, bytes);
            } else await part.abort();
            if (end === 'restart') {
              bucket = await under.reopen();
              upload = await find(bucket, upload.id);
            }
          }
          const sent = [...model].sort(([a], [b]) => a - b);
          assert.deepEqual(
            (await upload.parts()).map(({ number, etag }) => [number, etag]),
            sent.map(([number, bytes]) => [number, md5(bytes).toString('hex')]),
          );
          // Some are left out; what is refused has to be there still.
          const chosen = sent.filter(([number]) => sent.length === 1 || (left & (1 << number)) === 0);
          const refused = await upload.complete(
            chosen.map(([number]) => number),
            { checksum: undefined, precondition: () => false },
          );
          assert('refused' in refused);
          let asked = 0;
          await upload.complete(
            chosen.map(([number]) => number),
            { checksum: undefined, precondition: () => ++asked === 1 },
          );
          const all = sent.map(([number]) => number);
          await isCompletedAs(
            under,
            sent.map(([, bytes]) => bytes),
            await upload.complete(all, { checksum: undefined }),
          );
        },
      )
      .beforeEach(async () => {
        await under.bucket.remove('o');
      }),
    { numRuns: 40 },
  );
});

test('a part that is still being written when others are completed harms nothing', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  const parts = [pattern(SIZE, 1), pattern(SIZE, 2)];
  for (const number of [1, 2]) await send(upload, number, parts[number - 1] as Buffer);
  const late = await upload.writePart(3, { size: SIZE, checksum: undefined });
  await late.write(pattern(SIZE / 2, 3));
  const outcome = await upload.complete([1, 2], { checksum: undefined });
  await late.write(pattern(SIZE / 2, 4));
  await failure(late.commit(), 'WriteFailed');
  await failure(upload.writePart(4, { size: 10, checksum: undefined }), 'WriteFailed');
  await isCompletedAs(under, parts, outcome);
});

test('completed twice at once it is completed once; completed and aborted, one of the two', async (t) => {
  const under = await embeddedBucket(t);
  const parts = [pattern(SIZE, 1), pattern(10, 2)];
  const prepared = async (): Promise<EmbeddedUpload> => {
    const upload = await begin(under.bucket);
    for (const number of [1, 2]) await send(upload, number, parts[number - 1] as Buffer);
    return upload;
  };
  const twice = await prepared();
  const [one, two] = await Promise.all([1, 2].map(() => twice.complete([1, 2], { checksum: undefined })));
  assert(one && two);
  assert.deepEqual(one, two);
  await isCompletedAs(under, parts, one);
  const error = await failure(twice.complete([1], { checksum: undefined }), 'WriteFailed');
  assert.match(error.message, /s3:\/\/bucket\/o.*has ended/);
  await twice.abort();
  assert((await get(under.bucket, 'o'))?.equals(Buffer.concat(parts)), 'too late to abort');

  await under.bucket.remove('o');
  const aborted = await prepared();
  const [, late] = await Promise.allSettled([aborted.abort(), aborted.complete([1, 2], { checksum: undefined })]);
  assert.equal(late.status, 'rejected');
  assert.equal(await under.bucket.head('o'), undefined);
  assert.equal(await under.bucket.upload(aborted.id), undefined);
  assert.deepEqual(await under.leftovers(), []);
});

test('a condition that does not hold leaves the object and the upload as they are', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  const parts = [pattern(SIZE, 1), pattern(SIZE, 2)];
  for (const number of [1, 2]) await send(upload, number, parts[number - 1] as Buffer);
  const there = await put(under.bucket, 'o', 'old');
  const precondition = (current: unknown): boolean => current === undefined;
  assert.deepEqual(await upload.complete([1, 2], { checksum: undefined, precondition }), { refused: there });
  assert.equal((await get(under.bucket, 'o'))?.toString(), 'old');
  await under.bucket.remove('o');
  await isCompletedAs(under, parts, await upload.complete([1, 2], { checksum: undefined, precondition }));
});

test('a part is not longer than it was announced, nor completed when it is not there', async (t) => {
  const { bucket } = await embeddedBucket(t);
  const upload = await begin(bucket);
  const part = await upload.writePart(1, { size: 10, checksum: undefined });
  await failure(part.write(pattern(11)), 'WriteFailed');
  await part.abort();
  await failure(upload.complete([1], { checksum: undefined }), 'WriteFailed');
  await send(upload, 2, pattern(10));
  await failure(upload.complete([1, 2], { checksum: undefined }), 'WriteFailed');
  assert.deepEqual(
    (await upload.parts()).map(({ number }) => number),
    [2],
  );
});

test('a journal whose last line is torn counts up to there, and goes on', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  const parts = [pattern(SIZE, 1), pattern(SIZE, 2)];
  await send(upload, 1, parts[0] as Buffer);
  await appendFile(
    join(under.root, 'uploads', upload.id, 'parts.jsonl'),
    `{"part":{"number":2,"etag":"${'0'.repeat(400)}`,
  );
  let again = await find(await under.reopen(), upload.id);
  assert.deepEqual(
    (await again.parts()).map(({ number }) => number),
    [1],
  );
  await send(again, 2, parts[1] as Buffer);
  again = await find(await under.reopen(), upload.id);
  await isCompletedAs(under, parts, await again.complete([1, 2], { checksum: undefined }));
});

test('what a crash leaves of a completed upload, or of one to a bucket that is gone, is swept away', async (t) => {
  const under = await embeddedBucket(t);
  const upload = await begin(under.bucket);
  await send(upload, 1, pattern(SIZE));
  await rename(join(under.root, 'uploads', upload.id, 'whole'), join(under.folder, 'o'));
  const { id } = await under.bucket.beginUpload('o', plain);
  await writeFile(
    join(under.root, 'uploads', id, 'upload.json'),
    JSON.stringify({ bucket: 'gone', key: 'o', headers: {}, initiatedAt: 1 }),
  );
  const under2 = await begin(under.bucket, 'still');
  const later = await under.reopen();
  assert.deepEqual(
    (await later.uploads('')).map(({ key }) => key),
    ['still'],
  );
  assert.deepEqual(await under.leftovers(), [under2.id]);
});
