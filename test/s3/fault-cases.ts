import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { S3Client } from '@aws-sdk/client-s3';
import { S3Store, s3Client } from '../../src/objects/s3-store.ts';
import { assertBytes, failure, keysOf, never, pattern, readAll, writeAll } from '../contract/store-under-test.ts';
import { type Fault, FaultProxy, type Seen } from './fault-proxy.ts';
import { type S3Server, TestBucket } from './s3-server.ts';

const PART = 8 * 2 ** 20;
/** For ever, as far as a test goes. */
const ALWAYS = { times: 1_000_000 };
const SLOW_DOWN: Fault = { kind: 'error', status: 503, code: 'SlowDown' };
const BROKEN: Fault = { kind: 'error', status: 500, code: 'InternalError' };

interface Spoiled {
  readonly proxy: FaultProxy;
  readonly bucket: TestBucket;
  /** The store under test; it goes through the proxy, while the bucket goes straight to the server. */
  readonly store: S3Store;
}

const ranges = (seen: readonly Seen[]): (string | undefined)[] => seen.map(({ range }) => range);

const cases: Record<string, (t: Spoiled) => Promise<void>> = {
  'a read that is torn goes on where it stopped, and only with the same object': async ({ proxy, bucket, store }) => {
    const bytes = pattern(3_000_000);
    await bucket.put('o', bytes);
    proxy.spoil('GetObject', { kind: 'cut', afterBytes: 1_000_000 });
    proxy.spoil('GetObject', { kind: 'cut', afterBytes: 500_000 });
    proxy.spoil('GetObject', SLOW_DOWN);
    assertBytes(await readAll(store, 'o'), bytes);
    const seen = proxy.requests('GetObject');
    assert.deepEqual(ranges(seen), [undefined, 'bytes=1000000-', 'bytes=1500000-', 'bytes=1500000-']);
    assert.equal(new Set(seen.slice(1).map(({ ifMatch }) => ifMatch)).size, 1);
    assert.match(seen[1]?.ifMatch ?? '', /^".+"$/);
  },

  'a read that begins in the middle goes on where it stopped': async ({ proxy, bucket, store }) => {
    const bytes = pattern(300_000);
    await bucket.put('o', bytes);
    proxy.spoil('GetObject', { kind: 'cut', afterBytes: 50_000 });
    assertBytes(await readAll(store, 'o', { start: 100_000 }), bytes.subarray(100_000));
    assert.deepEqual(ranges(proxy.requests('GetObject')), ['bytes=100000-', 'bytes=150000-']);
  },

  'a read that stalls is torn after a while, and goes on': async ({ proxy, bucket, store }) => {
    const bytes = pattern(300_000);
    await bucket.put('o', bytes);
    proxy.spoil('GetObject', { kind: 'stall', afterBytes: 100_000 });
    assertBytes(await readAll(store, 'o'), bytes);
    assert.deepEqual(ranges(proxy.requests('GetObject')), [undefined, 'bytes=100000-']);
  },

  'a read that is torn again and again without a byte fails, naming the offset': async ({ proxy, bucket, store }) => {
    await bucket.put('o', pattern(300_000));
    proxy.spoil('GetObject', { kind: 'cut', afterBytes: 1000 });
    proxy.spoil('GetObject', { kind: 'cut', afterBytes: 0 }, ALWAYS);
    const error = await failure(readAll(store, 'o'), 'ReadFailed');
    assert.deepEqual([error.details.object, error.details.offset], [store.locate('o'), 1000]);
    assert.match(error.message, /byte 1000/);
  },

  'an object that is replaced or removed between two tries has changed': async ({ proxy, bucket, store }) => {
    for (const run of [() => bucket.put('o', pattern(300_000, 1)), () => bucket.remove('o')]) {
      await bucket.put('o', pattern(300_000));
      proxy.spoil('GetObject', { kind: 'cut', afterBytes: 100_000 });
      proxy.spoil('GetObject', { kind: 'meanwhile', run });
      const error = await failure(readAll(store, 'o'), 'ObjectChanged');
      assert.equal(error.details.object, store.locate('o'));
    }
  },

  'a server that answers a range with the whole object is not believed': async ({ proxy, bucket, store }) => {
    await bucket.put('o', pattern(300_000));
    proxy.spoil('GetObject', { kind: 'cut', afterBytes: 100_000 });
    proxy.spoil('GetObject', { kind: 'ignoreRange' }, ALWAYS);
    assert.match((await failure(readAll(store, 'o'), 'ReadFailed')).message, /byte 100000: .*range/);
    const opened = store.open('o', { start: 5, signal: never });
    assert.match((await failure(opened, 'ReadFailed')).message, /byte 5: .*range/);
  },

  'a read that waits ends when its reader is closed or told to stop, and asks for nothing more': async (t) => {
    const { proxy, bucket, store } = t;
    await bucket.put('o', pattern(300_000));
    const stop = new AbortController();
    for (const end of ['close', 'abort'] as const) {
      proxy.spoil('GetObject', { kind: 'stall', afterBytes: 1000 });
      const reader = await store.open('o', { signal: end === 'abort' ? stop.signal : never });
      const buffer = Buffer.alloc(1000);
      for (let got = 0; got < 1000; ) got += await reader.read(buffer);
      const waiting = reader.read(buffer);
      const reason = new Error('enough');
      if (end === 'close') {
        await reader.close();
        await failure(waiting, 'ReadFailed');
        await failure(reader.read(buffer), 'ReadFailed');
      } else {
        stop.abort(reason);
        await assert.rejects(waiting, reason);
        await reader.close();
      }
    }
    assert.equal(proxy.requests('GetObject').length, 2);
  },

  'a list, a look and an opening that fail are tried again': async ({ proxy, bucket, store }) => {
    await bucket.put('o', pattern(10));
    for (const operation of ['ListObjects', 'HeadObject', 'GetObject'] as const) {
      proxy.spoil(operation, SLOW_DOWN);
      proxy.spoil(operation, { kind: 'reset', afterBytes: 0 });
    }
    assert.deepEqual(await keysOf(store, ''), ['o']);
    assert.equal((await store.head('o', never))?.size, 10);
    assertBytes(await readAll(store, 'o'), pattern(10));
  },

  'a small object whose upload fails is sent again': async ({ proxy, bucket, store }) => {
    proxy.spoil('PutObject', { kind: 'reset', afterBytes: 100 });
    proxy.spoil('PutObject', SLOW_DOWN);
    await writeAll(store, 'o', pattern(100_000));
    assertBytes(await bucket.get('o'), pattern(100_000));
  },

  'a part that fails is sent again': async ({ proxy, bucket, store }) => {
    const second = { when: ({ part }: Seen): boolean => part === '2' };
    proxy.spoil('UploadPart', { kind: 'reset', afterBytes: 1_000_000 }, second);
    proxy.spoil('UploadPart', SLOW_DOWN, second);
    proxy.spoil('CreateMultipartUpload', SLOW_DOWN);
    proxy.spoil('CompleteMultipartUpload', BROKEN);
    const bytes = pattern(3 * PART + 10);
    await writeAll(store, 'o', bytes, [1_000_000]);
    assertBytes(await bucket.get('o'), bytes);
    assert.equal(proxy.requests('UploadPart').length, 6);
    assert.equal(await bucket.openUploads(), 0);
  },

  'a part that always fails fails the write before its end, and nothing stays': async ({ proxy, bucket, store }) => {
    await bucket.put('o', 'old');
    proxy.spoil('UploadPart', BROKEN, { ...ALWAYS, when: ({ part }) => part === '2' });
    const writer = await store.create('o', { signal: never });
    const piece = pattern(PART);
    const endless = async (): Promise<void> => {
      for (let at = 0; at < 1000; at++) await writer.write(piece);
    };
    const error = await failure(endless(), 'WriteFailed');
    assert.match(error.message, new RegExp(`^Writing ${store.locate('o')} failed: InternalError.*500`));
    await writer.abort();
    assert.equal(await bucket.text('o'), 'old');
    assert.equal(await bucket.openUploads(), 0);
  },

  'a completion that fails, in whatever way, is a write that failed': async ({ proxy, bucket, store }) => {
    await bucket.put('o', 'old');
    // S3 may begin with a 200, to keep the connection alive, and then say that it could not.
    for (const fault of [BROKEN, { kind: 'error', status: 200, code: 'InternalError' } as const]) {
      proxy.spoil('CompleteMultipartUpload', fault, { times: 5 });
      const writer = await store.create('o', { signal: never });
      await writer.write(pattern(PART + 10));
      await failure(writer.commit(), 'WriteFailed');
      await writer.abort();
      assert.equal(await bucket.text('o'), 'old');
      assert.equal(await bucket.openUploads(), 0);
    }
  },

  'a completion whose answer is lost is found to have happened': async ({ proxy, bucket, store }) => {
    proxy.spoil('CompleteMultipartUpload', { kind: 'cut', afterBytes: 0 });
    const bytes = pattern(2 * PART + 10);
    await writeAll(store, 'o', bytes);
    assertBytes(await bucket.get('o'), bytes);
    assert.equal(await bucket.openUploads(), 0);
  },

  'an upload whose number is still on its way when the job stops is removed': async ({ proxy, bucket, store }) => {
    const stop = new AbortController();
    const held = Promise.withResolvers<void>();
    proxy.spoil('CreateMultipartUpload', { kind: 'hold', until: held.promise });
    const writer = await store.create('o', { signal: stop.signal });
    const writing = writer.write(pattern(PART));
    await proxy.saw('CreateMultipartUpload');
    const reason = new Error('enough');
    stop.abort(reason);
    await assert.rejects(writing, reason);
    const aborted = writer.abort();
    held.resolve();
    await aborted;
    assert.equal(await bucket.openUploads(), 0);
    assert.equal(proxy.requests('UploadPart').length, 0);
  },
};

/** What millrace makes of an S3 server, or a network, that fails: the same cases for every server. */
export function faultCases(name: string, server: S3Server, skip: Readonly<Record<string, string>> = {}): void {
  for (const skipped of Object.keys(skip)) assert(skipped in cases, `there is no case "${skipped}" to skip`);
  describe(`S3Store in front of ${name} that fails`, () => {
    for (const [title, run] of Object.entries(cases)) {
      test(title, { skip: skip[title] ?? false }, async () => {
        const proxy = await FaultProxy.start(server.endpoint);
        const bucket = await TestBucket.create(server);
        const client: S3Client = s3Client({
          endpointUrl: proxy.endpoint,
          defaultRegion: 'us-east-1',
          idleTimeoutMs: 1000,
        });
        try {
          await run({ proxy, bucket, store: new S3Store(client, bucket.name) });
        } finally {
          client.destroy();
          bucket.close();
          await proxy.close();
        }
      });
    }
  });
}
