import { once } from 'node:events';

/** Where results go, when there may be many of them: waits for its reader, and tells when that has gone. */
export class StandardOutput {
  readonly #stream: NodeJS.WriteStream;
  readonly #gone = new AbortController();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('error', () => this.#gone.abort());
  }

  /** Aborted when nothing can be written any more: the reader, `head` for example, has seen enough, or a disk is full. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Of a terminal; `undefined` elsewhere, where nothing needs to fit. */
  get columns(): number | undefined {
    return this.#stream.isTTY ? this.#stream.columns || 80 : undefined;
  }

  /** Resolves when more may be written. */
  async write(text: string): Promise<void> {
    if (this.#gone.signal.aborted || this.#stream.write(text)) return;
    await once(this.#stream, 'drain', { signal: this.#gone.signal }).catch(() => undefined);
  }
}
