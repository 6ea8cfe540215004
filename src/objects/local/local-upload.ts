import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { EmbeddedUpload, PartInfo, Precondition, UploadInfo, WriteOutcome } from './embedded-store.ts';
import { writeFailed } from './file-state.ts';
import { joinParts } from './join-parts.ts';
import type { PartWriter } from './part-writer.ts';
import type { ChecksumAlgorithm, ObjectAttributes, StoredChecksum, StoredObject } from './stored-object.ts';
import { Turns } from './turns.ts';
import type { StoredPart } from './upload-journal.ts';
import { type UploadContents, UploadParts } from './upload-parts.ts';

/** The bucket and the folder that an upload needs. */
export interface UploadSurroundings {
  /** The object as a person writes it. */
  readonly output: string;
  /** The file in the upload's folder that parts share. */
  readonly whole: string;
  /** A path on the same file system that nobody has. */
  temporaryPath(): string;
  current(): Promise<StoredObject | undefined>;
  place(file: string, attributes: ObjectAttributes, precondition: Precondition | undefined): Promise<WriteOutcome>;
  /** Removes the upload's folder. */
  discard(): Promise<void>;
}

interface CompleteOptions {
  readonly checksum: StoredChecksum | undefined;
  readonly precondition?: Precondition;
}

/** An upload under way; there is one of these for each, whoever asks for it. */
export class LocalUpload implements EmbeddedUpload {
  readonly id: string;
  readonly key: string;
  readonly initiatedAt: number;
  readonly headers: UploadInfo['headers'];
  readonly checksum: UploadInfo['checksum'];
  readonly #around: UploadSurroundings;
  readonly #turns = new Turns();
  readonly #parts: UploadParts;
  /** How it was completed, for those who asked for the same at the same time. */
  #completed: { readonly numbers: string; readonly outcome: WriteOutcome } | undefined;

  constructor(info: UploadInfo, contents: UploadContents, around: UploadSurroundings) {
    this.id = info.id;
    this.key = info.key;
    this.initiatedAt = info.initiatedAt;
    this.headers = info.headers;
    this.checksum = info.checksum;
    this.#around = around;
    this.#parts = new UploadParts(around.whole, contents, this.#turns, around.output);
  }

  get hasEnded(): boolean {
    return this.#parts.state === 'ended';
  }

  async parts(): Promise<readonly PartInfo[]> {
    return this.#parts.list();
  }

  writePart(
    number: number,
    options: { readonly size: number | undefined; readonly checksum: ChecksumAlgorithm | undefined },
  ): Promise<PartWriter> {
    return this.#parts.write(number, options);
  }

  /** @throws MillraceError `WriteFailed`, also when the upload has ended or a part is not there */
  complete(numbers: readonly number[], options: CompleteOptions): Promise<WriteOutcome> {
    return this.#turns.run(async () => {
      try {
        return await this.#complete(numbers, options);
      } catch (error) {
        throw writeFailed(this.#around.output, error);
      }
    });
  }

  abort(): Promise<void> {
    return this.#turns.run(async () => {
      if (this.hasEnded) return;
      try {
        await this.#around.discard();
      } catch (error) {
        throw writeFailed(this.#around.output, error);
      }
      this.#parts.state = 'ended';
    });
  }

  async #complete(numbers: readonly number[], { checksum, precondition }: CompleteOptions): Promise<WriteOutcome> {
    if (this.#completed?.numbers === numbers.join()) return this.#completed.outcome;
    if (this.hasEnded) throw new Error('its upload has ended');
    const parts = numbers.map((number) => {
      const part = this.#parts.get(number);
      if (part === undefined) throw new Error(`part ${number} has not arrived`);
      return part;
    });
    if (precondition !== undefined) {
      // Asked again when the object appears; by then the parts may have been copied.
      const current = await this.#around.current();
      if (!precondition(current)) return { refused: current };
    }
    this.#parts.state = 'joining';
    try {
      const outcome = await this.#appear(parts, checksum, precondition);
      if ('refused' in outcome) return outcome;
      this.#completed = { numbers: numbers.join(), outcome };
    } finally {
      this.#parts.state = this.#completed === undefined ? 'open' : 'ended';
    }
    await this.#around.discard();
    return this.#completed.outcome;
  }

  async #appear(
    parts: readonly StoredPart[],
    checksum: StoredChecksum | undefined,
    precondition: Precondition | undefined,
  ): Promise<WriteOutcome> {
    const { whole, temporaryPath, place } = this.#around;
    const isWhole = this.#parts.canBecomeWhole(parts);
    const file = isWhole ? whole : temporaryPath();
    let isPlaced = false;
    try {
      await joinParts(
        file,
        parts.map((part) => this.#parts.placeOf(part)),
      );
      const partSizes = parts.map(({ size }) => size);
      const outcome = await place(
        file,
        { etag: etagOf(parts), headers: this.headers, checksum, partSizes, ...partChecksums(parts, checksum) },
        precondition,
      );
      isPlaced = 'object' in outcome;
      return outcome;
    } finally {
      if (!isWhole && !isPlaced) await rm(file, { force: true }).catch(() => undefined); // or swept at the next start
    }
  }
}

/** S3's ETag of an upload in parts: the MD5 of their MD5s, and how many they are. */
function etagOf(parts: readonly StoredPart[]): string {
  const digests = parts.map(({ etag }) => Buffer.from(etag, 'hex'));
  return `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${parts.length}`;
}

/** What the parts' own checksums are, when all of them have one of the whole's kind. */
function partChecksums(
  parts: readonly PartInfo[],
  whole: StoredChecksum | undefined,
): Pick<ObjectAttributes, 'partChecksums'> {
  const values = parts.flatMap(({ checksum }) =>
    checksum?.algorithm === whole?.algorithm ? (checksum?.value ?? []) : [],
  );
  return whole !== undefined && values.length === parts.length ? { partChecksums: values } : {};
}
