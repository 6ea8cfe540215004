import { constants, type Dir } from 'node:fs';
import { access, type FileHandle, lstat, mkdir, open, opendir, realpath, stat, unlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { causeOf, MillraceError } from '../core/errors.ts';
import { FileReader } from './file-reader.ts';
import { FileWriter, isPartial, partialName } from './file-writer.ts';
import { compareKeys } from './key-order.ts';
import type { ObjectInfo, ObjectReader, ObjectStore, ObjectWriter } from './object-store.ts';
import { securePath } from './secure-path.ts';

/** A folder of the file system as an object store; keys are paths below it with `/`. */
export class FileStore implements ObjectStore {
  readonly #root: string;
  readonly #cwd: string;
  /** Folders known to exist, so that 100,000 outputs in one folder do not cost 100,000 mkdir; bounded. */
  readonly #folders = new Set<string>();

  constructor(root: string, cwd: string) {
    this.#root = root;
    this.#cwd = cwd;
  }

  /** The path as the user would write it: relative to where they stand when it is below, absolute otherwise. */
  locate(key: string): string {
    const path = join(this.#root, key);
    const near = relative(this.#cwd, path);
    return near === '' ? '.' : near === '..' || near.startsWith(`..${sep}`) ? path : near;
  }

  nameOf(key: string): string {
    return this.locate(key).split(sep).join('/');
  }

  address(key: string): string {
    return join(this.#root, key);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncIterable<ObjectInfo> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const found: ObjectInfo[] = [];
    await this.#walk(join(this.#root, folder), folder, prefix, [], found, signal);
    found.sort((a, b) => compareKeys(a.key, b.key));
    yield* found;
  }

  /** Links are followed, as every copying tool does; `above` holds the real folders on the way here, which ends loops. */
  async #walk(
    path: string,
    folder: string,
    prefix: string,
    above: readonly string[],
    found: ObjectInfo[],
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const entered = await this.#enter(path);
    if (entered === undefined) return;
    const { real, entries } = entered;
    if (above.includes(real)) return entries.close();
    for await (const entry of entries) {
      const key = folder + entry.name;
      if (entry.isDirectory()) {
        if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) {
          await this.#walk(join(path, entry.name), `${key}/`, prefix, [...above, real], found, signal);
        }
        continue;
      }
      if (!key.startsWith(prefix) || isPartial(entry.name)) continue;
      const info = await stat(join(path, entry.name)).catch(() => undefined);
      // A link to nothing or a name that is no UTF-8 cannot be read: its own failure will say so. Passing over it would lose it.
      if (info === undefined || info.isFile()) found.push({ key, size: info?.size ?? 0 });
      else if (info.isDirectory()) {
        await this.#walk(join(path, entry.name), `${key}/`, prefix, [...above, real], found, signal);
      }
    }
  }

  /** A folder that is not there has nothing in it, as in any object store; one that may not be looked into must not go missing. */
  async #enter(path: string): Promise<{ readonly real: string; readonly entries: Dir } | undefined> {
    try {
      return { real: await realpath(path), entries: await opendir(path) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      const location = this.locate(relative(this.#root, path));
      throw new MillraceError('InputNotFound', { location, remedy: `${causeOf(error)}.` }, { cause: error });
    }
  }

  async head(key: string, _signal: AbortSignal): Promise<ObjectInfo | undefined> {
    const place = securePath(this.#root, key);
    if ('invalid' in place) return undefined;
    const info = await stat(place.path).catch(() => undefined);
    return info?.isFile() ? { key, size: info.size } : undefined;
  }

  async open(key: string, options: { readonly start?: number; readonly signal: AbortSignal }): Promise<ObjectReader> {
    const object = this.locate(key);
    const place = securePath(this.#root, key);
    if ('invalid' in place) throw new MillraceError('ObjectNameUnsafe', { object, cause: place.invalid });
    const start = options.start ?? 0;
    let handle: FileHandle | undefined;
    try {
      handle = await open(place.path, 'r');
      const info = await handle.stat();
      if (info.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'ENOENT' });
      const { size } = info;
      if (start > size) throw new Error(`it has only ${size} bytes`);
      return new FileReader(handle, { object, start, size, signal: options.signal });
    } catch (error) {
      await handle?.close();
      if (isMissing(error)) throw new MillraceError('ObjectNotFound', { object }, { cause: error });
      throw new MillraceError('ReadFailed', { object, offset: start, cause: causeOf(error) }, { cause: error });
    }
  }

  async create(key: string, { signal }: { readonly signal: AbortSignal }): Promise<ObjectWriter> {
    const output = this.locate(key);
    const place = securePath(this.#root, key);
    if ('invalid' in place) throw new MillraceError('ObjectNameUnsafe', { object: output, cause: place.invalid });
    const folder = dirname(place.path);
    const partial = partialName(place.path);
    try {
      if (!this.#folders.has(folder)) {
        await mkdir(folder, { recursive: true });
        if (this.#folders.size < 10_000) this.#folders.add(folder);
      }
      const handle = await open(partial, 'wx').catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        await mkdir(folder, { recursive: true }); // somebody removed it meanwhile
        return open(partial, 'wx');
      });
      return new FileWriter(handle, { partial, path: place.path, output, signal });
    } catch (error) {
      throw new MillraceError('WriteFailed', { output, cause: causeOf(error) }, { cause: error });
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const output = this.locate(key);
    const place = securePath(this.#root, key);
    if ('invalid' in place) throw new MillraceError('ObjectNameUnsafe', { object: output, cause: place.invalid });
    try {
      await unlink(place.path);
    } catch (error) {
      // A folder is no object, and each system has its own error for removing one as a file.
      if (isMissing(error) || (await lstat(place.path).catch(() => undefined))?.isDirectory()) return;
      throw new MillraceError('WriteFailed', { output, cause: causeOf(error) }, { cause: error });
    }
  }

  /** Asks the nearest folder that exists: the ones below it can be made when it may be written. */
  async checkWritable(prefix: string, _signal: AbortSignal): Promise<void> {
    for (let folder = join(this.#root, prefix); ; folder = dirname(folder)) {
      const info = await stat(folder).catch((error: NodeJS.ErrnoException) => error);
      if (info instanceof Error) {
        if (info.code === 'ENOENT' && folder !== dirname(folder)) continue;
        throw new MillraceError('OutputNotWritable', { location: this.locate(prefix), cause: causeOf(info) });
      }
      const location = this.locate(prefix);
      if (!info.isDirectory()) {
        throw new MillraceError('OutputNotWritable', { location, cause: `${folder} is a file, not a folder` });
      }
      try {
        return await access(folder, constants.W_OK | constants.X_OK);
      } catch (error) {
        throw new MillraceError('OutputNotWritable', { location, cause: causeOf(error) }, { cause: error });
      }
    }
  }

  async close(): Promise<void> {}
}

/** True when there is no such file, the way to it included. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
