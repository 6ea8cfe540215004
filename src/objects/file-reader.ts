import type { FileHandle } from 'node:fs/promises';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { ObjectReader } from './object-store.ts';

export interface FileReaderOptions {
  readonly object: string;
  readonly start: number;
  /** Bytes of the file when it was opened: what is appended later is not part of the object. */
  readonly size: number;
  readonly signal: AbortSignal;
}

export class FileReader implements ObjectReader {
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #object: string;
  readonly #signal: AbortSignal;
  #position: number;
  #closed: Promise<void> | undefined;

  constructor(handle: FileHandle, options: FileReaderOptions) {
    this.#handle = handle;
    this.#object = options.object;
    this.#position = options.start;
    this.#signal = options.signal;
    this.size = options.size;
  }

  async read(into: Uint8Array): Promise<number> {
    this.#signal.throwIfAborted();
    const wanted = Math.min(into.length, this.size - this.#position);
    if (wanted <= 0) return 0;
    let bytesRead: number;
    try {
      ({ bytesRead } = await this.#handle.read(into, 0, wanted, this.#position));
    } catch (error) {
      const details = { object: this.#object, offset: this.#position, cause: causeOf(error) };
      throw new MillraceError('ReadFailed', details, { cause: error });
    }
    if (bytesRead === 0) {
      const cause = `it had ${this.size} bytes and now ends at byte ${this.#position}`;
      throw new MillraceError('ObjectChanged', { object: this.#object, cause });
    }
    this.#position += bytesRead;
    return bytesRead;
  }

  /** FileHandle.close waits for a read under way by itself. */
  close(): Promise<void> {
    this.#closed ??= this.#handle.close().catch(() => undefined);
    return this.#closed;
  }
}
