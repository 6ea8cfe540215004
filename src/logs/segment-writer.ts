import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stampAt } from './log-line.ts';
import { baseOf, headerOf, isMissing, olderPath } from './segment.ts';

const NEWLINE = 0x0a;
const HEAD_BYTES = 256;
const TAIL_BYTES = 64 * 1024;

/** Appends whole lines to a stream and keeps it within its size. For one caller at a time. */
export class SegmentWriter {
  readonly #path: string;
  readonly #maxSegmentBytes: number;
  /** `undefined` when the file has to be opened again: after it has become the older one, or a failure. */
  #handle: FileHandle | undefined;
  #base: number;
  #size: number;
  #olderSize: number;
  /** Times of the first and the last event that were there when the stream was opened. */
  readonly firstAt: number | undefined;
  readonly lastAt: number | undefined;

  /**
   * Makes the files of a stream or goes on with them. A last line whose writing was interrupted is completed when its time is
   * whole, and cut off otherwise. Does not return before they are there: readers look for a stream as soon as an instance starts.
   */
  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxSegmentBytes = Math.floor(maxBytes / 2);
    mkdirSync(dirname(path), { recursive: true });
    const older = look(olderPath(path), 'r');
    const newer = look(path, 'a+');
    this.#olderSize = older?.size ?? 0;
    // Without a header it was not written yet, or there is nothing before it.
    this.#base = newer?.base || (older === undefined ? 0 : older.base + older.size);
    this.#size = newer?.size ?? 0;
    this.firstAt = older?.firstAt ?? newer?.firstAt;
    this.lastAt = newer?.lastAt ?? older?.lastAt;
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#size + this.#olderSize;
  }

  /** Resolves when the bytes are written; after a failure none of them is, and it may be tried again. */
  async append(bytes: Buffer): Promise<void> {
    if (this.#size > 0 && this.#size + bytes.length > this.#maxSegmentBytes) await this.#begin();
    this.#handle ??= await this.#open();
    if (this.#size === 0 && this.#base > 0) await this.#write(this.#handle, headerOf(this.#base));
    await this.#write(this.#handle, bytes);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** The newer segment becomes the older one. */
  async #begin(): Promise<void> {
    await this.close();
    await rename(this.#path, olderPath(this.#path));
    this.#olderSize = this.#size;
    this.#base += this.#size;
    this.#size = 0;
  }

  async #open(): Promise<FileHandle> {
    try {
      return await open(this.#path, 'r+');
    } catch (error) {
      if (!isMissing(error)) throw error;
      // It has become the older one, or somebody has removed it.
      this.#base += this.#size;
      this.#size = 0;
      return open(this.#path, 'w+');
    }
  }

  /** At a position of its own, so that what a failed try has left is overwritten. */
  async #write(handle: FileHandle, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, this.#size + done);
      if (bytesWritten === 0) throw new Error('the file system took no bytes');
      done += bytesWritten;
    }
    this.#size += bytes.length;
  }
}

interface Found {
  readonly base: number;
  readonly size: number;
  readonly firstAt: number | undefined;
  readonly lastAt: number | undefined;
}

/** What is in a file, which is made when it is to be written; `undefined` where there is none to be read. */
function look(path: string, flags: 'r' | 'a+'): Found | undefined {
  let file: number;
  try {
    file = openSync(path, flags);
  } catch (error) {
    if (isMissing(error) && flags === 'r') return undefined;
    throw error;
  }
  try {
    const size = flags === 'r' ? fstatSync(file).size : mended(file);
    const head = readPart(file, 0, Math.min(HEAD_BYTES, size));
    const base = baseOf(head);
    const firstAt = stampAt(head, base === 0 ? 0 : head.indexOf(NEWLINE) + 1);
    return { base, size, firstAt, lastAt: lastStamp(file, size) };
  } finally {
    closeSync(file);
  }
}

/** Bytes of the file when its last line is whole. */
function mended(file: number): number {
  const { size } = fstatSync(file);
  const tail = readPart(file, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES));
  if (size === 0 || tail.at(-1) === NEWLINE) return size;
  const start = tail.lastIndexOf(NEWLINE) + 1;
  // Of a line longer than the tail the start is not seen; it has one.
  if (stampAt(tail, start) !== undefined || (start === 0 && size > TAIL_BYTES)) {
    writeSync(file, '\n');
    return size + 1;
  }
  const whole = size - tail.length + start;
  ftruncateSync(file, whole);
  return whole;
}

function lastStamp(file: number, size: number): number | undefined {
  for (let bytes = TAIL_BYTES; ; bytes *= 2) {
    const tail = readPart(file, Math.max(0, size - bytes), Math.min(size, bytes));
    for (let end = tail.length - 1; end > 0; ) {
      const start = tail.lastIndexOf(NEWLINE, end - 1) + 1;
      const at = start > 0 || bytes >= size ? stampAt(tail, start) : undefined;
      if (at !== undefined) return at;
      end = start - 1;
    }
    if (bytes >= size) return undefined;
  }
}

function readPart(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const filled = readSync(file, bytes, 0, length, position);
  return bytes.subarray(0, filled);
}
