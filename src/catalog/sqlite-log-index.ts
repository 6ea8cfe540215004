import type { DatabaseSync } from 'node:sqlite';
import type { CandidateQuery, LogIndex, LogStreamInfo, StreamQuery } from '../logs/log-index.ts';
import { inTransaction } from './database.ts';

interface Row {
  readonly name: string;
  readonly job: string;
  readonly created_at: number;
  readonly first_event_at: number | null;
  readonly last_event_at: number | null;
  readonly last_ingested_at: number | null;
  readonly stored_bytes: number;
}

/** Sorts behind every name with the prefix: names are ASCII. */
const AFTER_ALL = '\u{10ffff}';

export class SqliteLogIndex implements LogIndex {
  readonly #database: DatabaseSync;
  readonly #statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const select = 'SELECT * FROM log_streams';
    const named = `${select} WHERE name >= ? AND name < ?`;
    const dated = `${select} WHERE (last_event_at, name)`;
    const undated = `${select} WHERE last_event_at IS NULL AND name`;
    this.#statements = {
      create: database.prepare('INSERT OR IGNORE INTO log_streams (name, job, created_at) VALUES (?, ?, ?)'),
      update: database.prepare(
        'UPDATE log_streams SET first_event_at = ?, last_event_at = ?, last_ingested_at = ?, stored_bytes = ? WHERE name = ?',
      ),
      get: database.prepare(`${select} WHERE name = ?`),
      names: {
        up: database.prepare(`${named} AND name > ? ORDER BY name LIMIT ?`),
        down: database.prepare(`${named} AND name < ? ORDER BY name DESC LIMIT ?`),
      },
      dated: {
        up: database.prepare(`${dated} > (?, ?) ORDER BY last_event_at, name LIMIT ?`),
        down: database.prepare(`${dated} < (?, ?) ORDER BY last_event_at DESC, name DESC LIMIT ?`),
      },
      undated: {
        up: database.prepare(`${undated} > ? ORDER BY name LIMIT ?`),
        down: database.prepare(`${undated} < ? ORDER BY name DESC LIMIT ?`),
      },
      candidates: database.prepare(
        `${named} AND last_event_at >= ? AND first_event_at IS NOT NULL ORDER BY first_event_at, name LIMIT ?`,
      ),
      ofJob: database.prepare(`${select} WHERE job = ? ORDER BY name`),
      oldestJobs: database.prepare(
        `SELECT job FROM log_streams GROUP BY job
         ORDER BY MAX(COALESCE(last_event_at, created_at)), job LIMIT ? OFFSET ?`,
      ),
      removeJob: database.prepare('DELETE FROM log_streams WHERE job = ?'),
      totals: database.prepare('SELECT COUNT(*) AS streams, SUM(stored_bytes) AS bytes FROM log_streams'),
    };
  }

  create({ name, job, createdAt }: Pick<LogStreamInfo, 'name' | 'job' | 'createdAt'>): void {
    this.#statements.create.run(name, job, createdAt);
  }

  update(streams: readonly LogStreamInfo[]): void {
    // One transaction, because each waits for the disk.
    inTransaction(this.#database, () => {
      for (const { name, firstEventAt, lastEventAt, lastIngestedAt, storedBytes } of streams) {
        this.#statements.update.run(
          firstEventAt ?? null,
          lastEventAt ?? null,
          lastIngestedAt ?? null,
          storedBytes,
          name,
        );
      }
    });
  }

  get(name: string): LogStreamInfo | undefined {
    const row = this.#statements.get.get(name) as unknown as Row | undefined;
    return row === undefined ? undefined : infoOf(row);
  }

  list(query: StreamQuery): readonly LogStreamInfo[] {
    return query.orderBy === 'name' ? this.#byName(query) : this.#byLastEvent(query);
  }

  #byName({ prefix, descending, limit, after }: StreamQuery & { orderBy: 'name' }): LogStreamInfo[] {
    const statement = descending ? this.#statements.names.down : this.#statements.names.up;
    const cursor = after?.name ?? (descending ? AFTER_ALL : '');
    return infos(statement.all(prefix, prefix + AFTER_ALL, cursor, limit));
  }

  /** NULL is in no order with anything, so streams without events are a list of their own: before the others, or after them. */
  #byLastEvent({ descending, limit, after }: StreamQuery): LogStreamInfo[] {
    const way = descending ? 'down' : 'up';
    const first = descending ? ([Number.MAX_SAFE_INTEGER, AFTER_ALL] as const) : ([-1, ''] as const);
    const dated = (count: number, at: number, name: string): LogStreamInfo[] =>
      infos(this.#statements.dated[way].all(at, name, count));
    const undated = (count: number, name: string): LogStreamInfo[] =>
      infos(this.#statements.undated[way].all(name, count));

    const amongDated = after !== undefined && after.lastEventAt !== undefined;
    const amongUndated = after !== undefined && after.lastEventAt === undefined;
    if (descending) {
      const [at, name] = amongDated ? [after.lastEventAt ?? 0, after.name] : first;
      const found = amongUndated ? [] : dated(limit, at, name);
      return [...found, ...undated(limit - found.length, amongUndated ? after.name : first[1])];
    }
    if (amongDated) return dated(limit, after.lastEventAt ?? 0, after.name);
    const found = undated(limit, after?.name ?? first[1]);
    return [...found, ...dated(limit - found.length, first[0], first[1])];
  }

  candidates({ prefix, from, limit }: CandidateQuery): readonly LogStreamInfo[] {
    return infos(this.#statements.candidates.all(prefix, prefix + AFTER_ALL, from, limit));
  }

  ofJob(job: string): readonly LogStreamInfo[] {
    return infos(this.#statements.ofJob.all(job));
  }

  oldestJobs({ limit, offset }: { readonly limit: number; readonly offset: number }): readonly string[] {
    return this.#statements.oldestJobs.all(limit, offset).map((row) => row['job'] as string);
  }

  removeJob(job: string): void {
    this.#statements.removeJob.run(job);
  }

  totals(): { readonly streams: number; readonly bytes: number } {
    const { streams, bytes } = this.#statements.totals.get() as { streams: number; bytes: number | null };
    return { streams, bytes: bytes ?? 0 };
  }
}

function infos(rows: readonly unknown[]): LogStreamInfo[] {
  return (rows as readonly Row[]).map(infoOf);
}

function infoOf(row: Row): LogStreamInfo {
  return {
    name: row.name,
    job: row.job,
    createdAt: row.created_at,
    firstEventAt: row.first_event_at ?? undefined,
    lastEventAt: row.last_event_at ?? undefined,
    lastIngestedAt: row.last_ingested_at ?? undefined,
    storedBytes: row.stored_bytes,
  };
}
