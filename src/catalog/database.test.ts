import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { addJob, all, newJob, shardRows } from '../../test/contract/catalog-under-test.ts';
import { failure } from '../../test/contract/store-under-test.ts';
import { inTransaction, openDatabase } from './database.ts';
import { sqliteCatalog } from './sqlite-catalog.ts';

const SHARDS_EACH = 20;

async function ownFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-database-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A database with some jobs in it that nobody has open. */
async function usedDatabase(t: TestContext): Promise<string> {
  const file = join(await ownFolder(t), 'millrace.db');
  const catalog = sqliteCatalog(await openDatabase(file));
  for (let at = 0; at < 200; at++) await addJob(catalog, `job-${at}`, shardRows(SHARDS_EACH));
  await catalog.close();
  return file;
}

test('a new database gets all migrations, waits for the disk and knows what belongs together', async (t) => {
  const file = join(await ownFolder(t), 'millrace.db');
  const database = await openDatabase(file);
  t.after(() => database.close());
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.equal(pragma('user_version'), 1);
  assert.equal(pragma('journal_mode'), 'wal');
  assert.equal(pragma('synchronous'), 2, 'FULL: what was said to be done survives a loss of power');
  assert.equal(pragma('foreign_keys'), 1);
  assert.equal(pragma('locking_mode'), 'exclusive');
});

test('a database that is there is opened as it is', async (t) => {
  const file = await usedDatabase(t);
  for (let time = 0; time < 2; time++) {
    const catalog = sqliteCatalog(await openDatabase(file));
    assert.equal((await catalog.jobs.counts()).InProgress, 200);
    await catalog.close();
  }
});

test('a database of a newer millrace is left alone', async (t) => {
  const file = await usedDatabase(t);
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 7; DROP TABLE tags');
  database.close();
  const before = await readFile(file);
  const { details } = await failure(openDatabase(file), 'DatabaseNewer');
  assert.deepEqual({ ...details }, { file, version: 7, newest: 1 });
  assert(before.equals(await readFile(file)));
  // Nor is it locked: whoever knows it opens it.
  new DatabaseSync(file).close();
});

test('a database has one owner at a time', async (t) => {
  const file = await usedDatabase(t);
  const database = await openDatabase(file);
  assert.equal((await failure(openDatabase(file), 'DataDirInUse')).details.file, file);
  database.close();
  (await openDatabase(file)).close();
});

for (const [what, harm] of [
  ['text', (bytes: Buffer) => Buffer.from('not a database, but long enough to be one\n'.repeat(bytes.length / 42))],
  ['pages of zeros', (bytes: Buffer) => bytes.fill(0, 8192, bytes.length - 4096)],
  ['a part of itself', (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2))],
] as const) {
  test(`a file that has become ${what} is refused and left as it is`, async (t) => {
    const file = await usedDatabase(t);
    const harmed = Buffer.from(harm(await readFile(file)));
    await writeFile(file, harmed);
    const { details } = await failure(openDatabase(file), 'DatabaseCorrupt');
    assert.equal(details.file, file);
    assert.notEqual(details.cause, '');
    assert(harmed.equals(await readFile(file)));
  });
}

test('what cannot be opened at all is refused with its cause', async (t) => {
  const folder = join(await ownFolder(t), 'millrace.db');
  await mkdir(folder);
  const { details } = await failure(openDatabase(folder), 'DatabaseCorrupt');
  assert.match(details.cause, /unable to open database file/);
});

test('a transaction that fails leaves nothing, and the next one works', async (t) => {
  const database = await openDatabase(join(await ownFolder(t), 'millrace.db'));
  t.after(() => database.close());
  const add = (key: string): void => void database.prepare('INSERT INTO tags VALUES (?, ?, ?)').run('arn', key, 'v');
  const fails = (): void =>
    inTransaction(database, () => {
      add('a');
      add('a');
    });
  assert.throws(fails, /UNIQUE/);
  assert.equal(
    inTransaction(database, () => {
      add('b');
      return 'result';
    }),
    'result',
  );
  assert.deepEqual(
    database
      .prepare('SELECT key FROM tags')
      .all()
      .map((row) => row['key']),
    ['b'],
  );
});

/** Adds jobs until it is killed, and says of each when it was added. */
const ADDER = `
const [database, catalog, fixture] = process.argv.slice(1, 4);
const { openDatabase } = await import(database);
const { sqliteCatalog } = await import(catalog);
const { newJob, shardRows } = await import(fixture);
const { jobs } = sqliteCatalog(await openDatabase(process.argv[4]));
for (let at = 0; ; at++) {
  await jobs.add(newJob('job-' + at), shardRows(${SHARDS_EACH}), [{ key: 'k', value: 'v' }]);
  process.stdout.write(at + '\\n');
}`;

/** Runs the adder until it has said `count`, calls `meanwhile` while it goes on, and kills it. Returns the last that it said. */
async function killedAfter(file: string, count: number, meanwhile: () => Promise<void>): Promise<number> {
  const modules = ['./database.ts', './sqlite-catalog.ts', '../../test/contract/catalog-under-test.ts'];
  const places = modules.map((module) => new URL(module, import.meta.url).href);
  const child = spawn(process.execPath, ['--input-type=module', '-e', ADDER, ...places, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let said = -1;
  try {
    for await (const line of createInterface(child.stdout)) {
      said = Number(line);
      if (said < count || child.killed) continue;
      await meanwhile();
      child.kill('SIGKILL');
    }
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  assert(said >= count, 'it was not killed but failed');
  return said;
}

test('after a kill -9 everything is there that was said to be done, and the lock is gone', async (t) => {
  const folder = await ownFolder(t);
  const file = join(folder, 'millrace.db');
  const said = await killedAfter(file, 40, async () => {
    await failure(openDatabase(file), 'DataDirInUse');
  });
  const wal = await readFile(`${file}-wal`);
  assert(wal.length > 0, 'there is something to recover');

  // A loss of power may tear what was written last: any part of it may be missing, or be anything.
  const torn = join(folder, 'torn.db');
  for (const harm of ['none', 'cut', 'overwritten'] as const) {
    await copyFile(file, torn);
    await writeFile(`${torn}-wal`, wal);
    const kept = wal.length - 10_000;
    if (harm === 'cut') await truncate(`${torn}-wal`, kept);
    if (harm === 'overwritten') await writeFile(`${torn}-wal`, Buffer.from(wal).fill(0xa5, kept));
    const catalog = sqliteCatalog(await openDatabase(torn));
    const { InProgress: jobs } = await catalog.jobs.counts();
    if (harm === 'none') assert(jobs > said, `${jobs} jobs are there, ${said + 1} were added`);
    else assert(jobs > 0 && jobs <= said + 2, `${jobs} jobs of ${said + 1} are left`);
    for (let at = 0; at < jobs; at++) {
      const job = await catalog.jobs.get(`job-${at}`);
      assert(job, 'the last ones are lost, and no others');
      assert.equal((await all(catalog.shards.pending(job.id))).length, SHARDS_EACH, 'a job is there whole');
      assert.equal((await catalog.tags.list(newJob(`job-${at}`).arn)).length, 1);
    }
    await addJob(catalog, 'next');
    await catalog.close();
  }
});
