import { randomBytes } from 'node:crypto';
import { type FileHandle, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { ObjectWriter } from './object-store.ts';

const PARTIAL = /^\.[^/]*\.[0-9a-f]{12}\.partial$/;

/** The hidden neighbour that holds an output until it is whole: in the same folder, so that the rename is atomic. */
export function partialName(path: string): string {
  // A name may have 255 bytes; 200 of the output's own leave room for the dot, the random part and the ending.
  const name = Buffer.from(basename(path)).subarray(0, 200).toString().replaceAll('\ufffd', '');
  return join(dirname(path), `.${name}.${randomBytes(6).toString('hex')}.partial`);
}

/** True for names that `partialName` makes: never an input, whatever the folder. */
export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

/** Small writes are gathered up to this many bytes: a 200-byte result must not cost a system call. */
const BLOCK_BYTES = 256 * 1024;

export interface FileWriterOptions {
  /** The hidden neighbour, open as the handle, and the file that it becomes. */
  readonly partial: string;
  readonly path: string;
  /** The file's name in messages. */
  readonly output: string;
  readonly signal: AbortSignal;
}

export class FileWriter implements ObjectWriter {
  readonly #handle: FileHandle;
  readonly #partial: string;
  readonly #path: string;
  readonly #output: string;
  readonly #signal: AbortSignal;
  #block: Buffer | undefined;
  #filled = 0;
  #closed: Promise<void> | undefined;

  constructor(handle: FileHandle, options: FileWriterOptions) {
    this.#handle = handle;
    this.#partial = options.partial;
    this.#path = options.path;
    this.#output = options.output;
    this.#signal = options.signal;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length >= BLOCK_BYTES) {
      await this.#flush();
      return this.#append(bytes);
    }
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    if (this.#filled + bytes.length > BLOCK_BYTES) await this.#flush();
    this.#block.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  async commit(): Promise<void> {
    await this.#flush();
    this.#signal.throwIfAborted();
    try {
      await this.#handle.close();
      this.#closed = Promise.resolve();
      await rename(this.#partial, this.#path);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async abort(): Promise<void> {
    this.#closed ??= this.#handle.close().catch(() => undefined);
    await this.#closed;
    await rm(this.#partial, { force: true }).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0 || this.#block === undefined) return;
    await this.#append(this.#block.subarray(0, this.#filled));
    this.#filled = 0;
  }

  /** A full disk or a quota can take a part of the bytes and say so only at the next call. */
  async #append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
        if (bytesWritten === 0) throw new Error('the file system took no bytes');
        done += bytesWritten;
      }
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): MillraceError {
    const full =
      (error as NodeJS.ErrnoException).code === 'ENOSPC'
        ? ' (the disk is full: make room or choose another --output)'
        : '';
    return new MillraceError('WriteFailed', { output: this.#output, cause: causeOf(error) + full }, { cause: error });
  }
}
