import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UploadInfo, UploadOptions } from './embedded-store.ts';
import { isMissing, readFailed, statOrNothing, syncFolder } from './file-state.ts';
import type { TemporaryFiles } from './temporary-files.ts';
import { UploadJournal } from './upload-journal.ts';
import type { UploadContents } from './upload-parts.ts';

const DESCRIPTION = 'upload.json';
const JOURNAL = 'parts.jsonl';
const WHOLE = 'whole';
const ID = /^[0-9a-f]{32}$/;

interface Description extends Omit<UploadInfo, 'id'> {
  readonly bucket: string;
}

export interface FoundUpload {
  readonly bucket: string;
  readonly info: UploadInfo;
}

/** The folders of uploads under way: for each a description, the journal of its parts, and the parts. */
export class UploadFolders {
  readonly #root: string;
  readonly #temporary: TemporaryFiles;

  private constructor(root: string, temporary: TemporaryFiles) {
    this.#root = root;
    this.#temporary = temporary;
  }

  static async open(root: string, temporary: TemporaryFiles): Promise<UploadFolders> {
    await mkdir(root, { recursive: true });
    return new UploadFolders(root, temporary);
  }

  /** The file that parts of equal size share, and that may become the object. */
  whole(id: string): string {
    return this.#path(id, WHOLE);
  }

  async create(bucket: string, key: string, { headers, checksum }: UploadOptions): Promise<UploadInfo> {
    const info = { key, headers, checksum, initiatedAt: Date.now() };
    const folder = this.#temporary.path();
    await mkdir(folder);
    try {
      const description: Description = { bucket, ...info };
      await writeFile(join(folder, DESCRIPTION), JSON.stringify(description), { flush: true });
      await writeFile(join(folder, JOURNAL), '', { flush: true });
      await syncFolder(folder);
      const id = randomBytes(16).toString('hex');
      await rename(folder, this.#path(id));
      await syncFolder(this.#root);
      return { ...info, id };
    } catch (error) {
      await this.#temporary.discard(folder).catch(() => undefined); // swept at the next start if it cannot be now
      throw error;
    }
  }

  async find(id: string): Promise<FoundUpload | undefined> {
    if (!ID.test(id)) return undefined;
    const path = this.#path(id, DESCRIPTION);
    try {
      const { bucket, ...info } = JSON.parse(await readFile(path, 'utf8')) as Description;
      return { bucket, info: { ...info, checksum: info.checksum, id } };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw readFailed(path, 0, error);
    }
  }

  async all(): Promise<readonly FoundUpload[]> {
    const found: FoundUpload[] = [];
    for (const id of await readdir(this.#root)) {
      const upload = await this.find(id);
      if (upload !== undefined) found.push(upload);
    }
    return found;
  }

  /**
   * What has arrived; `undefined` when the whole is an object already, and only a crash has left the rest.
   *
   * @throws MillraceError `ReadFailed`
   */
  async contents(id: string): Promise<UploadContents | undefined> {
    const path = this.#path(id, JOURNAL);
    const journal = new UploadJournal(path);
    const entries = await journal.read().catch((error: unknown) => {
      throw readFailed(path, 0, error);
    });
    const parts = [...new Map(entries.map(({ part }) => [part.number, part])).values()];
    const needsWhole = parts.some(({ file }) => file === undefined);
    if (needsWhole && (await statOrNothing(this.whole(id))) === undefined) return undefined;
    return { journal, parts, stride: entries.at(-1)?.stride };
  }

  async discard(id: string): Promise<void> {
    await this.#temporary.discard(this.#path(id));
    await syncFolder(this.#root);
  }

  /** Removes what belongs to no upload under way any more; before anything else is done. */
  async sweep(bucketExists: (name: string) => Promise<boolean>): Promise<void> {
    for (const { bucket, info } of await this.all()) {
      const isUnderWay = (await bucketExists(bucket)) && (await this.contents(info.id)) !== undefined;
      if (!isUnderWay) await this.discard(info.id);
    }
  }

  #path(id: string, ...names: readonly string[]): string {
    return join(this.#root, id, ...names);
  }
}
