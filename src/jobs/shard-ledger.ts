import type { ShardOutcome, Shards } from '../catalog/catalog.ts';

/** Outcomes that are written together: one transaction is one fsync, and small objects end at 2,000 a second. */
const GATHER_MS = 50;

/** Writes outcomes of a job's objects down, a moment after they are told. An object that is done and not written is done again. */
export class ShardLedger {
  readonly #shards: Shards;
  readonly #job: number;
  #gathered: ShardOutcome[] = [];
  #timer: NodeJS.Timeout | undefined;
  #written: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(shards: Shards, job: number) {
    this.#shards = shards;
    this.#job = job;
  }

  record(outcome: ShardOutcome): void {
    this.#gathered.push(outcome);
    this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  /** Writes what is left. Rejects when anything could not be written. */
  async close(): Promise<void> {
    this.#write();
    await this.#written;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const outcomes = this.#gathered;
    if (outcomes.length === 0) return;
    this.#gathered = [];
    this.#written = this.#written
      .then(() => this.#shards.record(this.#job, outcomes))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }
}
