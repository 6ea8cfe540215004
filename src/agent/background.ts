/** Work that goes on beside the loop that starts it, at most `maxTasks` tasks and `maxBytes` bytes of it at once. */
export class Background {
  readonly #maxTasks: number;
  readonly #maxBytes: number;
  #tasks = 0;
  #bytes = 0;
  #wake: (() => void) | undefined;

  constructor(maxTasks: number, maxBytes: number) {
    this.#maxTasks = maxTasks;
    this.#maxBytes = maxBytes;
  }

  /** Starts a task that must not reject; resolves when another one may be started. For one caller at a time. */
  async add(bytes: number, task: () => Promise<void>): Promise<void> {
    this.#tasks += 1;
    this.#bytes += bytes;
    void task().then(() => {
      this.#tasks -= 1;
      this.#bytes -= bytes;
      this.#wake?.();
    });
    await this.#until(() => this.#tasks < this.#maxTasks && this.#bytes < this.#maxBytes);
  }

  /** Resolves when all tasks have ended. */
  done(): Promise<void> {
    return this.#until(() => this.#tasks === 0);
  }

  /** Not with Promise.race over the tasks: a slow one would collect a reaction for every task that passes it. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
