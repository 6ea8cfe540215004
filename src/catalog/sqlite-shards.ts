import type { DatabaseSync } from 'node:sqlite';
import type { FailedShard, ShardOutcome, ShardRow, Shards, ShardTotals } from './catalog.ts';
import { inTransaction } from './database.ts';

/** Rows read at a time: a job may have millions. */
const PAGE = 1000;

export class SqliteShards implements Shards {
  readonly #database: DatabaseSync;
  readonly #statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = {
      add: database.prepare(
        'INSERT INTO shards (job, number, input_key, output_key, name, size) VALUES (?, ?, ?, ?, ?, ?)',
      ),
      page: database.prepare(
        `SELECT number, input_key AS inputKey, output_key AS outputKey, name, size FROM shards
         WHERE job = ? AND number > ? AND status = ? ORDER BY number LIMIT ${PAGE}`,
      ),
      record: database.prepare(
        'UPDATE shards SET status = ?, records = ?, output_bytes = ?, fault = ?, failure = ? WHERE job = ? AND number = ?',
      ),
      totals: database.prepare(
        `SELECT count(*) AS total, count(*) FILTER (WHERE status = 'Completed') AS completed,
           count(*) FILTER (WHERE status = 'Failed') AS failed, total(size) AS bytes,
           total(size) FILTER (WHERE status <> 'Pending') AS bytesDone, total(records) AS records,
           total(output_bytes) AS outputBytes
         FROM shards WHERE job = ?`,
      ),
      failed: database.prepare(
        `SELECT name AS object, fault, failure AS message FROM shards WHERE job = ? AND status = 'Failed' ORDER BY number LIMIT ?`,
      ),
    };
  }

  pending(job: number): AsyncIterable<ShardRow> {
    return this.#all(job, 'Pending');
  }

  completed(job: number): AsyncIterable<ShardRow> {
    return this.#all(job, 'Completed');
  }

  async *#all(job: number, status: string): AsyncIterable<ShardRow> {
    for (let after = -1; ; ) {
      const page = this.#statements.page.all(job, after, status) as unknown as ShardRow[];
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last.number;
    }
  }

  async record(job: number, outcomes: readonly ShardOutcome[]): Promise<void> {
    inTransaction(this.#database, () => {
      for (const { number, records, outputBytes, failure } of outcomes) {
        const [status, fault, message] =
          failure === undefined ? ['Completed', null, null] : ['Failed', failure.fault, failure.message];
        this.#statements.record.run(status, records, outputBytes, fault, message, job, number);
      }
    });
  }

  async totals(job: number): Promise<ShardTotals> {
    return this.#statements.totals.get(job) as unknown as ShardTotals;
  }

  async failed(job: number, limit: number): Promise<readonly FailedShard[]> {
    return this.#statements.failed.all(job, limit) as unknown as FailedShard[];
  }

  /** For the transaction that adds the job. */
  put(job: number, shards: Iterable<ShardRow>): void {
    for (const { number, inputKey, outputKey, name, size } of shards) {
      this.#statements.add.run(job, number, inputKey, outputKey, name, size);
    }
  }
}
