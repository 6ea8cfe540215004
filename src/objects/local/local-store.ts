import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys } from '../key-order.ts';
import type { BucketInfo, EmbeddedStore } from './embedded-store.ts';
import { statOrNothing, syncFolder, writeFailed } from './file-state.ts';
import { KeyPaths } from './key-path.ts';
import { LocalBucket, type StoreFolders } from './local-bucket.ts';
import type { AttributeIndex } from './stored-object.ts';
import { TemporaryFiles } from './temporary-files.ts';
import { Turns } from './turns.ts';
import { UploadFolders } from './upload-folders.ts';

/** S3's rule, but for what does not matter to a folder. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Opens the store in the folder `root`, and makes it when there is none: buckets in `buckets/`, uploads in parts under way in
 * `uploads/`, what is not finished in `tmp/`, whose contents are removed. `root` is one process's at a time, and one file system.
 */
export async function openLocalStore(root: string, index: AttributeIndex): Promise<EmbeddedStore> {
  const folder = join(root, 'buckets');
  await mkdir(folder, { recursive: true });
  const temporary = await TemporaryFiles.open(join(root, 'tmp'));
  const uploads = await UploadFolders.open(join(root, 'uploads'), temporary);
  await syncFolder(root);
  const paths = new KeyPaths({ foldsCase: await temporary.foldsCase(), windows: process.platform === 'win32' });
  const store = new LocalStore(folder, { paths, index, temporary, uploads });
  await uploads.sweep(async (name) => (await store.bucket(name)) !== undefined);
  return store;
}

class LocalStore implements EmbeddedStore {
  readonly #folder: string;
  readonly #shared: StoreFolders;
  readonly #opened = new Map<string, Promise<LocalBucket>>();
  readonly #turns = new Turns();

  constructor(folder: string, shared: StoreFolders) {
    this.#folder = folder;
    this.#shared = shared;
  }

  async buckets(): Promise<readonly BucketInfo[]> {
    const buckets: BucketInfo[] = [];
    for (const name of (await readdir(this.#folder)).sort(compareKeys)) {
      const bucket = await this.bucket(name);
      if (bucket !== undefined) buckets.push(bucket);
    }
    return buckets;
  }

  async bucket(name: string): Promise<LocalBucket | undefined> {
    if (!BUCKET_NAME.test(name)) return undefined;
    const folder = join(this.#folder, name);
    const stats = await statOrNothing(folder);
    if (!stats?.isDirectory()) return undefined;
    let bucket = this.#opened.get(name);
    if (bucket === undefined) {
      // Not every file system knows when a file was made.
      const createdAt = Number((stats.birthtimeNs || stats.ctimeNs) / 1_000_000n);
      bucket = LocalBucket.open(name, createdAt, folder, this.#shared);
      this.#opened.set(name, bucket);
      bucket.catch(() => this.#opened.delete(name));
    }
    return bucket;
  }

  /** @throws MillraceError `WriteFailed` */
  createBucket(name: string): Promise<boolean> {
    return this.#turns.run(async () => {
      try {
        if (!BUCKET_NAME.test(name)) throw new Error('a bucket cannot have this name');
        await mkdir(join(this.#folder, name));
        await syncFolder(this.#folder);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw writeFailed(`s3://${name}`, error);
      }
    });
  }

  /** @throws MillraceError `WriteFailed` */
  removeBucket(name: string): Promise<boolean> {
    return this.#turns.run(async () => {
      try {
        const bucket = await this.bucket(name);
        if (bucket === undefined) return true;
        const isRemoved = await bucket.removeWhenEmpty();
        if (isRemoved) this.#opened.delete(name);
        return isRemoved;
      } catch (error) {
        throw writeFailed(`s3://${name}`, error);
      }
    });
  }
}
