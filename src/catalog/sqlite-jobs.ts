import type { DatabaseSync } from 'node:sqlite';
import {
  type JobChange,
  type JobQuery,
  type JobRow,
  type JobStatus,
  type JobSummary,
  type Jobs,
  jobStatuses,
  type NewJob,
  type ShardRow,
  type Tag,
} from './catalog.ts';
import { inTransaction } from './database.ts';
import { listRows } from './sqlite-list.ts';
import type { SqliteShards } from './sqlite-shards.ts';
import type { SqliteTags } from './sqlite-tags.ts';

const SUMMARY =
  'id, name, arn, status, failure_reason AS failureReason, created_at AS createdAt, started_at AS startedAt, ended_at AS endedAt, modified_at AS modifiedAt';
const ROW = `${SUMMARY}, request, definition, counts`;
const COLUMNS = { Name: 'name', CreationTime: 'created_at', Status: 'status' } as const;

export class SqliteJobs implements Jobs {
  readonly #database: DatabaseSync;
  readonly #shards: SqliteShards;
  readonly #tags: SqliteTags;
  readonly #statements;

  constructor(database: DatabaseSync, shards: SqliteShards, tags: SqliteTags) {
    this.#database = database;
    this.#shards = shards;
    this.#tags = tags;
    this.#statements = {
      add: database.prepare(
        `INSERT OR IGNORE INTO jobs (name, arn, status, created_at, modified_at, request, definition)
         VALUES (?, ?, 'InProgress', ?, ?, ?, ?) RETURNING ${ROW}`,
      ),
      get: database.prepare(`SELECT ${ROW} FROM jobs WHERE name = ?`),
      change: database.prepare(
        `UPDATE jobs SET
           modified_at = CASE WHEN ?1 IS NULL OR ?1 = status THEN modified_at ELSE ?2 END,
           status = coalesce(?1, status), failure_reason = coalesce(?3, failure_reason),
           started_at = coalesce(?4, started_at), ended_at = coalesce(?5, ended_at), counts = coalesce(?6, counts)
         WHERE id = ?7 AND status IN (SELECT value FROM json_each(?8)) RETURNING ${ROW}`,
      ),
      oldest: database.prepare(
        `SELECT ${ROW} FROM jobs WHERE status = ? AND id NOT IN (SELECT value FROM json_each(?))
         ORDER BY started_at IS NULL, id LIMIT ?`,
      ),
      counts: database.prepare('SELECT status, count(*) AS jobs FROM jobs GROUP BY status'),
      remove: database.prepare('DELETE FROM jobs WHERE id = ? RETURNING arn'),
    };
  }

  async add(job: NewJob, shards: Iterable<ShardRow>, tags: readonly Tag[]): Promise<JobRow | undefined> {
    const { name, arn, createdAt, request, definition } = job;
    return inTransaction(this.#database, () => {
      const added = this.#statements.add.get(name, arn, createdAt, createdAt, request, definition) as
        | Nullable
        | undefined;
      if (added === undefined) return undefined;
      this.#shards.put(added.id, shards);
      this.#tags.replace(arn, tags);
      return row(added);
    });
  }

  async get(name: string): Promise<JobRow | undefined> {
    const found = this.#statements.get.get(name) as Nullable | undefined;
    return found && row(found);
  }

  async list(query: JobQuery): Promise<readonly JobSummary[]> {
    const rows = listRows<Nullable>(this.#database, {
      select: `SELECT ${SUMMARY} FROM jobs`,
      sort: { column: COLUMNS[query.sortBy], id: 'id' },
      descending: query.descending,
      after: query.after,
      where: [
        ['status = ?', query.status],
        ['instr(name, ?) > 0', query.nameContains],
        ['created_at > ?', query.createdAfter],
        ['created_at < ?', query.createdBefore],
        ['modified_at > ?', query.modifiedAfter],
        ['modified_at < ?', query.modifiedBefore],
      ],
      limit: query.limit,
    });
    return rows.map(row);
  }

  async change(
    id: number,
    from: readonly JobStatus[],
    { status, failureReason, startedAt, endedAt, counts }: JobChange,
    at: number,
  ): Promise<JobRow | undefined> {
    const values = [status, at, failureReason, startedAt, endedAt, counts].map((value) => value ?? null);
    const changed = this.#statements.change.get(...values, id, JSON.stringify(from)) as Nullable | undefined;
    return changed && row(changed);
  }

  async oldest(status: JobStatus, except: readonly number[], limit: number): Promise<readonly JobRow[]> {
    const rows = this.#statements.oldest.all(status, JSON.stringify(except), limit);
    return (rows as unknown as Nullable[]).map(row);
  }

  async counts(): Promise<Readonly<Record<JobStatus, number>>> {
    const counts = Object.fromEntries(jobStatuses.map((status) => [status, 0])) as Record<JobStatus, number>;
    for (const { status, jobs } of this.#statements.counts.all() as unknown as { status: JobStatus; jobs: number }[]) {
      counts[status] = jobs;
    }
    return counts;
  }

  async remove(id: number): Promise<boolean> {
    return inTransaction(this.#database, () => {
      const removed = this.#statements.remove.get(id) as { readonly arn: string } | undefined;
      if (removed !== undefined) this.#tags.clear(removed.arn);
      return removed !== undefined;
    });
  }
}

/** SQLite has null where the port has `undefined`. */
type Nullable = {
  readonly [K in keyof JobRow]: undefined extends JobRow[K] ? Exclude<JobRow[K], undefined> | null : JobRow[K];
};

function row(found: Nullable): JobRow {
  const { failureReason, startedAt, endedAt, counts } = found;
  return {
    ...found,
    failureReason: failureReason ?? undefined,
    startedAt: startedAt ?? undefined,
    endedAt: endedAt ?? undefined,
    counts: counts ?? undefined,
  };
}
