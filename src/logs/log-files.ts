import { rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LogStreamInfo } from './log-index.ts';
import { eventsBefore, eventsFrom } from './read-events.ts';
import { olderPath } from './segment.ts';
import { StreamView } from './stream-view.ts';

/** Times of the first and the last event in the files of a stream. */
export async function timesOnDisk(path: string): Promise<{ readonly firstAt?: number; readonly lastAt?: number }> {
  const view = await StreamView.open(path);
  try {
    const firstAt = await firstTime(view);
    const lastAt = await lastTime(view);
    return firstAt === undefined || lastAt === undefined ? {} : { firstAt, lastAt };
  } finally {
    await view.close();
  }
}

async function firstTime(view: StreamView): Promise<number | undefined> {
  for (let offset = view.start; ; ) {
    const { events, next } = await eventsFrom(view, offset);
    if (events[0] !== undefined || next === offset) return events[0]?.at;
    offset = next;
  }
}

async function lastTime(view: StreamView): Promise<number | undefined> {
  for (let offset = view.end; ; ) {
    const { events, start } = await eventsBefore(view, offset);
    const last = events.at(-1);
    if (last !== undefined || start === offset) return last?.at;
    offset = start;
  }
}

/** Removes the files of streams, and folders that are empty then, up to the job's; what is not there needs no removing. */
export async function removeFiles(
  streams: readonly LogStreamInfo[],
  pathOf: (stream: LogStreamInfo) => string,
): Promise<void> {
  for (const stream of streams) {
    const path = pathOf(stream);
    await rm(path, { force: true });
    await rm(olderPath(path), { force: true });
  }
  // The parts of a name but the first are folders below the job's.
  const folders = new Set<string>();
  for (const stream of streams) {
    let folder = dirname(pathOf(stream));
    for (let depth = stream.name.split('/').length; depth > 1; depth--) {
      folders.add(folder);
      folder = dirname(folder);
    }
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) await removeEmpty(folder);
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    // Something else is in it, or on a system without case another job of nearly this name.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
