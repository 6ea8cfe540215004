import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pages } from '../scripts/reference.ts';
import { errorTable } from '../src/core/errors.ts';

const root = join(import.meta.dirname, '..');

test('the reference is what the tables say (npm run docs)', async () => {
  for (const [name, text] of pages())
    assert.equal(await readFile(join(root, 'docs', 'reference', name), 'utf8'), text, name);
});

test('every error of the table is raised somewhere', async () => {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => /(?<!\.test)\.ts$/.test(name));
  assert(files.length > 40);
  const sources = await Promise.all(files.map((name) => readFile(join(root, 'src', name), 'utf8')));
  const text = sources.join('\n');
  for (const code of Object.keys(errorTable))
    assert.match(text, new RegExp(`MillraceError\\(\\s*'${code}'`), `${code} is never raised`);
});

test('links between the documents lead somewhere', async () => {
  const pagesToCheck = [
    'README.md',
    'CONTRIBUTING.md',
    ...(await readdir(join(root, 'docs'), { recursive: true }))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];
  let links = 0;
  for (const page of pagesToCheck) {
    const text = await readFile(join(root, page), 'utf8');
    // A pattern in a table is no link.
    for (const [, target = ''] of text.replace(/`[^`\n]*`/g, '').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      links += 1;
      assert(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`);
    }
  }
  assert(links > 10);
});
