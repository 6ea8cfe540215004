import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { sortKeys } from '../key-order.ts';
import { isMissing, statOrNothing } from './file-state.ts';
import { continuesInside, type KeyPaths } from './key-path.ts';

/** Folders of fewer names are read again for every page. */
const BIG = 1000;
/** Names of big folders that are remembered, all together: some 60 bytes each. One folder may have more on its own. */
const MAX_REMEMBERED = 500_000;
/**
 * Clocks of file systems move in steps, 10 ms on Linux, 2 s at the worst: a folder that has changed so recently may have changed
 * once more without showing it.
 */
const AT_REST_MS = 3000;

interface Remembered {
  readonly inode: bigint;
  readonly modifiedNs: bigint;
  readonly names: readonly string[];
}

/**
 * Reads the folders of a bucket as segments of keys. Big ones that are at rest are remembered: a listing of 100,000 objects asks
 * for a folder 100 times, and reading and sorting it takes 100 ms.
 */
export class FolderNames {
  readonly #root: string;
  readonly #paths: KeyPaths;
  /** By path, the one used last at the end. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(root: string, paths: KeyPaths) {
    this.#root = root;
    this.#paths = paths;
  }

  /**
   * The segments that keys have behind `prefix`, folders' with a `/` behind them, in the order of keys. Nothing when there is no
   * such folder.
   *
   * @param prefix empty, or up to a `/` and with it
   */
  async read(prefix: string): Promise<readonly string[]> {
    const path = join(this.#root, ...this.#paths.folders(prefix));
    const before = await statOrNothing(path);
    if (!before?.isDirectory()) return [];
    const { ino: inode, mtimeNs: modifiedNs } = before;
    const known = this.#remembered.get(path);
    this.#remembered.delete(path);
    if (known?.inode === inode && known.modifiedNs === modifiedNs) {
      this.#remembered.set(path, known);
      return known.names;
    }
    const found: string[] = [];
    const isAtRest = Date.now() - Number(modifiedNs / 1_000_000n) > AT_REST_MS;
    const isOneFolder = await this.#collect(path, [], found);
    const names = distinct(sortKeys(found));
    if (names.length >= BIG && isAtRest && isOneFolder) this.#remember(path, { inode, modifiedNs, names });
    return names;
  }

  /** False when there is more than the one folder: names that continue are not in it, but inside of another. */
  async #collect(path: string, begun: readonly string[], found: string[]): Promise<boolean> {
    let isOneFolder = true;
    for (const entry of await entriesOf(path)) {
      const { name } = entry;
      // Waiting for each of 100,000 would take longer than reading them.
      const isFolder = entry.isSymbolicLink() ? await this.#leadsToFolder(path, name) : kindOf(entry);
      if (isFolder === undefined) continue;
      if (isFolder && continuesInside(name)) {
        isOneFolder = false;
        await this.#collect(join(path, name), [...begun, name], found);
        continue;
      }
      const segment = this.#paths.read(name, isFolder, begun);
      if (segment !== undefined) found.push(isFolder ? `${segment}/` : segment);
    }
    return isOneFolder;
  }

  /**
   * Whether a link leads to a folder or a file; `undefined` when it leads to nothing, or to a folder on the way to it: in
   * such a circle everything would be there without end.
   */
  async #leadsToFolder(folder: string, name: string): Promise<boolean | undefined> {
    const path = join(folder, name);
    const target = await statOrNothing(path);
    if (target?.isFile()) return false;
    if (!target?.isDirectory()) return undefined;
    const real = await realpath(path);
    const way = relative(this.#root, folder).split(sep);
    for (let depth = 0; depth <= way.length; depth++) {
      if ((await realpath(join(this.#root, ...way.slice(0, depth)))) === real) return undefined;
    }
    return true;
  }

  #remember(path: string, folder: Remembered): void {
    this.#remembered.set(path, folder);
    let total = 0;
    for (const { names } of this.#remembered.values()) total += names.length;
    for (const [oldest, { names }] of this.#remembered) {
      if (total <= MAX_REMEMBERED || oldest === path) return;
      this.#remembered.delete(oldest);
      total -= names.length;
    }
  }
}

async function entriesOf(path: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function kindOf(entry: Dirent): boolean | undefined {
  if (entry.isFile()) return false;
  return entry.isDirectory() ? true : undefined;
}

/** An object that somebody has put beside one of the same key, which has its second name, hides it. */
function distinct(sorted: readonly string[]): readonly string[] {
  return sorted.some((name, at) => name === sorted[at + 1]) ? [...new Set(sorted)] : sorted;
}
