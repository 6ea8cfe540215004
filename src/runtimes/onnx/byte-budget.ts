interface Waiter {
  readonly bytes: number;
  readonly start: (taken: boolean) => void;
}

/** Bounds the memory that request bodies hold together: who does not fit waits, first come, first served. */
export class ByteBudget {
  #free: number;
  readonly #waiters: Waiter[] = [];

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /**
   * Takes `bytes`, when they are free.
   *
   * @param bytes not more than the whole budget, else it would wait for ever
   * @returns whether they were taken; `false` when the signal came first. What was taken has to be released.
   */
  take(bytes: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#waiters.length === 0 && bytes <= this.#free) {
      this.#free -= bytes;
      return Promise.resolve(true);
    }
    return new Promise((start) => {
      const waiter = { bytes, start };
      this.#waiters.push(waiter);
      signal.addEventListener(
        'abort',
        () => {
          const index = this.#waiters.indexOf(waiter);
          if (index < 0) return;
          this.#waiters.splice(index, 1);
          start(false);
          this.#serve(); // those behind may be smaller
        },
        { once: true },
      );
    });
  }

  release(bytes: number): void {
    this.#free += bytes;
    this.#serve();
  }

  #serve(): void {
    for (let first = this.#waiters[0]; first !== undefined && first.bytes <= this.#free; first = this.#waiters[0]) {
      this.#waiters.shift();
      this.#free -= first.bytes;
      first.start(true);
    }
  }
}
