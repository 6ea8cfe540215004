import { rm } from 'node:fs/promises';
import type { EmbeddedWriter, Precondition, WriteOutcome } from './embedded-store.ts';
import type { FileDigest, HashedFile } from './hashed-file.ts';

/** Gives the finished file its name as an object; the file stays where it is when that does not happen. */
export type Place = (digest: FileDigest, precondition: Precondition | undefined) => Promise<WriteOutcome>;

/** An object being written into a temporary file. */
export class LocalWriter implements EmbeddedWriter {
  readonly #file: HashedFile;
  readonly #path: string;
  readonly #place: Place;

  constructor(file: HashedFile, path: string, place: Place) {
    this.#file = file;
    this.#path = path;
    this.#place = place;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.write(bytes);
  }

  digest(): FileDigest {
    return this.#file.digest();
  }

  async commit(precondition?: Precondition): Promise<WriteOutcome> {
    let placed = false;
    try {
      const digest = await this.#file.finish();
      const outcome = await this.#place(digest, precondition);
      placed = 'object' in outcome;
      return outcome;
    } finally {
      if (!placed) await this.abort();
    }
  }

  async abort(): Promise<void> {
    await this.#file.close();
    // What cannot be removed now is swept when the store is opened next.
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}
