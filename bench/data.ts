import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A line of CSV of exactly `length` bytes with its `\n`; columns of seven bytes with their comma, numbers from 0 to 10. */
export function csvLine(length: number, seed: number): string {
  let line = '';
  for (let i = 0; line.length < length; i++)
    line += `${(((seed * 7919 + i * 104_729) % 100_000) / 10_000).toFixed(4)},`;
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
  // Written back now: the measurement that follows should not pay for it.
  await file.sync();
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

/** A folder with one JSON document, or one line, of about `bytes` bytes: an object with an id and many numbers. */
export async function oneDocument(folder: string, bytes: number, name: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const numbers = Array.from({ length: 20_000 }, (_, i) => ((i * 7919) % 100_000) / 1000).join(',');
  const file = await open(join(folder, name), 'w');
  await file.write('{"id":9007199254740993,"features":[');
  for (let written = 0; written + numbers.length < bytes; written += numbers.length + 1)
    await file.write(`${numbers},`);
  await file.write('0],"note":"the end"}\n');
  await file.close();
  return folder;
}
