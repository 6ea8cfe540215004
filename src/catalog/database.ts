import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { causeOf, MillraceError } from '../core/errors.ts';

/** A check of every page takes 1 s per GB; beyond this size only what is read is found broken, when it is read. */
const MAX_CHECKED_PAGES = 16_384;

/**
 * Opens the database of the service and brings its schema up to date with the numbered files beside this one. The
 * database is this process's alone until it is closed, or the process ends in whatever way.
 *
 * @throws MillraceError `DataDirInUse`, `DatabaseCorrupt`, `DatabaseNewer`
 */
export async function openDatabase(file: string): Promise<DatabaseSync> {
  const migrations = await readMigrations();
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true });
    // Exclusive from the first read on: the lock goes with the process, also after a kill -9.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    checkPages(database);
    migrate(database, migrations);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof MillraceError && error.is('DatabaseNewer'))
      throw new MillraceError('DatabaseNewer', { ...error.details, file });
    throw refusal(error, file);
  }
}

/** SQLite's own codes, of https://sqlite.org/rescode.html; extended ones have them in their lowest byte. */
const BUSY = 5;
const LOCKED = 6;

function refusal(error: unknown, file: string): MillraceError {
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
  if (code === BUSY || code === LOCKED) return new MillraceError('DataDirInUse', { file }, { cause: error });
  return new MillraceError('DatabaseCorrupt', { file, cause: causeOf(error) }, { cause: error });
}

function checkPages(database: DatabaseSync): void {
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  if (pages > MAX_CHECKED_PAGES) return;
  const problems = database.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
  const [problem] = problems;
  if (problem !== undefined && problem.quick_check !== 'ok') throw new Error(problem.quick_check);
}

interface Migration {
  readonly number: number;
  readonly sql: string;
}

async function readMigrations(): Promise<Migration[]> {
  const folder = join(import.meta.dirname, 'migrations');
  const names = (await readdir(folder)).filter((name) => /^\d{4}-.+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      number: Number(name.slice(0, 4)),
      sql: await readFile(join(folder, name), 'utf8'),
    })),
  );
}

/** Each migration is one transaction together with the number that remembers it. */
function migrate(database: DatabaseSync, migrations: readonly Migration[]): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  const newest = migrations.at(-1)?.number ?? 0;
  if (version > newest) throw new MillraceError('DatabaseNewer', { file: '', version, newest });
  for (const { number, sql } of migrations) {
    if (number <= version) continue;
    inTransaction(database, () => database.exec(`${sql}\nPRAGMA user_version = ${number}`));
  }
}

/** Runs `work` as one transaction: all of it is kept or nothing is. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk may have ended the transaction already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
