import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryAttributes } from '../../test/memory-attributes.ts';
import type { FileStamp, ObjectAttributes } from '../objects/local/stored-object.ts';
import { openDatabase } from './database.ts';
import { SqliteAttributes } from './sqlite-attributes.ts';

const stamp: FileStamp = { inode: 1n, modifiedNs: 1_700_000_000_123_456_789n, size: 3 };
const attributes: ObjectAttributes = {
  etag: '900150983cd24fb0d6963f7d28e17f72',
  headers: { 'content-type': 'text/csv', 'x-amz-meta-a': 'é "x"' },
  checksum: { algorithm: 'CRC32', value: 'NSRBwg==', type: 'FULL_OBJECT' },
  partSizes: [3],
};

async function index(): Promise<SqliteAttributes> {
  return new SqliteAttributes(await openDatabase(':memory:'));
}

test('attributes come back for exactly the state of the file that they were put for', async () => {
  const rows = await index();
  rows.put('bucket', 'key', stamp, attributes);
  assert.deepEqual(rows.get('bucket', 'key', { ...stamp }), attributes);
  for (const other of [{ inode: 2n }, { modifiedNs: stamp.modifiedNs + 1n }, { size: 4 }]) {
    assert.equal(rows.get('bucket', 'key', { ...stamp, ...other }), undefined);
  }
  assert.equal(rows.get('bucket', 'Key', stamp), undefined);
  assert.equal(rows.get('bucket2', 'key', stamp), undefined);
});

test('what an object does not have is there as undefined', async () => {
  const rows = await index();
  const few: ObjectAttributes = { etag: 'x', headers: {}, checksum: undefined, partSizes: undefined };
  rows.put('bucket', 'key', stamp, few);
  assert.deepEqual(rows.get('bucket', 'key', stamp), few);
});

test('inode numbers of 64 bits are told apart', async () => {
  const rows = await index();
  const inodes = [0n, 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
  for (const inode of inodes) rows.put('b', 'k', { ...stamp, inode }, { ...attributes, etag: String(inode) });
  for (const inode of inodes) assert.equal(rows.get('b', 'k', { ...stamp, inode })?.etag, String(inode));
});

test('whatever is put and pruned, it is as in memory', async () => {
  const key = fc.constantFrom('a', 'A', 'a/b', '');
  const state = fc.record({
    inode: fc.constantFrom(1n, 2n ** 64n - 1n),
    modifiedNs: fc.constantFrom(5n, 6n),
    size: fc.constantFrom(0, 7),
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key, state, etag: fc.string() }),
    fc.record({ kind: fc.constant('prune' as const), key, state: fc.option(state, { nil: undefined }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const [rows, model] = [await index(), new MemoryAttributes()];
      for (const one of steps) {
        for (const each of [rows, model]) {
          if (one.kind === 'put') each.put('bucket', one.key, one.state, { ...attributes, etag: one.etag });
          else each.prune('bucket', one.key, one.state);
        }
      }
      for (const { key: of, state: at } of steps) {
        if (at !== undefined) assert.deepEqual(rows.get('bucket', of, at), model.get('bucket', of, at));
      }
    }),
    { numRuns: 50 },
  );
});
