import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import type { Cases } from './object-store.ts';
import { assertBytes, failure, keysOf, never, pattern, readAll, type StoreUnderTest } from './store-under-test.ts';

/** Names that one layer or another likes to rewrite: URLs, XML, Unicode normal forms, shells, Windows. */
const ODD_KEYS = [
  'a b',
  'a+b',
  'a%20b',
  'a%2Fb',
  'a&amp;b<c>"d"\'e',
  'a?b=c&d#e',
  'a\\b',
  'a:b*c|d',
  'a=b;c@d,e',
  '~a`b^c{d}[e]$f!',
  ' a',
  'a ',
  '.hidden',
  '...',
  'caf\u00e9',
  'cafe\u0301',
  '日本語/データ.csv',
  '\u{1f389}',
  'dir with space/x.csv',
];

/** XML has no place for some of these, and makes others into something else. */
const CONTROL_KEYS = ['a\tb', 'a\nb', 'a\r\nb', 'a\rb', 'a\u0001b', 'a\u001fb', 'a\u007fb', 'a\u0085b'];

async function putAll(t: StoreUnderTest, keys: readonly string[], atOnce = 16): Promise<void> {
  const rest = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = rest.pop(); key !== undefined; key = rest.pop()) await t.put(key, Buffer.from(key));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function consume(store: ObjectStore, prefix: string, signal: AbortSignal): Promise<void> {
  for await (const _ of store.list(prefix, signal));
}

async function keeps(t: StoreUnderTest, keys: readonly string[]): Promise<void> {
  await putAll(t, keys);
  assert.deepEqual(new Set(await keysOf(t.store, '')), new Set(keys));
  for (const key of keys) {
    const starting = keys.filter((other) => other.startsWith(key));
    assert.deepEqual(new Set(await keysOf(t.store, key)), new Set(starting), `as a prefix: ${JSON.stringify(key)}`);
    assert.equal((await t.store.head(key, never))?.size, Buffer.byteLength(key), JSON.stringify(key));
    assert.equal((await readAll(t.store, key)).toString(), key);
  }
}

export const readingCases: Cases = {
  'lists what starts with the prefix, which is plain text and no folder': async (t) => {
    await putAll(t, ['a.csv', 'pre/x', 'prefix.csv', 'prefix/b/c', 'prefix/b/d/e', 'prefix_pose/x', 'pro']);
    const below = async (prefix: string): Promise<string[]> => (await keysOf(t.store, prefix)).sort();
    assert.deepEqual(await below('prefix/b'), ['prefix/b/c', 'prefix/b/d/e']);
    assert.deepEqual(await below('prefix/'), ['prefix/b/c', 'prefix/b/d/e']);
    assert.deepEqual(await below('prefix'), ['prefix.csv', 'prefix/b/c', 'prefix/b/d/e', 'prefix_pose/x']);
    assert.deepEqual(await below('pre/'), ['pre/x']);
    assert.deepEqual(await below('a.csv'), ['a.csv']);
    assert.equal((await below('')).length, 7);
  },

  'lists nothing where nothing is': async (t) => {
    assert.deepEqual(await keysOf(t.store, ''), []);
    await t.put('a/b', Buffer.from('x'));
    for (const prefix of ['b', 'b/', 'a/c', 'a/b/', 'a/b/c', 'a/b/c/d']) {
      assert.deepEqual(await keysOf(t.store, prefix), [], `under "${prefix}"`);
    }
  },

  'lists in the order of the bytes of the keys': async (t) => {
    const ordered = ['a-', 'a.b', 'a/b', 'a/c/d', 'a0', 'aZ', 'aa', 'a\u00e9', 'a\uffee', 'a\u{1f389}', 'b'];
    await putAll(t, ordered.toReversed());
    assert.deepEqual(await keysOf(t.store, ''), ordered);
  },

  'lists more than one page of keys, each once': async (t) => {
    const keys = Array.from({ length: 1003 }, (_, at) => `many/${String(at).padStart(5, '0')}`);
    await putAll(t, [...keys, 'other']);
    assert.deepEqual(await keysOf(t.store, 'many/'), keys);
  },

  'keeps odd keys as they are': (t) => keeps(t, ODD_KEYS),

  'keeps keys with control characters as they are': (t) => keeps(t, CONTROL_KEYS),

  'tells the size of an object, listed or asked for': async (t) => {
    await t.put('empty', Buffer.alloc(0));
    await t.put('some', pattern(12_345));
    const sizes: [string, number][] = [];
    for await (const { key, size } of t.store.list('', never)) sizes.push([key, size]);
    assert.deepEqual(sizes, [
      ['empty', 0],
      ['some', 12_345],
    ]);
    assert.equal((await t.store.head('some', never))?.size, 12_345);
    assert.equal((await t.store.head('empty', never))?.size, 0);
  },

  'knows no object of another key, nor a folder': async (t) => {
    await t.put('a/b', Buffer.from('x'));
    for (const key of ['a', 'a/', 'a/b/', 'a/bb', 'c', 'a/b/c']) {
      assert.equal(await t.store.head(key, never), undefined, key);
    }
  },

  'reads from any offset': async (t) => {
    const bytes = pattern(300_000);
    await t.put('o', bytes);
    for (const start of [0, 1, 65_535, 65_536, 299_999, 300_000]) {
      const reader = await t.store.open('o', { start, signal: never });
      assert.equal(reader.size, 300_000, `the size of the whole object, from ${start} on`);
      await reader.close();
      assertBytes(await readAll(t.store, 'o', { start }), bytes.subarray(start));
    }
  },

  'refuses an offset behind the end': async (t) => {
    await t.put('o', pattern(10));
    const error = await failure(t.store.open('o', { start: 11, signal: never }), 'ReadFailed');
    assert.deepEqual([error.details.object, error.details.offset], [t.store.locate('o'), 11]);
  },

  'gives the same bytes whatever the buffers': async (t) => {
    const bytes = pattern(200_000);
    await t.put('o', bytes);
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 1, max: 300_000 })), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 190_000, max: 200_000 }), sizes, async (start, buffers) => {
        assertBytes(await readAll(t.store, 'o', { start, buffers }), bytes.subarray(start));
      }),
      { numRuns: 25 },
    );
    await fc.assert(
      fc.asyncProperty(sizes, async (few) => {
        assertBytes(await readAll(t.store, 'o', { buffers: few.map((size) => size + 500) }), bytes);
      }),
      { numRuns: 10 },
    );
  },

  'reads an empty object': async (t) => {
    await t.put('o', Buffer.alloc(0));
    const reader = await t.store.open('o', { signal: never });
    assert.equal(reader.size, 0);
    assert.equal(await reader.read(Buffer.alloc(10)), 0);
    await reader.close();
    assert.equal((await readAll(t.store, 'o')).length, 0);
  },

  'says which object is not there, whatever else is near its key': async (t) => {
    await t.put('a/b', Buffer.from('x'));
    for (const key of ['no/such', 'a', 'a/bb', 'a/b/c']) {
      for (const start of [0, 5]) {
        const error = await failure(t.store.open(key, { start, signal: never }), 'ObjectNotFound');
        assert.equal(error.details.object, t.store.locate(key));
      }
    }
  },

  'tells where a key or a prefix is, for anybody': async (t) => {
    for (const key of ['a/b c', 'a/', '']) {
      const address = t.store.address(key);
      assert.match(address, /^(s3:\/)?\//);
      assert(address.endsWith(key), address);
    }
  },

  'closes at any time and more than once': async (t) => {
    await t.put('o', pattern(3_000_000));
    const unread = await t.store.open('o', { signal: never });
    await unread.close();
    await unread.close();
    const reader = await t.store.open('o', { signal: never });
    await reader.read(Buffer.alloc(10));
    const pending = reader.read(Buffer.alloc(1_000_000)).catch(() => 0);
    await reader.close();
    await Promise.all([pending, reader.close()]);
  },

  'stops when told to': async (t) => {
    await t.put('o', pattern(3_000_000));
    const stop = new AbortController();
    const reason = new Error('enough');
    const reader = await t.store.open('o', { signal: stop.signal });
    await reader.read(Buffer.alloc(10));
    stop.abort(reason);
    await assert.rejects(reader.read(Buffer.alloc(10)), reason);
    await reader.close();
    await assert.rejects(consume(t.store, '', stop.signal), reason);
  },
};
