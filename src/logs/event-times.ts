import type { Clock } from '../core/clock.ts';

/**
 * The times of events, which never go back, in no stream and in none compared with another: clients that follow many streams ask
 * for what is not older than the newest event they have seen, so an event that came later with an older time would be lost.
 */
export class EventTimes {
  readonly #clock: Clock;
  #newest: number;
  #least: number;

  /** Events from before are older than now, unless the clock was wrong then: their times must not be those of all to come. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#newest = clock.now();
    this.#least = this.#newest;
  }

  /** The time of an event that happened `atMs`, now when that is not known: not before the newest event, not after now. */
  next(atMs?: number): number {
    const now = this.#clock.now();
    this.#newest = Math.max(this.#least, atMs === undefined ? now : Math.min(atMs, now));
    this.#least = this.#newest;
    return this.#newest;
  }

  /** The time of the newest event. What comes after this call is newer, also within the same millisecond. */
  seal(): number {
    this.#least = this.#newest + 1;
    return this.#newest;
  }
}
