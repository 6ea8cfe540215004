import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import type { ListPage, ListRequest, Precondition, WriteOutcome } from './embedded-store.ts';
import {
  attributesOfState,
  isMissing,
  isSameState,
  readFailed,
  stampOf,
  statOrNothing,
  syncFolder,
  writeFailed,
} from './file-state.ts';
import { FolderNames } from './folder-names.ts';
import { type KeyPaths, whyNoKey } from './key-path.ts';
import { listPage } from './list-page.ts';
import { LocalReader } from './local-reader.ts';
import { ObjectTree, type Room } from './object-tree.ts';
import type { AttributeIndex, FileStamp, ObjectAttributes, StoredObject } from './stored-object.ts';
import type { Turns } from './turns.ts';

/** An object is replaced between two looks at it so often only when something is wrong. */
const LOOKS = 20;

export interface BucketObjectsOptions {
  /** The bucket. */
  readonly name: string;
  /** Its folder, without links on the way. */
  readonly root: string;
  readonly paths: KeyPaths;
  readonly index: AttributeIndex;
  /** In which the bucket changes. */
  readonly turns: Turns;
}

/**
 * The objects of one bucket: files, and what the index knows of them. The row of a state is put into the index before the file
 * of that state gets its name, and others' rows are removed when the name is sure to last, so that at any moment, after a
 * power failure too, each file finds its own.
 */
export class BucketObjects {
  /** Set when the bucket is: one of the same name may be there soon, which is none of the writers' of this one. */
  isRemoved = false;
  readonly #name: string;
  readonly #tree: ObjectTree;
  readonly #names: FolderNames;
  readonly #index: AttributeIndex;
  readonly #turns: Turns;

  constructor({ name, root, paths, index, turns }: BucketObjectsOptions) {
    this.#name = name;
    this.#tree = new ObjectTree(root, paths);
    this.#names = new FolderNames(root, paths);
    this.#index = index;
    this.#turns = turns;
  }

  get name(): string {
    return this.#name;
  }

  /** An object as a person writes it. */
  locate(key: string): string {
    return `s3://${this.#name}/${key}`;
  }

  /** @throws MillraceError `ReadFailed` */
  async list(request: ListRequest, signal: AbortSignal): Promise<ListPage> {
    try {
      return await listPage(
        (prefix) => this.#names.read(prefix),
        (key) => this.head(key),
        request,
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      throw readFailed(this.locate(request.prefix), 0, error);
    }
  }

  /** @throws MillraceError `ReadFailed` */
  head(key: string): Promise<StoredObject | undefined> {
    return this.#look(key, async () => {
      const found = await this.#tree.find(key);
      return found && this.#objectOf(key, found.stamp);
    });
  }

  /** @throws MillraceError `ReadFailed` */
  open(key: string): Promise<LocalReader | undefined> {
    return this.#look(key, async () => {
      const found = await this.#tree.find(key);
      if (found === undefined) return undefined;
      let handle: FileHandle;
      try {
        handle = await open(found.path, 'r');
      } catch (error) {
        if (isMissing(error)) return 'changed';
        throw error;
      }
      try {
        const object = await this.#objectOf(key, stampOf(await handle.stat({ bigint: true })));
        if (object !== 'changed') return new LocalReader(handle, object, this.locate(key));
      } catch (error) {
        await handle.close();
        throw error;
      }
      await handle.close();
      return 'changed';
    });
  }

  /**
   * Makes a finished file on the same file system the object of a key; the file stays where it is when that does not happen.
   *
   * @throws MillraceError `WriteFailed`
   */
  async place(
    key: string,
    file: string,
    attributes: ObjectAttributes,
    precondition: Precondition | undefined,
  ): Promise<WriteOutcome> {
    return this.#writing(key, async () => {
      const stats = await statOrNothing(file);
      if (stats === undefined) throw new Error('the temporary file is gone');
      const stamp = stampOf(stats);
      const placed = await this.#turns.run(async () => {
        if (this.isRemoved) throw new Error('its bucket was removed');
        if (precondition !== undefined) {
          const current = await this.head(key);
          if (!precondition(current)) return { refused: current };
        }
        const room = await this.#tree.makeRoom(key);
        this.#index.put(this.#name, key, stamp, attributes);
        await this.#rename(file, room, key);
        return room;
      });
      if ('refused' in placed) return placed;
      for (const folder of new Set([dirname(placed.path), ...placed.changed])) await syncFolder(folder);
      await this.#prune(key);
      return { object: objectOf(key, stamp, attributes) };
    });
  }

  /** @throws MillraceError `WriteFailed` */
  async remove(key: string, precondition: Precondition | undefined): Promise<boolean> {
    return this.#writing(key, async () => {
      const changed = await this.#turns.run(async () => {
        const current = await this.head(key);
        if (current === undefined || precondition?.(current) === false) return undefined;
        return this.#tree.remove(key);
      });
      if (changed === undefined) return false;
      await syncFolder(changed);
      await this.#prune(key);
      return true;
    });
  }

  async #rename(file: string, room: Room, key: string): Promise<void> {
    try {
      await rename(file, room.path);
    } catch (error) {
      if (room.changed.length > 0) await this.#tree.removeEmpty(dirname(room.path));
      this.#index.prune(this.#name, key, (await this.#tree.find(key))?.stamp);
      throw error;
    }
  }

  /** Forgets all states of a key but that of the file which is there now, whoever has put it there. */
  #prune(key: string): Promise<void> {
    return this.#turns.run(async () => {
      this.#index.prune(this.#name, key, (await this.#tree.find(key))?.stamp);
    });
  }

  /** Repeats a look at an object that was replaced in the middle of it. */
  async #look<T>(key: string, look: () => Promise<T | 'changed'>): Promise<T | undefined> {
    if (whyNoKey(key) !== undefined) return undefined;
    try {
      for (let looks = 0; looks < LOOKS; looks++) {
        const seen = await look();
        if (seen !== 'changed') return seen;
      }
    } catch (error) {
      throw readFailed(this.locate(key), 0, error);
    }
    throw new MillraceError('ObjectChanged', { object: this.locate(key), cause: 'it is replaced all the time' });
  }

  async #objectOf(key: string, stamp: FileStamp): Promise<StoredObject | 'changed'> {
    const attributes = this.#index.get(this.#name, key, stamp);
    if (attributes !== undefined) return objectOf(key, stamp, attributes);
    // Nobody has told us of this file, or it was replaced since, and its row is gone.
    const now = await this.#tree.find(key);
    return now !== undefined && isSameState(now.stamp, stamp)
      ? objectOf(key, stamp, attributesOfState(stamp))
      : 'changed';
  }

  async #writing<T>(key: string, write: () => Promise<T>): Promise<T> {
    const invalid = whyNoKey(key);
    try {
      if (invalid !== undefined) throw new Error(invalid);
      return await write();
    } catch (error) {
      throw writeFailed(this.locate(key), error);
    }
  }
}

function objectOf(key: string, { modifiedNs, size }: FileStamp, attributes: ObjectAttributes): StoredObject {
  return { ...attributes, key, size, modifiedAt: Number(modifiedNs / 1_000_000n) };
}
