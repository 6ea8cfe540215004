import type { Clock } from '../src/core/clock.ts';

interface Sleeper {
  readonly ms: number;
  readonly until: number;
  readonly wake: () => void;
}

/** A clock whose time passes when a test says so. */
export class ManualClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<{ readonly ms: number; readonly resolve: () => void }>();

  constructor(now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const leave = (): void => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      const wake = (): void => {
        leave();
        resolve();
      };
      const sleeper: Sleeper = { ms, until: this.#now + ms, wake };
      signal.addEventListener('abort', onAbort);
      this.#sleepers.add(sleeper);
      for (const watcher of this.#watchers) if (watcher.ms === ms) watcher.resolve();
    });
  }

  /** How long each sleeper had asked for, in the order in which they fell asleep. */
  get asleep(): number[] {
    return [...this.#sleepers].map(({ ms }) => ms);
  }

  /** Resolves when somebody sleeps who has asked for `ms`. */
  async sleeping(ms: number): Promise<void> {
    if (this.asleep.includes(ms)) return;
    await new Promise<void>((resolve) => {
      const watcher = {
        ms,
        resolve: () => {
          this.#watchers.delete(watcher);
          resolve();
        },
      };
      this.#watchers.add(watcher);
    });
  }

  /** Lets time pass, and wakes those whose time has come. */
  pass(ms: number): void {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.until <= this.#now) sleeper.wake();
  }
}
