import { causeOf, MillraceError } from '../core/errors.ts';
import { type LineBlock, LineBuffer } from './line-buffer.ts';
import type { LogStreamInfo } from './log-index.ts';
import type { SegmentWriter } from './segment-writer.ts';

/** What writes to a stream. */
export interface LogWriter {
  /**
   * Takes a line, which readers see from then on, and returns at once. `atMs`, milliseconds since the epoch, is when it was
   * written, if that is known. Lines after `close` are left out.
   */
  write(line: string, atMs?: number): void;
  /** Resolves when all lines are on the disk, or cannot be written, which the store reports. Never rejects. */
  close(): Promise<void>;
}

export interface LogStreamOptions {
  readonly info: LogStreamInfo;
  readonly path: string;
  readonly files: SegmentWriter;
  /** Bytes of lines that are gathered before they are written, at the most. */
  readonly blockBytes: number;
  readonly timeOf: (atMs: number | undefined) => number;
  /** Called when there are lines or bytes that the index does not know of. `bytes` is how many more there are on the disk. */
  readonly onChange: (stream: LogStream, bytes: number) => void;
  /** Called once when writing begins to fail, and when lines are lost. */
  readonly onFailure: (error: MillraceError) => void;
  readonly onClosed: () => void;
}

/** An event has 256 KiB at the most, in the original as well; a character has three bytes at the most. */
const MAX_EVENT_CHARS = 80_000;
/** Lines wait this long for others, in milliseconds. Readers do not wait for them: they flush. */
const GATHER_MS = 100;
const RETRY_MS = 1000;
/** Memory for lines that wait; what is beyond this share is written at once. */
const MAX_BUFFER_BYTES = 4 * 1024 * 1024;
const FLUSH_BYTES = 256 * 1024;

/** A stream that is being written. */
export class LogStream implements LogWriter {
  readonly path: string;
  readonly #options: LogStreamOptions;
  readonly #buffer: LineBuffer;
  #firstAt: number | undefined;
  #lastAt: number | undefined;
  #taken = 0;
  /** Lines that are on the disk or were dropped. */
  #done = 0;
  /** On its way to the disk; stays after a failure and is tried again. */
  #block: LineBlock | undefined;
  #writing = false;
  #failure: unknown;
  #timer: NodeJS.Timeout | undefined;
  #progress = Promise.withResolvers<void>();
  #closed: Promise<void> | undefined;

  constructor(options: LogStreamOptions) {
    this.#options = options;
    this.path = options.path;
    this.#buffer = new LineBuffer(MAX_BUFFER_BYTES, options.blockBytes);
    this.#firstAt = options.info.firstEventAt ?? options.files.firstAt;
    this.#lastAt = options.files.lastAt ?? options.info.lastEventAt;
  }

  /** What the stream holds, with lines that are still on their way. */
  get info(): LogStreamInfo {
    const { info, files } = this.#options;
    return {
      ...info,
      firstEventAt: this.#firstAt,
      lastEventAt: this.#lastAt,
      lastIngestedAt: this.#lastAt,
      storedBytes: files.bytes,
    };
  }

  write(line: string, atMs?: number): void {
    if (this.#closed !== undefined) return;
    // Of a stream that an earlier process has written with a clock that was ahead, the last event may be newer than now.
    const at = Math.max(this.#options.timeOf(atMs), this.#lastAt ?? 0);
    let start = 0;
    do {
      const end = cut(line, start);
      this.#buffer.push(at, line.slice(start, end));
      this.#taken += 1;
      start = end;
    } while (start < line.length);
    this.#firstAt ??= at;
    this.#lastAt = at;
    if (this.#buffer.bytes > FLUSH_BYTES && this.#failure === undefined) this.#start();
    else this.#startLater();
  }

  /** Resolves when the lines that were taken before are on the disk, or writing has failed. */
  async flush(): Promise<void> {
    const target = this.#taken;
    while (this.#done < target) {
      this.#start();
      await this.#progress.promise;
      if (this.#failure !== undefined) return;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    const { files, onFailure, onClosed } = this.#options;
    await this.flush();
    while (this.#writing) await this.#progress.promise;
    clearTimeout(this.#timer);
    const lost = this.#taken - this.#done;
    if (lost > 0) onFailure(this.#failed(`${lost} lines are lost: ${causeOf(this.#failure)}`));
    await files.close().catch((error: unknown) => onFailure(this.#failed(causeOf(error))));
    onClosed();
  }

  #start(): void {
    if (this.#writing) return;
    this.#writing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#write(this.#taken).then(() => {
      this.#writing = false;
      // What has come meanwhile waits for more.
      if (this.#done < this.#taken && this.#closed === undefined) this.#startLater();
      this.#advance();
    });
  }

  #startLater(): void {
    this.#timer ??= setTimeout(() => this.#start(), this.#failure === undefined ? GATHER_MS : RETRY_MS);
  }

  /** Writes what there is up to a number of lines, and more while there is much. Never rejects. */
  async #write(target: number): Promise<void> {
    const { files, onChange, onFailure } = this.#options;
    try {
      while (this.#done < target || this.#buffer.bytes > FLUSH_BYTES) {
        this.#block ??= this.#buffer.take();
        if (this.#block === undefined) return;
        const before = files.bytes;
        await files.append(this.#block.bytes);
        this.#done += this.#block.lines;
        this.#block = undefined;
        this.#failure = undefined;
        onChange(this, files.bytes - before);
        this.#advance();
      }
    } catch (error) {
      if (this.#failure === undefined) onFailure(this.#failed(causeOf(error)));
      this.#failure = error;
    }
  }

  #failed(cause: string): MillraceError {
    return new MillraceError('WriteFailed', { output: this.path, cause });
  }

  #advance(): void {
    const { resolve } = this.#progress;
    this.#progress = Promise.withResolvers<void>();
    resolve();
  }
}

/** Where the event ends that starts at `start` of a line: not between the two halves of a character. */
function cut(line: string, start: number): number {
  const end = start + MAX_EVENT_CHARS;
  if (end >= line.length) return line.length;
  const last = line.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}
