import { compareKeys } from '../key-order.ts';
import type { Precondition, UploadInfo, UploadOptions, WriteOutcome } from './embedded-store.ts';
import { LocalUpload } from './local-upload.ts';
import type { ObjectAttributes, StoredObject } from './stored-object.ts';
import type { FoundUpload, UploadFolders } from './upload-folders.ts';

/** What completed uploads need of their bucket. */
export interface UploadTarget {
  readonly name: string;
  locate(key: string): string;
  head(key: string): Promise<StoredObject | undefined>;
  place(
    key: string,
    file: string,
    attributes: ObjectAttributes,
    precondition: Precondition | undefined,
  ): Promise<WriteOutcome>;
}

/** The uploads under way to one bucket. */
export class LocalUploads {
  readonly #folders: UploadFolders;
  readonly #temporaryPath: () => string;
  readonly #target: UploadTarget;
  /**
   * Those in use: all who ask for an upload share one, since it knows what is being written. Held weakly, so that the parts of
   * uploads that nobody will ever complete do not stay in memory.
   */
  readonly #inUse = new Map<string, WeakRef<LocalUpload>>();
  readonly #unused = new FinalizationRegistry<string>((id) => {
    if (this.#inUse.get(id)?.deref() === undefined) this.#inUse.delete(id);
  });
  readonly #opening = new Map<string, Promise<LocalUpload | undefined>>();

  constructor(folders: UploadFolders, temporaryPath: () => string, target: UploadTarget) {
    this.#folders = folders;
    this.#temporaryPath = temporaryPath;
    this.#target = target;
  }

  begin(key: string, options: UploadOptions): Promise<UploadInfo> {
    return this.#folders.create(this.#target.name, key, options);
  }

  async open(id: string): Promise<LocalUpload | undefined> {
    let opening = this.#opening.get(id);
    if (opening === undefined) {
      opening = this.#open(id).finally(() => this.#opening.delete(id));
      this.#opening.set(id, opening);
    }
    const upload = await opening;
    return upload?.hasEnded ? undefined : upload;
  }

  async list(prefix: string): Promise<readonly UploadInfo[]> {
    const mine = (await this.#all()).map(({ info }) => info).filter(({ key }) => key.startsWith(prefix));
    return mine.sort((a, b) => compareKeys(a.key, b.key) || a.initiatedAt - b.initiatedAt || compareKeys(a.id, b.id));
  }

  async abortAll(): Promise<void> {
    for (const { info } of await this.#all()) await (await this.open(info.id))?.abort();
  }

  async #all(): Promise<readonly FoundUpload[]> {
    const all = await this.#folders.all();
    return all.filter(
      ({ bucket, info }) => bucket === this.#target.name && !this.#inUse.get(info.id)?.deref()?.hasEnded,
    );
  }

  async #open(id: string): Promise<LocalUpload | undefined> {
    const known = this.#inUse.get(id)?.deref();
    if (known !== undefined) return known;
    const found = await this.#folders.find(id);
    if (found?.bucket !== this.#target.name) return undefined;
    const contents = await this.#folders.contents(id);
    if (contents === undefined) return undefined;
    const { key } = found.info;
    const upload = new LocalUpload(found.info, contents, {
      output: this.#target.locate(key),
      whole: this.#folders.whole(id),
      temporaryPath: this.#temporaryPath,
      current: () => this.#target.head(key),
      place: (file, attributes, precondition) => this.#target.place(key, file, attributes, precondition),
      discard: () => this.#folders.discard(id),
    });
    this.#inUse.set(id, new WeakRef(upload));
    this.#unused.register(upload, id);
    return upload;
  }
}
