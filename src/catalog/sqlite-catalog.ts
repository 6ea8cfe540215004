import type { DatabaseSync } from 'node:sqlite';
import type { Catalog } from './catalog.ts';
import { SqliteJobs } from './sqlite-jobs.ts';
import { SqliteModels } from './sqlite-models.ts';
import { SqliteShards } from './sqlite-shards.ts';
import { SqliteTags } from './sqlite-tags.ts';

/** The catalog in a database that `openDatabase` has opened, and that is closed with it. */
export function sqliteCatalog(database: DatabaseSync): Catalog {
  const tags = new SqliteTags(database);
  const shards = new SqliteShards(database);
  return {
    models: new SqliteModels(database, tags),
    jobs: new SqliteJobs(database, shards, tags),
    shards,
    tags,
    close: async () => database.close(),
  };
}
