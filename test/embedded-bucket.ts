import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EmbeddedBucket, EmbeddedStore, Precondition, WriteOutcome } from '../src/objects/local/embedded-store.ts';
import { openLocalStore } from '../src/objects/local/local-store.ts';
import type { StoredObject } from '../src/objects/local/stored-object.ts';
import { MemoryAttributes } from './memory-attributes.ts';

/** A store with one bucket, in a folder that is removed with the test. */
export interface EmbeddedUnderTest {
  readonly root: string;
  /** The bucket's folder. */
  readonly folder: string;
  readonly index: MemoryAttributes;
  readonly store: EmbeddedStore;
  readonly bucket: EmbeddedBucket;
  /** The store and bucket as another process finds them later. */
  reopen(): Promise<EmbeddedBucket>;
  /** What is in `tmp/` and `uploads/`. */
  leftovers(): Promise<readonly string[]>;
}

export async function embeddedBucket(t: TestContext): Promise<EmbeddedUnderTest> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const index = new MemoryAttributes();
  const store = await openLocalStore(root, index);
  assert.equal(await store.createBucket('bucket'), true);
  const find = async (from: EmbeddedStore): Promise<EmbeddedBucket> => {
    const bucket = await from.bucket('bucket');
    assert(bucket);
    return bucket;
  };
  return {
    root,
    folder: join(root, 'buckets/bucket'),
    index,
    store,
    bucket: await find(store),
    reopen: async () => find(await openLocalStore(root, index)),
    leftovers: async () => [...(await readdir(join(root, 'tmp'))), ...(await readdir(join(root, 'uploads')))],
  };
}

export async function putWhen(
  bucket: EmbeddedBucket,
  key: string,
  body: string | Buffer,
  precondition: Precondition,
): Promise<WriteOutcome> {
  const writer = await bucket.create(key, { headers: {}, checksum: undefined });
  await writer.write(Buffer.from(body));
  return writer.commit(precondition);
}

export async function put(bucket: EmbeddedBucket, key: string, body: string | Buffer = key): Promise<StoredObject> {
  const outcome = await putWhen(bucket, key, body, () => true);
  assert('object' in outcome);
  return outcome.object;
}

/** All bytes of an object, `undefined` when there is none. */
export async function get(bucket: EmbeddedBucket, key: string): Promise<Buffer | undefined> {
  const reader = await bucket.open(key);
  if (reader === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of reader.bytes(0, reader.object.size)) chunks.push(chunk);
  await reader.close();
  return Buffer.concat(chunks);
}

/** All keys, asked for in pages of `limit`; a common prefix ends in `…`. */
export async function keysOf(
  bucket: EmbeddedBucket,
  { prefix = '', delimiter = undefined as string | undefined, after = '', limit = 1000 } = {},
): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let from: string | undefined = after; from !== undefined; ) {
    const page = await bucket.list({ prefix, delimiter, after: from, limit }, new AbortController().signal);
    assert(page.objects.length + page.commonPrefixes.length <= limit);
    keys.push(...page.objects.map(({ key }) => key), ...page.commonPrefixes.map((common) => `${common}…`));
    assert(page.next === undefined || page.objects.length + page.commonPrefixes.length === limit);
    from = page.next;
  }
  return keys;
}
