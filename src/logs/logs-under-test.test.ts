import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { SqliteLogIndex } from '../catalog/sqlite-log-index.ts';
import type { Clock } from '../core/clock.ts';
import type { MillraceError } from '../core/errors.ts';
import { LogStore } from './log-store.ts';

export const START = Date.parse('2026-11-22T10:00:00.000Z');

/** A clock that stands until somebody moves it. */
export class StandingClock implements Clock {
  ms = START;

  now(): number {
    return this.ms;
  }

  async sleep(): Promise<void> {
    throw new Error('nobody waits here');
  }
}

export interface LogsUnderTest {
  readonly folder: string;
  readonly clock: StandingClock;
  readonly index: SqliteLogIndex;
  readonly running: Set<string>;
  readonly failures: MillraceError[];
  readonly logs: LogStore;
  /** A store in the same place, as the next process makes it. */
  reopened(): LogStore;
}

export function newIndex(): SqliteLogIndex {
  const database = new DatabaseSync(':memory:');
  database.exec(readFileSync(join(import.meta.dirname, '../catalog/migrations/0001-initial.sql'), 'utf8'));
  return new SqliteLogIndex(database);
}

export async function openLogs(
  t: TestContext,
  { maxBytes = 1 << 30, maxStreamBytes = 1 << 26 }: { maxBytes?: number; maxStreamBytes?: number } = {},
): Promise<LogsUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-logs-'));
  const clock = new StandingClock();
  const index = newIndex();
  const running = new Set<string>();
  const failures: MillraceError[] = [];
  const stores: LogStore[] = [];
  const reopened = (): LogStore => {
    const store = new LogStore({
      folder,
      index,
      clock,
      maxBytes,
      maxStreamBytes,
      isRunning: (job) => running.has(job),
      onFailure: (error) => failures.push(error),
    });
    stores.push(store);
    return store;
  };
  t.after(async () => {
    for (const store of stores) await store.close();
    await rm(folder, { recursive: true });
  });
  return { folder, clock, index, running, failures, logs: reopened(), reopened };
}
