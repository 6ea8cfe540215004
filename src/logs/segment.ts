import { type FileHandle, open } from 'node:fs/promises';

/**
 * A stream is one file, or two: when the newer one, `x.log`, has half the bytes that the stream may have, it becomes `x.log.1`
 * in place of the older one, and a new one begins. Offsets in a stream go on as if nothing had gone: a segment says in its first
 * line where it starts, so the files alone tell everything, whatever was interrupted.
 */
export interface Segment {
  readonly handle: FileHandle;
  /** Where in the stream its first byte is, and where it ends. */
  readonly base: number;
  readonly end: number;
}

const HEADER = /^# starts at byte (\d+) of the stream\n/;
const MAX_HEADER_BYTES = 64;

export function headerOf(base: number): Buffer {
  return Buffer.from(base === 0 ? '' : `# starts at byte ${base} of the stream\n`);
}

/** Where a segment starts, from its first bytes: 0 without a header. */
export function baseOf(bytes: Buffer): number {
  return Number(HEADER.exec(bytes.toString('latin1', 0, MAX_HEADER_BYTES))?.[1] ?? 0);
}

export function olderPath(path: string): string {
  return `${path}.1`;
}

/** Opens a segment for reading; `undefined` when there is no such file. Its end is that of the moment. */
export async function openSegment(path: string): Promise<Segment | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const head = Buffer.alloc(MAX_HEADER_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const base = baseOf(head.subarray(0, bytesRead));
    return { handle, base, end: base + size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** True when there is no such file, the way to it included. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
