/** Lines of the model server that are passed on per second; a server that floods must not drown everything else. */
const LINES_PER_SECOND = 50;

/** What the command says on standard error. */
export class Talk {
  readonly #print: (line: string) => void;
  readonly #quiet: boolean;
  #windowStart = 0;
  #inWindow = 0;
  #omitted = 0;

  constructor(print: (line: string) => void, quiet: boolean) {
    this.#print = print;
    this.#quiet = quiet;
  }

  /** Good to know; `--quiet` leaves it out. */
  say(line: string): void {
    if (!this.#quiet) this.#print(line);
  }

  /** What must be known. */
  always(line: string): void {
    this.#print(line);
  }

  /** A line of a model server, marked as such; `container` is its name in a pipeline. */
  fromModel(line: string, container = 'model'): void {
    if (this.#quiet) return;
    const now = Date.now();
    if (now - this.#windowStart >= 1000) {
      if (this.#omitted > 0) this.#print(`${container} │ … (${this.#omitted} lines left out)`);
      this.#windowStart = now;
      this.#inWindow = 0;
      this.#omitted = 0;
    }
    this.#inWindow += 1;
    if (this.#inWindow > LINES_PER_SECOND) this.#omitted += 1;
    else this.#print(`${container} │ ${line}`);
  }
}
