import { StringDecoder } from 'node:string_decoder';

const MAX_LINE_CHARS = 2000;
const KEPT_LINES = 20;

/** Cuts what a process prints into lines, of bounded length, and keeps the last ones. */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  readonly #kept: string[] = [];
  readonly #open = { stdout: newStream(), stderr: newStream() };

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(name: 'stdout' | 'stderr', bytes: Buffer): void {
    const stream = this.#open[name];
    const lines = (stream.text + stream.decoder.write(bytes)).split(/\r?\n|\r(?!$)/);
    const rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    // A flood without a newline is cut, not kept.
    stream.text = rest.length > MAX_LINE_CHARS ? rest.slice(0, MAX_LINE_CHARS + 1) : rest;
  }

  /** Passes on what was printed without a line's end: nothing comes after it. */
  end(): void {
    for (const stream of [this.#open.stdout, this.#open.stderr]) {
      if (stream.text !== '') this.#emit(stream.text);
      stream.text = '';
    }
  }

  /** The last lines, the unfinished ones too. */
  last(): string {
    const unfinished = [this.#open.stdout.text, this.#open.stderr.text].filter((text) => text !== '');
    return [...this.#kept, ...unfinished].slice(-KEPT_LINES).join('\n');
  }

  #emit(line: string): void {
    const text = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)}…` : line;
    this.#kept.push(text);
    if (this.#kept.length > KEPT_LINES) this.#kept.shift();
    this.#onLine(text);
  }
}

function newStream(): { text: string; readonly decoder: StringDecoder } {
  return { text: '', decoder: new StringDecoder('utf8') };
}
