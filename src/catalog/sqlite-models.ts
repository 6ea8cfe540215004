import type { DatabaseSync } from 'node:sqlite';
import type { ModelQuery, ModelRow, Models, Tag } from './catalog.ts';
import { inTransaction } from './database.ts';
import { listRows } from './sqlite-list.ts';
import type { SqliteTags } from './sqlite-tags.ts';

const SELECT = 'SELECT name, arn, created_at AS createdAt, definition FROM models';
const COLUMNS = { Name: 'name', CreationTime: 'created_at' } as const;

export class SqliteModels implements Models {
  readonly #database: DatabaseSync;
  readonly #tags: SqliteTags;
  readonly #statements;

  constructor(database: DatabaseSync, tags: SqliteTags) {
    this.#database = database;
    this.#tags = tags;
    this.#statements = {
      add: database.prepare('INSERT OR IGNORE INTO models (name, arn, created_at, definition) VALUES (?, ?, ?, ?)'),
      get: database.prepare(`${SELECT} WHERE name = ?`),
      remove: database.prepare('DELETE FROM models WHERE name = ? RETURNING arn'),
    };
  }

  async add({ name, arn, createdAt, definition }: ModelRow, tags: readonly Tag[]): Promise<boolean> {
    return inTransaction(this.#database, () => {
      if (this.#statements.add.run(name, arn, createdAt, definition).changes === 0) return false;
      this.#tags.replace(arn, tags);
      return true;
    });
  }

  async get(name: string): Promise<ModelRow | undefined> {
    return this.#statements.get.get(name) as ModelRow | undefined;
  }

  async list(query: ModelQuery): Promise<readonly ModelRow[]> {
    return listRows<ModelRow>(this.#database, {
      select: SELECT,
      sort: { column: COLUMNS[query.sortBy], id: 'name' },
      descending: query.descending,
      after: query.after,
      where: [
        ['instr(name, ?) > 0', query.nameContains],
        ['created_at > ?', query.createdAfter],
        ['created_at < ?', query.createdBefore],
      ],
      limit: query.limit,
    });
  }

  async remove(name: string): Promise<boolean> {
    return inTransaction(this.#database, () => {
      const removed = this.#statements.remove.get(name) as { readonly arn: string } | undefined;
      if (removed !== undefined) this.#tags.clear(removed.arn);
      return removed !== undefined;
    });
  }
}
