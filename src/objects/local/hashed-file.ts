import type { FileHandle } from 'node:fs/promises';
import { Digest } from './digest.ts';
import { putAll, writeFailed } from './file-state.ts';
import type { ChecksumAlgorithm, StoredChecksum } from './stored-object.ts';

/**
 * Small writes are gathered up to this many bytes. It is also what is hashed at a time: 0.35 ms, in which the service does
 * nothing else.
 */
const BLOCK_BYTES = 256 * 1024;

export interface HashedFileOptions {
  readonly checksum: ChecksumAlgorithm | undefined;
  /** Where in the file it begins, and how many bytes it may become: what is behind belongs to somebody else. */
  readonly position: number;
  readonly maxBytes: number;
  /** The object, for messages. */
  readonly output: string;
}

export interface FileDigest {
  readonly md5: string;
  readonly size: number;
  readonly checksum: StoredChecksum | undefined;
}

/**
 * A file, or a stretch of one, written from its beginning to its end and hashed on the way. One block is hashed and filled while
 * the one before it is on its way to the disk: that makes 0.5 GB/s of 0.35. MD5 alone does 0.75; on a thread of its
 * own it made nothing faster.
 */
export class HashedFile {
  readonly #handle: FileHandle;
  readonly #options: HashedFileOptions;
  readonly #digest: Digest;
  #position: number;
  #size = 0;
  #block: Buffer | undefined;
  #filled = 0;
  #spare: Buffer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #result: FileDigest | undefined;
  #closed: Promise<void> | undefined;

  constructor(handle: FileHandle, options: HashedFileOptions) {
    this.#handle = handle;
    this.#options = options;
    this.#digest = new Digest(options.checksum);
    this.#position = options.position;
  }

  /** @throws MillraceError `WriteFailed` */
  async write(bytes: Uint8Array): Promise<void> {
    const { maxBytes, output } = this.#options;
    if (this.#result !== undefined) throw new Error('nothing can be written behind what the digest was made of');
    if (this.#size + bytes.length > maxBytes) {
      throw writeFailed(output, new Error(`there are more bytes than the ${maxBytes} announced`));
    }
    this.#size += bytes.length;
    for (let taken = 0; taken < bytes.length; ) {
      this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
      const piece = bytes.subarray(taken, taken + BLOCK_BYTES - this.#filled);
      this.#block.set(piece, this.#filled);
      this.#filled += piece.length;
      taken += piece.length;
      if (this.#filled === BLOCK_BYTES) await this.#turnOver(this.#block);
    }
  }

  /** Of everything written; nothing can be written any more. */
  digest(): FileDigest {
    if (this.#result !== undefined) return this.#result;
    if (this.#block !== undefined) this.#digest.update(this.#block.subarray(0, this.#filled));
    this.#result = { ...this.#digest.finish(), size: this.#size };
    return this.#result;
  }

  /** Everything is on the disk, and the file closed, when it resolves. */
  async finish(): Promise<FileDigest> {
    const digest = this.digest();
    try {
      await this.#writing;
      if (this.#block !== undefined) await this.#put(this.#block.subarray(0, this.#filled));
      await this.#handle.sync();
      this.#closed = this.#handle.close();
      await this.#closed;
    } catch (error) {
      throw writeFailed(this.#options.output, error);
    }
    return digest;
  }

  /** Gives up. Nothing is written any more when it resolves. Never rejects; may be called at any time. */
  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    this.#closed ??= this.#handle.close();
    await this.#closed.catch(() => undefined);
  }

  /** Sends a full block on its way once the one before has arrived, and hashes it meanwhile. */
  async #turnOver(block: Buffer): Promise<void> {
    await this.#writing;
    this.#writing = this.#put(block);
    this.#writing.catch(() => undefined); // whoever waits for it next is told
    this.#digest.update(block);
    this.#block = this.#spare;
    this.#spare = block;
    this.#filled = 0;
  }

  async #put(bytes: Buffer): Promise<void> {
    const position = this.#position;
    this.#position += bytes.length;
    try {
      await putAll(this.#handle, bytes, position);
    } catch (error) {
      throw writeFailed(this.#options.output, error);
    }
  }
}
