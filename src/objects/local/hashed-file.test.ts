import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { failure, pattern } from '../../../test/contract/store-under-test.ts';
import { HashedFile } from './hashed-file.ts';

/** A disk that looks at the bytes late, and takes as many at a time as it likes. */
function slowFile(taken: (wanted: number) => number): {
  readonly handle: FileHandle;
  readonly bytes: Buffer;
  closed: number;
} {
  const file = { handle: {} as FileHandle, bytes: Buffer.alloc(3_000_000), closed: 0 };
  file.handle = {
    write: async (from: Buffer, offset: number, length: number, position: number) => {
      await setImmediate();
      const bytesWritten = taken(length);
      from.copy(file.bytes, position, offset, offset + bytesWritten);
      return { bytesWritten };
    },
    sync: async () => undefined,
    close: async () => {
      file.closed += 1;
    },
  } as unknown as FileHandle;
  return file;
}

const options = { checksum: undefined, position: 0, maxBytes: 3_000_000, output: 'o' };

test('bytes arrive once and in order, whatever the pieces and however the disk takes them', async () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 100_000, max: 700_000 })), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), fc.nat({ max: 1000 }), async (pieces, isWhole, position) => {
      const file = slowFile((wanted) => (isWhole ? wanted : Math.ceil(wanted / 2)));
      const writer = new HashedFile(file.handle, { ...options, position });
      const bytes = pattern(1_000_000);
      const memory = Buffer.alloc(700_000);
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = bytes.copy(memory, 0, at, at + (pieces[turn % pieces.length] ?? 1));
        await writer.write(memory.subarray(0, size));
        memory.fill(0xee);
        at += size;
      }
      assert.equal(writer.digest().md5, createHash('md5').update(bytes).digest('hex'));
      assert.deepEqual(await writer.finish(), writer.digest());
      assert(file.bytes.subarray(position, position + bytes.length).equals(bytes));
      assert.equal(file.closed, 1);
    }),
    { numRuns: 20 },
  );
});

test('a disk that takes nothing more fails the next write or the end, and the file is closed', async () => {
  let left = 1;
  const file = slowFile((wanted) => (left-- > 0 ? wanted : 0));
  const writer = new HashedFile(file.handle, options);
  await failure(writer.write(pattern(1_500_000)), 'WriteFailed');
  await failure(writer.finish(), 'WriteFailed');
  await writer.close();
  await writer.close();
  assert.equal(file.closed, 1);
});
