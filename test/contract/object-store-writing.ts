import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cases } from './object-store.ts';
import { assertBytes, failure, keysOf, never, pattern, readAll, writeAll } from './store-under-test.ts';

const MIB = 2 ** 20;
/** What the S3 adapter sends as one part; for the other adapters a size like any other. */
const PART = 8 * MIB;

export const writingCases: Cases = {
  'shows an object when it is committed and not before': async (t) => {
    for (const [key, size] of [
      ['small', 1000],
      ['dir/large', PART + 1000],
    ] as const) {
      const bytes = pattern(size);
      const writer = await t.store.create(key, { signal: never });
      await writer.write(bytes);
      assert.equal(await t.get(key), undefined);
      assert.equal(await t.store.head(key, never), undefined);
      assert.deepEqual(await keysOf(t.store, key), []);
      await writer.commit();
      assertBytes(await t.get(key), bytes);
      assert.deepEqual(await keysOf(t.store, key), [key]);
    }
    assert.deepEqual(await keysOf(t.store, ''), ['dir/large', 'small'], 'and nothing else');
    assert.equal(await t.leftovers(), 0);
  },

  'replaces an object when the new one is committed and not before': async (t) => {
    const old = Buffer.from('old');
    for (const size of [0, 1000, PART + 1000]) {
      await t.put('o', old);
      const writer = await t.store.create('o', { signal: never });
      await writer.write(pattern(size));
      assertBytes(await t.get('o'), old);
      await writer.commit();
      assertBytes(await t.get('o'), pattern(size));
    }
  },

  'leaves nothing of an aborted write, and the old object as it was': async (t) => {
    const old = Buffer.from('old');
    await t.put('there', old);
    for (const key of ['new/deep/o', 'there']) {
      for (const size of [0, 1000, PART + 1000, 2 * PART]) {
        const writer = await t.store.create(key, { signal: never });
        await writer.write(pattern(size));
        await writer.abort();
        await writer.abort();
      }
    }
    assert.deepEqual(await keysOf(t.store, ''), ['there']);
    assertBytes(await t.get('there'), old);
    assert.equal(await t.leftovers(), 0);
  },

  'has taken the bytes when write resolves: the memory may be used again': async (t) => {
    const bytes = pattern(2 * PART + 12_345);
    const writer = await t.store.create('o', { signal: never });
    const memory = Buffer.alloc(300_001);
    for (let at = 0; at < bytes.length; at += memory.length) {
      const size = bytes.copy(memory, 0, at, at + memory.length);
      await writer.write(memory.subarray(0, size));
      memory.fill(0xee);
    }
    await writer.commit();
    assertBytes(await t.get('o'), bytes);
  },

  'writes objects of any size, around the ends of parts too': async (t) => {
    for (const size of [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 3]) {
      const bytes = pattern(size, size);
      await writeAll(t.store, 'o', bytes, [1_000_003, 5]);
      assertBytes(await t.get('o'), bytes);
      assert.equal((await t.store.head('o', never))?.size, size);
    }
    const whole = pattern(4 * PART);
    await writeAll(t.store, 'o', whole, [whole.length]);
    assertBytes(await readAll(t.store, 'o', { buffers: [MIB] }), whole);
    assert.equal(await t.leftovers(), 0);
  },

  'writes the same bytes however they are cut': async (t) => {
    const bytes = pattern(700_000);
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 200_000, max: 600_000 })), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => {
        await writeAll(
          t.store,
          'o',
          bytes,
          pieces.map((size) => size + 100),
        );
        assertBytes(await t.get('o'), bytes);
      }),
      { numRuns: 12 },
    );
  },

  'keeps writers of one key apart': async (t) => {
    const [first, second] = [
      await t.store.create('o', { signal: never }),
      await t.store.create('o', { signal: never }),
    ];
    for (const seed of [1, 2, 3]) {
      await first.write(pattern(PART, seed));
      await second.write(pattern(PART - 1, seed + 10));
    }
    await first.commit();
    assertBytes(await t.get('o'), Buffer.concat([1, 2, 3].map((seed) => pattern(PART, seed))));
    await second.abort();
    assert.equal((await t.get('o'))?.length, 3 * PART);
    assert.equal(await t.leftovers(), 0);
  },

  'keeps odd keys as they are, written too': async (t) => {
    const keys = ['a b+c%20d', 'caf\u00e9/cafe\u0301', '日本語', 'a&b<c>"d', 'a\nb', '\u{1f389}?#'];
    for (const key of keys) await writeAll(t.store, key, Buffer.from(key));
    for (const key of keys) assert.equal((await t.get(key))?.toString(), key);
    assert.deepEqual(new Set(await keysOf(t.store, '')), new Set(keys));
  },

  'says which output cannot be written': async (t) => {
    const write = async (size: number): Promise<void> => {
      const writer = await t.broken.create('a/b', { signal: never });
      try {
        await writer.write(pattern(size));
        await writer.commit();
      } finally {
        await writer.abort();
      }
    };
    for (const size of [0, 1000, PART + 1]) {
      const error = await failure(write(size), 'WriteFailed');
      assert.equal(error.details.output, t.broken.locate('a/b'));
      assert(error.message.includes(t.broken.locate('a/b')), error.message);
    }
  },

  'says so when what was stored is lost before the commit, and leaves nothing': async (t) => {
    const old = Buffer.from('old');
    await t.put('o', old);
    const writer = await t.store.create('o', { signal: never });
    await writer.write(pattern(PART + 1000));
    await t.sabotage();
    await t.put('o', old);
    const error = await failure(writer.commit(), 'WriteFailed');
    assert.equal(error.details.output, t.store.locate('o'));
    await writer.abort();
    await writer.abort();
    assertBytes(await t.get('o'), old);
    assert.equal(await t.leftovers(), 0);
  },

  'writes nothing once it is told to stop': async (t) => {
    const reason = new Error('enough');
    for (const size of [1000, PART + 1000]) {
      const stop = new AbortController();
      const writer = await t.store.create('o', { signal: stop.signal });
      await writer.write(pattern(size));
      stop.abort(reason);
      await assert.rejects(writer.commit(), reason);
      await writer.abort();
      assert.equal(await t.get('o'), undefined);
      assert.equal(await t.leftovers(), 0);
    }
  },

  'removes one object and nothing else, and does not mind when there is none': async (t) => {
    const keys = ['a/b', 'a/b c+%20', 'a/bb', 'c'];
    for (const key of keys) await t.put(key, Buffer.from(key));
    for (const key of ['a', 'a/', 'no/such', 'c/d', 'a/b/c']) {
      await t.store.remove(key, never).catch((error) => assert.equal(error.code, 'ObjectNameUnsafe', key));
    }
    assert.deepEqual(await keysOf(t.store, ''), keys);
    for (const key of ['a/b', 'a/b c+%20', 'c']) {
      await t.store.remove(key, never);
      await t.store.remove(key, never);
      assert.equal(await t.get(key), undefined);
    }
    assert.deepEqual(await keysOf(t.store, ''), ['a/bb']);
    const reason = new Error('enough');
    await assert.rejects(t.store.remove('a/bb', AbortSignal.abort(reason)), reason);
    assert.deepEqual(await keysOf(t.store, ''), ['a/bb']);
    await writeAll(t.store, 'a/b', Buffer.from('again'));
    assert.equal((await t.get('a/b'))?.toString(), 'again');
  },

  'tells beforehand whether a place can be written to': async (t) => {
    await t.store.checkWritable('not/yet/there', never);
    await t.store.checkWritable('', never);
    const error = await t.broken.checkWritable('x', never).catch((reason: unknown) => reason);
    assert(error instanceof Error);
    assert.equal((error as { fault?: string }).fault, 'usage', error.message);
    assert.deepEqual(await keysOf(t.store, ''), [], 'nothing was written to find out');
  },
};
