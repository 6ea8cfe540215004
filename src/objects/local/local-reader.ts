import type { FileHandle } from 'node:fs/promises';
import { MillraceError } from '../../core/errors.ts';
import type { EmbeddedReader } from './embedded-store.ts';
import { readFailed } from './file-state.ts';
import type { StoredObject } from './stored-object.ts';

const CHUNK_BYTES = 256 * 1024;

/** Reads one state of an object: the file stays open, so it is there even when its name is another's. */
export class LocalReader implements EmbeddedReader {
  readonly object: StoredObject;
  readonly #handle: FileHandle;
  readonly #name: string;
  #closed: Promise<void> | undefined;

  /** @param name the object as a person writes it */
  constructor(handle: FileHandle, object: StoredObject, name: string) {
    this.#handle = handle;
    this.object = object;
    this.#name = name;
  }

  /** @throws MillraceError `ReadFailed`; `ObjectChanged` when somebody has cut the file off meanwhile */
  async *bytes(start: number, end: number): AsyncIterable<Buffer> {
    for (let at = start; at < end && this.#closed === undefined; ) {
      const chunk = await this.#read(at, Math.min(CHUNK_BYTES, end - at));
      at += chunk.length;
      if (this.#closed === undefined) yield chunk;
    }
  }

  /** A read under way is waited for. */
  close(): Promise<void> {
    this.#closed ??= this.#handle.close().catch(() => undefined);
    return this.#closed;
  }

  async #read(at: number, length: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafeSlow(length);
    let bytesRead: number;
    try {
      ({ bytesRead } = await this.#handle.read(chunk, 0, length, at));
    } catch (error) {
      throw readFailed(this.#name, at, error);
    }
    if (bytesRead > 0) return chunk.subarray(0, bytesRead);
    const cause = `it had ${this.object.size} bytes and now ends at byte ${at}`;
    throw new MillraceError('ObjectChanged', { object: this.#name, cause });
  }
}
