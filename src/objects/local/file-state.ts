import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { causeOf, MillraceError } from '../../core/errors.ts';
import type { FileStamp, ObjectAttributes } from './stored-object.ts';

export function stampOf(stats: BigIntStats): FileStamp {
  return { inode: stats.ino, modifiedNs: stats.mtimeNs, size: Number(stats.size) };
}

export function isSameState(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.modifiedNs === b.modifiedNs && a.size === b.size;
}

/**
 * What is known of a file that did not come through the store. The ETag is no MD5, and its `-0` says so: clients take one with
 * a `-` for that of an upload in parts, which they do not compare with the bytes.
 */
export function attributesOfState({ inode, modifiedNs, size }: FileStamp): ObjectAttributes {
  const state = createHash('sha256').update(`${inode} ${modifiedNs} ${size}`).digest('hex');
  return { etag: `${state.slice(0, 32)}-0`, headers: {}, checksum: undefined, partSizes: undefined };
}

/** True when there is nothing under this name, nor can be: no such file, no such folder, a circle of links. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Links are followed; `undefined` when there is nothing. */
export async function statOrNothing(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Writes everything: a full disk or a quota can take a part of the bytes and say so only at the next call. */
export async function putAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the file system took no bytes');
    done += bytesWritten;
  }
}

/** Makes the names in a folder last through a power failure; Windows does that by itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems know no such thing for folders.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/** @param output the object as a person writes it */
export function writeFailed(output: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? ' (the disk is full)' : '';
  return new MillraceError('WriteFailed', { output, cause: causeOf(error) + full }, { cause: error });
}

export function readFailed(object: string, offset: number, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError('ReadFailed', { object, offset, cause: causeOf(error) }, { cause: error });
}
