import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { causeOf } from '../core/errors.ts';
import type { EventSink, StateEvent } from './state-events.ts';

/** Events that may wait for a file that cannot be written; beyond it the oldest ones go. */
const MAX_WAITING = 1000;
const RETRY_MS = 5000;
/** Not to be waited for where the path is a pipe that nobody reads. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
/** Environment variables of jobs are in the events, and in those there may be secrets. */
const MODE = 0o600;

export interface EventsFileOptions {
  /** Absolute. */
  readonly path: string;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/**
 * Appends events to a file, a line each. The file is opened for every event, a few for each job, so it can be moved away at any
 * time; each line is one write, so a reader never meets half of one. While it cannot be written, events wait.
 */
export class EventsFile implements EventSink {
  readonly name = 'file';
  readonly #options: EventsFileOptions;
  readonly #waiting: StateEvent[] = [];
  readonly #closing = new AbortController();
  #written: Promise<void> = Promise.resolve();
  #busy = false;
  /** It has been said that the file cannot be written. */
  #failing = false;
  /** The disk was full in the middle of a line. */
  #torn = false;
  #delivered = 0;
  #lost = 0;

  constructor(options: EventsFileOptions) {
    this.#options = options;
  }

  get delivered(): number {
    return this.#delivered;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Says at the start of the service what would otherwise be met by the first event. */
  async check(): Promise<void> {
    try {
      await (await open(this.#options.path, APPEND, MODE)).close();
    } catch (error) {
      this.#fail(error);
    }
  }

  send(event: StateEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#lost += 1;
    }
    if (!this.#busy) this.#written = this.#write();
  }

  async close(late: AbortSignal): Promise<void> {
    this.#closing.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (late.aborted) resolve();
    else late.addEventListener('abort', () => resolve(), { once: true });
    await Promise.race([this.#written, promise]);
    const left = this.#waiting.length;
    this.#lost += left;
    if (left > 0) this.#say(`did not get the last ${left} events: the service stops`);
  }

  async #write(): Promise<void> {
    this.#busy = true;
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      while (!(await this.#append(event.text))) {
        if (this.#closing.signal.aborted) {
          this.#waiting.unshift(event);
          this.#busy = false;
          return;
        }
        await this.#options.clock.sleep(RETRY_MS, this.#closing.signal).catch(() => undefined); // the service stops
      }
      this.#delivered += 1;
    }
    this.#busy = false;
  }

  /** @returns whether the file has it */
  async #append(line: string): Promise<boolean> {
    try {
      const file = await open(this.#options.path, APPEND, MODE);
      try {
        await this.#writeLine(file, line);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (this.#failing) this.#say('can be written again');
    this.#failing = false;
    return true;
  }

  async #writeLine(file: FileHandle, line: string): Promise<void> {
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${line}\n`);
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten > 0) this.#torn = bytesWritten < bytes.length;
    if (bytesWritten === bytes.length) return;
    throw new Error(`it took ${bytesWritten} of ${bytes.length} bytes; the disk may be full`);
  }

  #fail(error: unknown): void {
    if (!this.#failing) this.#say(`cannot be written: ${causeOf(error)}. Up to ${MAX_WAITING} events wait for it`);
    this.#failing = true;
  }

  #say(what: string): void {
    this.#options.say(`The events file ${this.#options.path} ${what}.`);
  }
}
