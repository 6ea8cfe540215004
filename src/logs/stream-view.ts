import { stat } from 'node:fs/promises';
import { isMissing, olderPath, openSegment, type Segment } from './segment.ts';

const NEWLINE = 0x0a;
const TAIL_BYTES = 4096;

/** Bytes of a stream that lie in one segment. */
export interface Stretch {
  readonly bytes: Buffer;
  /** Where in the stream they start. */
  readonly offset: number;
  /** True when the segment starts or ends with them: a line does, too. */
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/**
 * What is on the disk of a stream at one moment, whatever is written, replaced or removed meanwhile. A last line without its
 * newline, which is being written or whose writing was interrupted, is not part of it.
 */
export class StreamView {
  readonly #segments: readonly Segment[];
  readonly end: number;

  private constructor(segments: readonly Segment[], end: number) {
    this.#segments = segments;
    this.end = end;
  }

  /** A stream without files has nothing in it. The caller closes the view. */
  static async open(path: string): Promise<StreamView> {
    const segments = await openSegments(path);
    try {
      const last = segments.at(-1);
      return new StreamView(segments, last === undefined ? 0 : await endOfLines(last));
    } catch (error) {
      await closeAll(segments);
      throw error;
    }
  }

  get start(): number {
    return this.#segments[0]?.base ?? 0;
  }

  /** At most `length` bytes from `offset` on, none at the end. What is no longer there is passed over. */
  async after(offset: number, length: number): Promise<Stretch> {
    const segment = this.#segments.find((it) => this.#endOf(it) > offset);
    if (segment === undefined) return { bytes: Buffer.alloc(0), offset: this.end, atStart: true, atEnd: true };
    const from = Math.max(offset, segment.base);
    return this.#read(segment, from, Math.min(from + length, this.#endOf(segment)));
  }

  /** At most `length` bytes up to `offset`, none at the start. */
  async before(offset: number, length: number): Promise<Stretch> {
    const segment = this.#segments.findLast((it) => it.base < Math.min(offset, this.#endOf(it)));
    if (segment === undefined) return { bytes: Buffer.alloc(0), offset: this.start, atStart: true, atEnd: true };
    const to = Math.min(offset, this.#endOf(segment));
    return this.#read(segment, Math.max(segment.base, to - length), to);
  }

  async close(): Promise<void> {
    await closeAll(this.#segments);
  }

  #endOf(segment: Segment): number {
    return segment === this.#segments.at(-1) ? this.end : segment.end;
  }

  async #read(segment: Segment, from: number, to: number): Promise<Stretch> {
    const bytes = Buffer.allocUnsafe(to - from);
    const filled = await readFully(segment, bytes, from);
    return {
      bytes: bytes.subarray(0, filled),
      offset: from,
      atStart: from === segment.base,
      atEnd: from + filled === this.#endOf(segment),
    };
  }
}

/** Bytes on the disk of the files of a stream. */
export async function bytesOnDisk(path: string): Promise<number> {
  const sizes = await Promise.all(
    [path, olderPath(path)].map((file) =>
      stat(file).then(
        ({ size }) => size,
        (error: unknown) => {
          if (isMissing(error)) return 0;
          throw error;
        },
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * The segments of one moment, the older one first. The newer is opened first: when it becomes the older one in between, both
 * handles are the same file, and when it is gone for a moment, its successor is about to come.
 */
async function openSegments(path: string): Promise<Segment[]> {
  for (let attempt = 1; ; attempt++) {
    const newer = await openSegment(path);
    const older = await openSegment(olderPath(path)).catch(async (error: unknown) => {
      await newer?.handle.close();
      throw error;
    });
    const segments = [older, newer].filter((it) => it !== undefined);
    const follows = newer === undefined ? older === undefined : newer.base === (older?.end ?? 0);
    if (follows) return segments;
    // A new file without its header, or one whose neighbour somebody has removed, stays as it is.
    if (attempt === MAX_ATTEMPTS) {
      if (newer === undefined || older === undefined || newer.base > older.base) return segments;
      await newer.handle.close();
      return [older];
    }
    await closeAll(segments);
  }
}

const MAX_ATTEMPTS = 3;

async function closeAll(segments: readonly Segment[]): Promise<void> {
  await Promise.all(segments.map(({ handle }) => handle.close()));
}

async function endOfLines(segment: Segment): Promise<number> {
  for (let end = segment.end; end > segment.base; ) {
    const tail = Buffer.allocUnsafe(Math.min(TAIL_BYTES, end - segment.base));
    const from = end - tail.length;
    const filled = await readFully(segment, tail, from);
    const newline = tail.subarray(0, filled).lastIndexOf(NEWLINE);
    if (newline !== -1) return from + newline + 1;
    end = from;
  }
  return segment.base;
}

/** Fewer bytes than asked for when the file has become shorter. */
async function readFully({ handle, base }: Segment, bytes: Buffer, from: number): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from - base + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
