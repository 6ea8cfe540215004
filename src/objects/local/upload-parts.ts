import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PartInfo } from './embedded-store.ts';
import { syncFolder, writeFailed } from './file-state.ts';
import { type FileDigest, HashedFile } from './hashed-file.ts';
import type { PartPlace } from './join-parts.ts';
import { PartPlaces } from './part-places.ts';
import { PartWriter } from './part-writer.ts';
import type { ChecksumAlgorithm } from './stored-object.ts';
import type { Turns } from './turns.ts';
import type { StoredPart, UploadJournal } from './upload-journal.ts';

export interface UploadContents {
  readonly journal: UploadJournal;
  readonly parts: readonly StoredPart[];
  readonly stride: number | undefined;
}

/** The parts of one upload that have arrived, and those on their way. */
export class UploadParts {
  /** While the parts are joined, nothing is written into the file that they share. */
  state: 'open' | 'joining' | 'ended' = 'open';
  readonly #whole: string;
  readonly #journal: UploadJournal;
  readonly #places: PartPlaces;
  readonly #parts = new Map<number, StoredPart>();
  readonly #turns: Turns;
  readonly #output: string;
  #isWholeNamed = false;

  /**
   * @param whole the file that parts share, in the upload's folder
   * @param turns in which parts arrive
   * @param output the object, for messages
   */
  constructor(whole: string, contents: UploadContents, turns: Turns, output: string) {
    this.#whole = whole;
    this.#journal = contents.journal;
    this.#places = new PartPlaces(contents.stride);
    for (const part of contents.parts) this.#parts.set(part.number, part);
    this.#turns = turns;
    this.#output = output;
  }

  /** In ascending order of their numbers. */
  list(): readonly StoredPart[] {
    return [...this.#parts.values()].sort((a, b) => a.number - b.number);
  }

  get(number: number): StoredPart | undefined {
    return this.#parts.get(number);
  }

  placeOf({ number, size, file }: StoredPart): PartPlace {
    if (file !== undefined) return { path: this.#path(file), position: 0, size };
    return { path: this.#whole, position: (number - 1) * (this.#places.stride ?? 0), size };
  }

  /**
   * True when the shared file can become the object: the parts lie there as they have to, or there is room for them. A part in
   * it that is left out would be lost if the upload had to go on.
   */
  canBecomeWhole(parts: readonly StoredPart[]): boolean {
    const { stride, held } = this.#places;
    if (stride === undefined || held > 0) return false;
    const last = parts.length - 1;
    const areInLine = parts.every(
      ({ number, size }, at) => number === at + 1 && (at === last ? size <= stride : size === stride),
    );
    return areInLine && this.list().every(({ number, file }) => file !== undefined || number <= parts.length);
  }

  async write(
    number: number,
    { size, checksum }: { readonly size: number | undefined; readonly checksum: ChecksumAlgorithm | undefined },
  ): Promise<PartWriter> {
    this.#checkOpen();
    // The bytes of a part that has arrived stay as they are until its successor has.
    const known = this.#parts.get(number);
    const isFree = this.state === 'open' && (known === undefined || known.file !== undefined);
    const position = isFree ? this.#places.hold(number, size) : undefined;
    const file = position === undefined ? `part-${number}-${randomBytes(8).toString('hex')}` : undefined;
    const path = file === undefined ? this.#whole : this.#path(file);
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_WRONLY | constants.O_CREAT);
    } catch (error) {
      if (file === undefined) this.#places.release(number);
      throw writeFailed(this.#output, error);
    }
    const options = { checksum, position: position ?? 0, maxBytes: size ?? Number.POSITIVE_INFINITY };
    return new PartWriter(new HashedFile(handle, { ...options, output: this.#output }), {
      arrived: (digest) => this.#turns.run(() => this.#arrived(number, file, digest)),
      release: async (isPart) => {
        if (file === undefined) this.#places.release(number);
        else if (!isPart) await this.#remove(file);
      },
    });
  }

  async #arrived(number: number, file: string | undefined, { md5, size, checksum }: FileDigest): Promise<PartInfo> {
    this.#checkOpen();
    const before = this.#parts.get(number);
    const part = { number, etag: md5, size, modifiedAt: Date.now(), checksum, file };
    try {
      await this.#syncNames(file);
      await this.#journal.add({ part, stride: this.#places.stride });
    } catch (error) {
      throw writeFailed(this.#output, error);
    }
    this.#parts.set(number, part);
    if (before?.file !== undefined) await this.#remove(before.file);
    return part;
  }

  /** Makes the name of a new file last; that of the one that parts share once. */
  async #syncNames(file: string | undefined): Promise<void> {
    if (file === undefined && this.#isWholeNamed) return;
    await syncFolder(dirname(this.#whole));
    if (file === undefined) this.#isWholeNamed = true;
  }

  #checkOpen(): void {
    if (this.state === 'ended') throw writeFailed(this.#output, new Error('its upload has ended'));
  }

  #path(file: string): string {
    return join(dirname(this.#whole), file);
  }

  /** What cannot be removed now goes with the upload's folder. */
  async #remove(file: string): Promise<void> {
    await rm(this.#path(file), { force: true }).catch(() => undefined);
  }
}
