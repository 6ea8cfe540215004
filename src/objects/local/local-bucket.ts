import { open, readdir, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BucketObjects } from './bucket-objects.ts';
import type {
  EmbeddedBucket,
  EmbeddedReader,
  EmbeddedUpload,
  EmbeddedWriter,
  ListPage,
  ListRequest,
  Precondition,
  UploadInfo,
  UploadOptions,
} from './embedded-store.ts';
import { syncFolder, writeFailed } from './file-state.ts';
import { HashedFile } from './hashed-file.ts';
import { type KeyPaths, whyNoKey } from './key-path.ts';
import { LocalUploads } from './local-uploads.ts';
import { LocalWriter } from './local-writer.ts';
import type { AttributeIndex, ChecksumAlgorithm, StoredObject } from './stored-object.ts';
import type { TemporaryFiles } from './temporary-files.ts';
import { Turns } from './turns.ts';
import type { UploadFolders } from './upload-folders.ts';

/** What all buckets of a store share. */
export interface StoreFolders {
  readonly paths: KeyPaths;
  readonly index: AttributeIndex;
  readonly temporary: TemporaryFiles;
  readonly uploads: UploadFolders;
}

/** A bucket that is a folder. There is one of these for each, whoever asks for it: what changes it takes turns. */
export class LocalBucket implements EmbeddedBucket {
  readonly name: string;
  readonly createdAt: number;
  readonly #folder: string;
  readonly #shared: StoreFolders;
  readonly #turns = new Turns();
  readonly #objects: BucketObjects;
  readonly #uploads: LocalUploads;

  private constructor(name: string, createdAt: number, folder: string, root: string, shared: StoreFolders) {
    this.name = name;
    this.createdAt = createdAt;
    this.#folder = folder;
    this.#shared = shared;
    const { paths, index } = shared;
    this.#objects = new BucketObjects({ name, root, paths, index, turns: this.#turns });
    this.#uploads = new LocalUploads(shared.uploads, () => shared.temporary.path(), this.#objects);
  }

  static async open(name: string, createdAt: number, folder: string, shared: StoreFolders): Promise<LocalBucket> {
    return new LocalBucket(name, createdAt, folder, await realpath(folder), shared);
  }

  list(request: ListRequest, signal: AbortSignal): Promise<ListPage> {
    return this.#objects.list(request, signal);
  }

  head(key: string): Promise<StoredObject | undefined> {
    return this.#objects.head(key);
  }

  open(key: string): Promise<EmbeddedReader | undefined> {
    return this.#objects.open(key);
  }

  async create(
    key: string,
    options: { readonly headers: Readonly<Record<string, string>>; readonly checksum: ChecksumAlgorithm | undefined },
  ): Promise<EmbeddedWriter> {
    const output = this.#objects.locate(key);
    const { headers, checksum } = options;
    try {
      checkKey(key);
      const path = this.#shared.temporary.path();
      const handle = await open(path, 'wx');
      const file = new HashedFile(handle, { checksum, position: 0, maxBytes: Number.POSITIVE_INFINITY, output });
      return new LocalWriter(file, path, ({ md5: etag, checksum }, precondition) =>
        this.#objects.place(key, path, { etag, headers, checksum, partSizes: undefined }, precondition),
      );
    } catch (error) {
      throw writeFailed(output, error);
    }
  }

  remove(key: string, precondition?: Precondition): Promise<boolean> {
    return this.#objects.remove(key, precondition);
  }

  beginUpload(key: string, options: UploadOptions): Promise<UploadInfo> {
    return this.#turns.run(async () => {
      try {
        checkKey(key);
        if (this.#objects.isRemoved) throw new Error('its bucket was removed');
        return await this.#uploads.begin(key, options);
      } catch (error) {
        throw writeFailed(this.#objects.locate(key), error);
      }
    });
  }

  upload(id: string): Promise<EmbeddedUpload | undefined> {
    return this.#uploads.open(id);
  }

  uploads(prefix: string): Promise<readonly UploadInfo[]> {
    return this.#uploads.list(prefix);
  }

  /** False when there is anything in the folder but folders: what is no object is not ours to remove either. */
  async removeWhenEmpty(): Promise<boolean> {
    const isRemoved = await this.#turns.run(async () => {
      if ((await holdsFiles(this.#folder)) || !(await removeFolders(this.#folder))) return false;
      await syncFolder(dirname(this.#folder));
      this.#objects.isRemoved = true;
      return true;
    });
    // Not in its turn: an upload that is being completed waits for one.
    if (isRemoved) await this.#uploads.abortAll();
    return isRemoved;
  }
}

async function holdsFiles(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || (await holdsFiles(join(folder, entry.name)))) return true;
  }
  return false;
}

/** Removes a folder and the folders in it; false as soon as there is something else in one. */
async function removeFolders(folder: string): Promise<boolean> {
  for (const name of await readdir(folder)) {
    if (!(await removeFolders(join(folder, name)))) return false;
  }
  try {
    await rmdir(folder);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
  return true;
}

function checkKey(key: string): void {
  const invalid = whyNoKey(key);
  if (invalid !== undefined) throw new Error(invalid);
}
