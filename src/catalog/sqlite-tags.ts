import type { DatabaseSync } from 'node:sqlite';
import type { Tag, Tags } from './catalog.ts';
import { inTransaction } from './database.ts';

export class SqliteTags implements Tags {
  readonly #database: DatabaseSync;
  readonly #statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = {
      known: database.prepare('SELECT 1 FROM models WHERE arn = ?1 UNION ALL SELECT 1 FROM jobs WHERE arn = ?1'),
      list: database.prepare('SELECT key, value FROM tags WHERE arn = ? ORDER BY key'),
      put: database.prepare('INSERT OR REPLACE INTO tags (arn, key, value) VALUES (?, ?, ?)'),
      remove: database.prepare('DELETE FROM tags WHERE arn = ? AND key = ?'),
      clear: database.prepare('DELETE FROM tags WHERE arn = ?'),
    };
  }

  async known(arn: string): Promise<boolean> {
    return this.#statements.known.get(arn) !== undefined;
  }

  async list(arn: string): Promise<readonly Tag[]> {
    return this.#statements.list.all(arn) as unknown as Tag[];
  }

  async add(arn: string, tags: readonly Tag[], limit: number): Promise<boolean> {
    return inTransaction(this.#database, () => {
      const keys = new Set((this.#statements.list.all(arn) as unknown as Tag[]).map(({ key }) => key));
      for (const { key } of tags) keys.add(key);
      if (keys.size > limit) return false;
      this.#put(arn, tags);
      return true;
    });
  }

  async remove(arn: string, keys: readonly string[]): Promise<void> {
    inTransaction(this.#database, () => {
      for (const key of keys) this.#statements.remove.run(arn, key);
    });
  }

  /**
   * The tags of something that is new, for the transaction that adds it, as `clear` is for the one that removes it. There may be
   * some: `add` does not ask whether the resource is still there.
   */
  replace(arn: string, tags: readonly Tag[]): void {
    this.clear(arn);
    this.#put(arn, tags);
  }

  clear(arn: string): void {
    this.#statements.clear.run(arn);
  }

  #put(arn: string, tags: readonly Tag[]): void {
    for (const { key, value } of tags) this.#statements.put.run(arn, key, value);
  }
}
