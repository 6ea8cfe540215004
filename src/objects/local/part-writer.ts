import type { EmbeddedUpload, PartInfo } from './embedded-store.ts';
import type { FileDigest, HashedFile } from './hashed-file.ts';

export interface PartEnd {
  /** Makes the part one of the upload. */
  arrived(digest: FileDigest): Promise<PartInfo>;
  /** Once, when nothing is written any more. */
  release(isPart: boolean): Promise<void>;
}

/** A part being written, where it belongs in the whole or into a file of its own. */
export class PartWriter implements Awaited<ReturnType<EmbeddedUpload['writePart']>> {
  readonly #file: HashedFile;
  readonly #end: PartEnd;
  #released: Promise<void> | undefined;

  constructor(file: HashedFile, end: PartEnd) {
    this.#file = file;
    this.#end = end;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.write(bytes);
  }

  digest(): FileDigest {
    return this.#file.digest();
  }

  async commit(): Promise<PartInfo> {
    try {
      const part = await this.#end.arrived(await this.#file.finish());
      this.#released ??= this.#end.release(true);
      return part;
    } finally {
      await this.abort();
    }
  }

  async abort(): Promise<void> {
    await this.#file.close();
    this.#released ??= this.#end.release(false);
    await this.#released;
  }
}
