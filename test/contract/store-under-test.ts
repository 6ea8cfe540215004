import assert from 'node:assert/strict';
import { type ErrorCode, MillraceError } from '../../src/core/errors.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';

/** An empty store to be judged, with ways to look at it and to harm it that do not go through it. */
export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** One where nothing can be written: its bucket or folder cannot be there. */
  readonly broken: ObjectStore;
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Buffer | undefined>;
  /** How many unfinished writes have left something: partial files, open uploads. */
  leftovers(): Promise<number>;
  /** Destroys what the unfinished writes have stored so far. */
  sabotage(): Promise<void>;
  dispose(): Promise<void>;
}

export const never: AbortSignal = new AbortController().signal;

/** `length` bytes that differ from their neighbours at every power of two, so that a piece in the wrong place shows. */
export function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = (at ^ (at >>> 8) ^ (at >>> 16) ^ (at >>> 23) ^ seed) & 0xff;
  return bytes;
}

export async function keysOf(store: ObjectStore, prefix: string, signal = never): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, signal)) keys.push(key);
  return keys;
}

/** Reads an object from `start` to its end with buffers of the given sizes in turn. */
export async function readAll(
  store: ObjectStore,
  key: string,
  { start = 0, buffers = [64 * 1024], signal = never } = {},
): Promise<Buffer> {
  const reader = await store.open(key, { start, signal });
  const pieces: Buffer[] = [];
  try {
    for (let turn = 0; ; turn++) {
      const buffer = Buffer.alloc(buffers[turn % buffers.length] as number);
      const count = await reader.read(buffer);
      if (count === 0) break;
      pieces.push(buffer.subarray(0, count));
    }
    assert.equal(await reader.read(Buffer.alloc(1)), 0, 'the end is the end');
    return Buffer.concat(pieces);
  } finally {
    await reader.close();
  }
}

/** Writes an object in pieces of the given sizes in turn. */
export async function writeAll(store: ObjectStore, key: string, bytes: Buffer, pieces = [bytes.length]): Promise<void> {
  const writer = await store.create(key, { signal: never });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = pieces[turn % pieces.length] as number;
    await writer.write(bytes.subarray(at, at + size));
    at += size;
  }
  await writer.commit();
}

/** Buffers are compared by hand: assert's own diff of two megabytes takes minutes. */
export function assertBytes(actual: Buffer | undefined, expected: Buffer): void {
  assert(actual !== undefined, 'the object is not there');
  assert.equal(actual.length, expected.length, 'length');
  if (actual.equals(expected)) return;
  assert.fail(`the bytes differ from byte ${actual.findIndex((byte, at) => byte !== expected[at])} on`);
}

/** The error of the table that `promise` rejects with. */
export async function failure<C extends ErrorCode>(promise: Promise<unknown>, code: C): Promise<MillraceError<C>> {
  const error = await promise.then(
    () => assert.fail(`${code} was expected`),
    (reason: unknown) => reason,
  );
  assert(error instanceof MillraceError, `not an error of the table: ${error}`);
  assert.equal(error.code, code, error.message);
  return error as MillraceError<C>;
}
