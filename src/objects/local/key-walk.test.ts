import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { FolderNames } from './folder-names.ts';
import { KeyPaths, SECOND_NAME } from './key-path.ts';
import { type Found, type WalkRequest, walkKeys } from './key-walk.ts';

const paths = new KeyPaths({ foldsCase: process.platform !== 'linux', windows: process.platform === 'win32' });
const never = new AbortController().signal;

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-walk-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts the objects there in the simplest way: those whose name others need as a folder have their second name. */
async function plant(root: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const { folders, file } = paths.path(key);
    const isTaken = file === '' || keys.some((other) => other.startsWith(`${key}/`));
    const path = join(root, ...folders, file) + (isTaken ? (file === '' ? '/%' : SECOND_NAME) : '');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  }
}

async function walk(root: string, request: Partial<WalkRequest>): Promise<readonly Found[]> {
  const names = new FolderNames(root, paths);
  const walked = walkKeys((at) => names.read(at), { prefix: '', delimiter: undefined, after: '', ...request }, never);
  const found: Found[] = [];
  for await (const item of walked) found.push(item);
  return found;
}

/** What S3 lists, from a plain list of keys. */
function expected(keys: readonly string[], { prefix = '', delimiter, after = '' }: Partial<WalkRequest>): Found[] {
  const before = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  const found = new Map<string, Found>();
  for (const key of keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const item = end < 0 ? key : key.slice(0, end + (delimiter?.length ?? 0));
    if (before(after, item)) found.set(item + (end < 0 ? '' : '\0'), { key: item, isCommon: end >= 0 });
  }
  return [...found.values()];
}

const piece = fc.constantFrom(
  ...['/', '/', '/', 'a', 'b', 'aa', '-', '.', '..', '0', '%', '\x01', ' ', 'é', '\uffee', '\u{1f389}', '+', '!'],
  ...['x'.repeat(255), `${'x'.repeat(200)}-`, 'x'.repeat(400)],
);
const key = fc
  .array(piece, { minLength: 1, maxLength: 7 })
  .map((pieces) => pieces.join(''))
  .filter((text) => Buffer.byteLength(text) <= 1024);
const text = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));

test('the walk is the sorted list of the keys, whatever the prefix, the delimiter and the start', async (t) => {
  const folder = await emptyFolder(t);
  let run = 0;
  const keys = fc.uniqueArray(key, { minLength: 1, maxLength: 25 });
  const delimiter = fc.option(fc.oneof({ weight: 3, arbitrary: fc.constant('/') }, piece), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(keys, fc.array(fc.tuple(text, delimiter, text), { maxLength: 8 }), async (all, requests) => {
      run += 1;
      const root = join(folder, String(run));
      await mkdir(root);
      await plant(root, all);
      for (const [prefix, delimiter, after] of requests) {
        // Starts that are keys, or prefixes of some, are likelier to be wrong.
        for (const from of [after, all[0] ?? '', all.at(-1)?.slice(0, 3) ?? '']) {
          for (const start of [prefix, all[0]?.slice(0, 4) ?? '']) {
            const request = { prefix: start, delimiter, after: from };
            assert.deepEqual(await walk(root, request), expected(all, request), JSON.stringify(request));
          }
        }
      }
      assert.deepEqual(await walk(root, {}), expected(all, {}));
    }),
    { numRuns: 60 },
  );
});

test('a folder without objects is no common prefix', async (t) => {
  const root = await emptyFolder(t);
  await plant(root, ['full/deep/o']);
  await mkdir(join(root, 'empty/deeper'), { recursive: true });
  assert.deepEqual(await walk(root, { delimiter: '/' }), [{ key: 'full/', isCommon: true }]);
  assert.deepEqual(await walk(root, {}), [{ key: 'full/deep/o', isCommon: false }]);
});

test('links are followed but in circles, and what cannot be a key is nobody', async (t) => {
  const [root, elsewhere] = [await emptyFolder(t), await emptyFolder(t)];
  await plant(elsewhere, ['data/inner/x.csv']);
  await symlink(join(elsewhere, 'data'), join(root, 'linked'));
  await symlink(join(elsewhere, 'data/inner/x.csv'), join(root, 'y.csv'));
  await symlink('..', join(elsewhere, 'data/inner/loop'));
  await symlink(root, join(elsewhere, 'data/back'));
  await symlink('.', join(root, 'self'));
  await symlink('nowhere', join(root, 'dangling'));
  await symlink('endless', join(root, 'endless'));
  await writeFile(join(root, '50%off'), '');
  await writeFile(join(root, '%61'), '');
  await mkdir(join(root, '%61folder'));
  await writeFile(join(root, '%61folder/o'), '');
  const keys = async (prefix: string): Promise<string[]> => (await walk(root, { prefix })).map(({ key }) => key);
  assert.deepEqual(await keys(''), ['linked/inner/x.csv', 'y.csv']);
  assert.deepEqual(await keys('linked/inner/'), ['linked/inner/x.csv']);
});

test('an object that somebody puts beside one with its second name hides it', async (t) => {
  const root = await emptyFolder(t);
  await writeFile(join(root, 'a%'), '');
  await writeFile(join(root, 'a'), '');
  assert.deepEqual(await walk(root, {}), [{ key: 'a', isCommon: false }]);
});

test('a big folder at rest is read once, and again when it has changed', async (t) => {
  const root = await emptyFolder(t);
  const all = Array.from({ length: 1500 }, (_, at) => `o${String(at).padStart(4, '0')}`);
  await plant(root, all);
  const names = new FolderNames(root, paths);
  assert.equal((await names.read('')).length, 1500);
  assert.notEqual(await names.read(''), await names.read(''), 'it has changed just now');
  const rest = new Date(Date.now() - 60_000);
  await utimes(root, rest, rest);
  const remembered = await names.read('');
  assert.equal(await names.read(''), remembered);
  await writeFile(join(root, 'one-more'), '');
  assert.equal((await names.read('')).length, 1501);
  await utimes(root, rest, rest);
  await rm(join(root, 'one-more'));
  assert.deepEqual(await names.read(''), all);
});
