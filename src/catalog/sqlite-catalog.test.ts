import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogContract } from '../../test/contract/catalog.ts';
import { openDatabase } from './database.ts';
import { sqliteCatalog } from './sqlite-catalog.ts';

catalogContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-catalog-'));
  const file = join(folder, 'millrace.db');
  const catalog = sqliteCatalog(await openDatabase(file));
  let last = catalog;
  return {
    catalog,
    reopen: async () => {
      await last.close();
      last = sqliteCatalog(await openDatabase(file));
      return last;
    },
    dispose: async () => {
      await last.close();
      await rm(folder, { recursive: true });
    },
  };
});
