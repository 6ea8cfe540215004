import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { putAll } from './file-state.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Where the bytes of a part are. */
export interface PartPlace {
  readonly path: string;
  readonly position: number;
  readonly size: number;
}

/**
 * Makes a file that is the parts, one behind the other. A part that is in this file already has to be at its place there, and is
 * not touched. The file is on the disk when it resolves.
 */
export async function joinParts(path: string, parts: readonly PartPlace[]): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT);
  try {
    const { size } = await file.stat();
    let position = 0;
    for (const part of parts) {
      if (part.path !== path) await copyPart(part, file, position);
      else if (part.position !== position || position + part.size > size) throw new Error('a part is not at its place');
      position += part.size;
    }
    await file.truncate(position);
    // An object is as old as its completion.
    const now = new Date();
    await file.utimes(now, now);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function copyPart(part: PartPlace, to: FileHandle, position: number): Promise<void> {
  const from = await open(part.path, 'r');
  try {
    const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, part.size));
    for (let done = 0; done < part.size; ) {
      const wanted = Math.min(block.length, part.size - done);
      const { bytesRead } = await from.read(block, 0, wanted, part.position + done);
      if (bytesRead === 0) throw new Error('a part has fewer bytes than it had');
      await putAll(to, block.subarray(0, bytesRead), position + done);
      done += bytesRead;
    }
  } finally {
    await from.close();
  }
}
