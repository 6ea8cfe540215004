import { open, readFile } from 'node:fs/promises';
import type { PartInfo } from './embedded-store.ts';
import { putAll } from './file-state.ts';

/** A part that has arrived, and where its bytes are. */
export interface StoredPart extends PartInfo {
  /** The name of its own file; `undefined` when it is at its place in the whole. */
  readonly file: string | undefined;
}

export interface JournalEntry {
  readonly part: StoredPart;
  /** Bytes from the start of a part to that of the next one in the whole, where that is known. */
  readonly stride: number | undefined;
}

/** Which parts of an upload have arrived: a file of JSON lines, the last one of a number is the one that counts. */
export class UploadJournal {
  readonly #path: string;
  /** Bytes of the lines that count; what is behind is written over. */
  #length = 0;

  /** @param path of a file that is there; empty to begin with */
  constructor(path: string) {
    this.#path = path;
  }

  /** The entries in the order in which they were added. Once, before anything is added. */
  async read(): Promise<readonly JournalEntry[]> {
    const bytes = await readFile(this.#path);
    const entries: JournalEntry[] = [];
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', this.#length)) {
      const entry = parse(bytes.toString('utf8', this.#length, end));
      if (entry === undefined) break;
      entries.push(entry);
      this.#length = end + 1;
    }
    return entries;
  }

  /** On the disk when it resolves. One at a time. */
  async add(entry: JournalEntry): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    const handle = await open(this.#path, 'r+');
    try {
      await putAll(handle, line, this.#length);
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.#length += line.length;
  }
}

/** `undefined` for a line that a crash has torn: nobody was told that its part had arrived, and no line follows it. */
function parse(line: string): JournalEntry | undefined {
  let entry: Partial<JournalEntry>;
  try {
    entry = JSON.parse(line) as Partial<JournalEntry>;
  } catch {
    return undefined;
  }
  const { part, stride } = entry;
  // JSON leaves out what is undefined.
  return part && { part: { ...part, checksum: part.checksum, file: part.file }, stride };
}
