import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** CSV lines of exactly `length` bytes, numbers between 0 and 10, `\n` included. */
export function csvLine(length: number, seed: number): string {
  let line = '';
  for (let i = 0; line.length < length; i++)
    line += `${((seed * 7919 + i * 104_729) % 10_000) / 1000 + 0.0001},`.slice(0, 7);
  return `${line.slice(0, length - 2)}1\n`;
}

/** A folder with one CSV file of about `bytes` bytes. */
export async function oneFile(folder: string, bytes: number, lineBytes: number): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const block = Buffer.from(
    Array.from({ length: Math.ceil(2 ** 20 / lineBytes) }, (_, i) => csvLine(lineBytes, i)).join(''),
  );
  const file = await open(join(folder, 'data.csv'), 'w');
  for (let written = 0; written < bytes; written += block.length) await file.write(block);
  await file.close();
  return folder;
}

/** A folder with `count` CSV files of `bytes` bytes. */
export async function manyFiles(folder: string, count: number, bytes: number): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const text = csvLine(100, 1)
    .repeat(Math.ceil(bytes / 100))
    .slice(0, bytes);
  for (let i = 0; i < count; i++) await writeFile(join(folder, `${String(i).padStart(6, '0')}.csv`), text);
  return folder;
}
