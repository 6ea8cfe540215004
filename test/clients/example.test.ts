import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../blackbox/millrace.ts';
import { pythonSuite } from './client-suites.ts';

const SCRIPT = join(repository, 'examples/service/batch_transform.py');
const DATA = join(repository, 'examples/diamonds/data');

await pythonSuite('examples/service', (python) => {
  test('batch_transform.py: every diamond of every file gets a price, also the second time', async () => {
    const names = (await readdir(DATA)).sort();
    const said = await python.run(SCRIPT);
    assert.match(said, /^Completed in \d+\.\d s: arn:aws:sagemaker:us-east-1:000000000000:transform-job\/diamonds-/m);
    for (const name of names) {
      const rows = (await readFile(join(DATA, name), 'utf8')).trimEnd().split('\n');
      const at = said.indexOf(`\n${name}.out, ${rows.length} lines:\n`);
      assert(at > 0, `${name} of ${rows.length} rows in:\n${said}`);
      const [, , first = ''] = said.slice(at).split('\n');
      const [diamond, price = ''] = first.trim().split(/\s+\$(?=[\d,]+$)/);
      assert.equal(diamond, rows[0]);
      const dollars = Number(price.replaceAll(',', ''));
      assert(dollars > 300 && dollars < 20_000, first);
    }
    assert.equal((await python.run(SCRIPT)).match(/ lines:$/gm)?.length, names.length);
  });
});
