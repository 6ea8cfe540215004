import { lstat, mkdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, stampOf, statOrNothing } from './file-state.ts';
import { type KeyPath, type KeyPaths, SECOND_NAME } from './key-path.ts';
import type { FileStamp } from './stored-object.ts';

export interface FoundFile {
  readonly path: string;
  readonly stamp: FileStamp;
}

/** Where a file may be put, and the folders whose names have changed for it. */
export interface Room {
  readonly path: string;
  readonly changed: readonly string[];
}

/**
 * The folder of a bucket: an object is the file of its key (`KeyPaths`), or has its second name where a folder has the first.
 * `find` may be called at any time, everything else by one at a time.
 */
export class ObjectTree {
  /** Without links on the way. */
  readonly #root: string;
  readonly #paths: KeyPaths;

  constructor(root: string, paths: KeyPaths) {
    this.#root = root;
    this.#paths = paths;
  }

  /** The file of an object. Looking for the first name first finds it in the middle of a change from there to the second. */
  async find(key: string): Promise<FoundFile | undefined> {
    for (const path of this.#candidates(this.#paths.path(key))) {
      const stats = await statOrNothing(path);
      if (stats?.isFile()) return { path, stamp: stampOf(stats) };
    }
    return undefined;
  }

  /**
   * Makes the folders for an object and tells where its file goes: over the one that is there, else under the first name that
   * is free. An object whose name must become a folder gets its second name.
   */
  async makeRoom(key: string): Promise<Room> {
    const { folders, file } = this.#paths.path(key);
    const folder = join(this.#root, ...folders);
    const changed = (await this.#isOwnFolder(folder)) ? [] : await this.#makeFolders(folders);
    const candidates = this.#candidates({ folders, file });
    const [first = folder, second = first] = candidates;
    const there = await statOrNothing(first);
    if (there?.isFile()) return { path: first, changed };
    const isTaken = there !== undefined || (await statOrNothing(second)) !== undefined;
    return { path: isTaken ? second : first, changed };
  }

  /** Removes an object under both of its names, and the folders that are empty then. Resolves to the folder that has changed. */
  async remove(key: string): Promise<string> {
    const { folders, file } = this.#paths.path(key);
    const folder = join(this.#root, ...folders);
    if (!(await this.#isOwnFolder(folder))) throw linked(folder);
    for (const path of this.#candidates({ folders, file })) {
      // Only files: a folder of the name is of other objects.
      if ((await statOrNothing(path))?.isFile()) await rm(path);
    }
    return this.removeEmpty(folder);
  }

  /** Removes a folder and those above it as long as they are empty; resolves to the first that stays. */
  async removeEmpty(folder: string): Promise<string> {
    for (let at = folder; ; at = dirname(at)) {
      if (at === this.#root) return at;
      try {
        await rmdir(at);
      } catch (error) {
        if (!isMissing(error)) return at;
      }
    }
  }

  #candidates({ folders, file }: KeyPath): readonly string[] {
    const first = join(this.#root, ...folders, file);
    return file === '' ? [join(first, SECOND_NAME)] : [first, first + SECOND_NAME];
  }

  /** False when it is not there, or somewhere else by way of a link. */
  async #isOwnFolder(folder: string): Promise<boolean> {
    try {
      return (await realpath(folder)) === folder && (await stat(folder)).isDirectory();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async #makeFolders(names: readonly string[]): Promise<readonly string[]> {
    const changed: string[] = [];
    let folder = this.#root;
    try {
      for (const name of names) {
        const parent = folder;
        folder = join(parent, name);
        if (await this.#makeWay(folder)) changed.push(parent);
      }
    } catch (error) {
      if (changed.length > 0) await this.removeEmpty(dirname(folder));
      throw error;
    }
    return changed;
  }

  /** True when the folder was not there: nothing was, or an object. */
  async #makeWay(folder: string): Promise<boolean> {
    const there = await lstat(folder).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (there?.isDirectory()) return false;
    if (there !== undefined) {
      if (!(await statOrNothing(folder))?.isFile()) throw linked(folder);
      await rename(folder, folder + SECOND_NAME);
    }
    await mkdir(folder);
    return true;
  }
}

/** Somebody's link into a bucket shows what is elsewhere. What is elsewhere is not ours to change. */
function linked(folder: string): Error {
  return new Error(`${folder} is, or is behind, a link, and what is behind links is only read`);
}
