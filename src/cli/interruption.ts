/** What requests in flight are given when the user interrupts a job. */
const GRACE_MS = 5000;

/**
 * Turns Ctrl-C and its kin into the ways a job can end early: the first signal drains it, so that requests in flight are
 * answered and whole outputs kept; five seconds later it ends; a second signal ends it and everything at once. `release` gives
 * the signals back.
 */
export class Interruption {
  readonly #drain = new AbortController();
  readonly #abort = new AbortController();
  readonly #hurry = new AbortController();
  readonly #onSignal: (name: NodeJS.Signals) => void;
  #received: NodeJS.Signals | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(onFirst: () => void) {
    this.#onSignal = (name) => {
      if (this.#received !== undefined) {
        this.#abort.abort();
        this.#hurry.abort();
        return;
      }
      this.#received = name;
      onFirst();
      this.#drain.abort();
      this.#timer = setTimeout(() => this.#abort.abort(), GRACE_MS);
    };
    for (const name of SIGNALS.keys()) process.on(name, this.#onSignal);
  }

  get drain(): AbortSignal {
    return this.#drain.signal;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Aborted by a second signal: nothing is to be waited for any more. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** 128 and the number of the signal, as shells have it; `undefined` when there was none. */
  get exitCode(): number | undefined {
    return this.#received === undefined ? undefined : SIGNALS.get(this.#received);
  }

  release(): void {
    clearTimeout(this.#timer);
    for (const name of SIGNALS.keys()) process.off(name, this.#onSignal);
  }
}

const SIGNALS: ReadonlyMap<NodeJS.Signals, number> = new Map([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGQUIT', 131],
]);
