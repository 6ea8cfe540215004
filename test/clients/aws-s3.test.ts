import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { awsSuite } from './client-suites.ts';

const MIB = 2 ** 20;

/** Every file below a folder with its text. */
async function tree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'utf8')] as const);
  return Object.fromEntries((await Promise.all(found)).sort());
}

async function writeTree(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** The lines of `aws s3 ls` without the times. */
function listed(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +/, '').trim())
    .filter((line) => line !== '');
}

await awsSuite('aws s3', (aws) => {
  test('mb, ls and rb: a bucket that holds anything is removed with --force only', async () => {
    assert.equal(await aws.run(['s3', 'mb', 's3://of-buckets']), 'make_bucket: of-buckets\n');
    assert.match(await aws.run(['s3', 'ls']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d of-buckets$/m);
    await aws.run(['s3', 'cp', '-', 's3://of-buckets/deep/key'], { input: 'x' });
    assert.match(
      await aws.refused(['s3', 'rb', 's3://of-buckets']),
      /\(BucketNotEmpty\) when calling the DeleteBucket/,
    );
    const removed = await aws.run(['s3', 'rb', 's3://of-buckets', '--force']);
    assert.deepEqual(removed.trim().split('\n'), ['delete: s3://of-buckets/deep/key', 'remove_bucket: of-buckets']);
    assert.match(await aws.refused(['s3', 'ls', 's3://of-buckets']), /\(NoSuchBucket\) when calling the ListObjectsV2/);
  });

  test('cp: a file there and back, with its content type guessed from its name', async () => {
    const folder = await aws.folder();
    await writeTree(folder, { 'in.json': '{"one": 1}\n' });
    await aws.run(['s3', 'mb', 's3://small']);
    const sent = await aws.run(['s3', 'cp', 'in.json', 's3://small/a/', '--no-progress'], { cwd: folder });
    assert.equal(sent.trim(), 'upload: ./in.json to s3://small/a/in.json');
    await aws.run(['s3', 'cp', 's3://small/a/in.json', 'out.json'], { cwd: folder });
    assert.equal(await readFile(join(folder, 'out.json'), 'utf8'), '{"one": 1}\n');
    const head = await aws.json(['s3api', 'head-object', '--bucket', 'small', '--key', 'a/in.json']);
    assert.equal(head['ContentType'], 'application/json');
    assert.equal(head['ContentLength'], 11);
    assert.match(
      await aws.refused(['s3', 'cp', 's3://small/none', 'out.json'], { cwd: folder }),
      /fatal error: An error occurred \(404\) when calling the HeadObject operation.*: Key "none" does not exist/,
    );
    assert.match(
      await aws.refused(['s3', 'cp', 'in.json', 's3://no-such-bucket/a'], { cwd: folder }),
      /\(NoSuchBucket\) when calling the PutObject operation.*: The specified bucket does not exist/,
    );
  });

  test('cp: 40 MB in parts there and back, byte by byte', async () => {
    const folder = await aws.folder();
    const bytes = randomBytes(40 * MIB + 1);
    await writeFile(join(folder, 'large'), bytes);
    await aws.run(['s3', 'mb', 's3://large']);
    await aws.run(['s3', 'cp', 'large', 's3://large/object', '--no-progress'], { cwd: folder });
    const head = await aws.json(['s3api', 'head-object', '--bucket', 'large', '--key', 'object']);
    assert.equal(head['ContentLength'], bytes.length);
    assert.match(String(head['ETag']), /^"[0-9a-f]{32}-6"$/);
    await aws.run(['s3', 'cp', 's3://large/object', 'back', '--no-progress'], { cwd: folder });
    assert((await readFile(join(folder, 'back'))).equals(bytes), 'the file that came back has other bytes');
    // In parts as well: UploadPartCopy.
    await aws.run(['s3', 'cp', 's3://large/object', 's3://large/copy', '--no-progress']);
    assert((await aws.bytes(['s3', 'cp', 's3://large/copy', '-'])).equals(bytes), 'the copy has other bytes');
    const uploads = await aws.json(['s3api', 'list-multipart-uploads', '--bucket', 'large']);
    assert.equal(uploads['Uploads'], undefined);
  });

  test('cp: from standard input, also in parts, and to standard output', async () => {
    await aws.run(['s3', 'mb', 's3://streams']);
    const bytes = randomBytes(9 * MIB);
    await aws.run(['s3', 'cp', '-', 's3://streams/large'], { input: bytes });
    assert((await aws.bytes(['s3', 'cp', 's3://streams/large', '-'])).equals(bytes));
    await aws.run(['s3', 'cp', '-', 's3://streams/empty']);
    assert.equal(await aws.run(['s3', 'cp', 's3://streams/empty', '-']), '');
  });

  test('sync: both ways sends what is missing or changed, and removes the rest with --delete', async () => {
    const folder = await aws.folder();
    const files = { 'a.csv': '1\n', 'd/b.csv': '22\n', 'd/e/c.csv': '333\n', 'empty.csv': '' };
    await writeTree(join(folder, 'up'), files);
    await aws.run(['s3', 'mb', 's3://synced']);
    const up = ['s3', 'sync', 'up', 's3://synced/data', '--delete', '--no-progress'];
    const down = ['s3', 'sync', 's3://synced/data', 'down', '--delete', '--no-progress'];
    assert.equal((await aws.run(up, { cwd: folder })).trim().split('\n').length, 4);
    assert.equal(await aws.run(up, { cwd: folder }), '', 'nothing had changed');
    await aws.run(down, { cwd: folder });
    assert.deepEqual(await tree(join(folder, 'down')), files);
    assert.equal(await aws.run(down, { cwd: folder }), '', 'nothing had changed');

    await rm(join(folder, 'up/d/b.csv'));
    await writeTree(join(folder, 'up'), { 'a.csv': 'changed\n' });
    const changes = (await aws.run(up, { cwd: folder })).trim().split('\n').sort();
    assert.deepEqual(changes, ['delete: s3://synced/data/d/b.csv', 'upload: up/a.csv to s3://synced/data/a.csv']);
    await writeTree(join(folder, 'down'), { 'stray.csv': 'x' });
    await aws.run(down, { cwd: folder });
    assert.deepEqual(await tree(join(folder, 'down')), await tree(join(folder, 'up')));
    assert.deepEqual(Object.keys(await tree(join(folder, 'down'))), ['a.csv', 'd/e/c.csv', 'empty.csv']);
  });

  test('ls: prefixes are strings, folders are shown as such, and --summarize counts', async () => {
    const folder = await aws.folder();
    await writeTree(folder, { 'a.txt': '1', 'ab/1.txt': '22', 'ab/2.txt': '333', 'abc/d/3.txt': '4444' });
    await aws.run(['s3', 'mb', 's3://lists']);
    await aws.run(['s3', 'sync', '.', 's3://lists', '--no-progress'], { cwd: folder });
    const all = ['PRE ab/', 'PRE abc/', '1 a.txt'];
    assert.deepEqual(listed(await aws.run(['s3', 'ls', 's3://lists'])), all);
    assert.deepEqual(listed(await aws.run(['s3', 'ls', 's3://lists/ab'])), ['PRE ab/', 'PRE abc/']);
    assert.deepEqual(listed(await aws.run(['s3', 'ls', 's3://lists/ab/'])), ['2 1.txt', '3 2.txt']);
    assert.deepEqual(listed(await aws.run(['s3', 'ls', 's3://lists/a', '--recursive', '--summarize'])), [
      '1 a.txt',
      '2 ab/1.txt',
      '3 ab/2.txt',
      '4 abc/d/3.txt',
      'Total Objects: 4',
      'Total Size: 10',
    ]);
    // In pages of one: the same.
    assert.deepEqual(listed(await aws.run(['s3', 'ls', 's3://lists', '--page-size', '1'])).sort(), [...all].sort());
    assert.match(await aws.refused(['s3', 'ls', 's3://lists/nothing']), /^\s*$/);
  });

  test('names of objects: what has a meaning in addresses, in XML and elsewhere is a name like any other', async () => {
    const names = [
      'with space.txt',
      'plus+plus.txt',
      'percent%20.txt',
      '100%.txt',
      'ünï/日本語-😀.txt',
      'quote\'"&<>.txt',
      'hash#question?.txt',
      'semi;colon:at@eq=comma,.txt',
      'tilde~star*paren(1)!$.txt',
      'back\\slash[1]{2}^`|.txt',
    ];
    const folder = await aws.folder();
    const files = Object.fromEntries(names.map((name) => [name, `in ${name}`]));
    await writeTree(join(folder, 'up'), files);
    await aws.run(['s3', 'mb', 's3://names']);
    await aws.run(['s3', 'sync', 'up', 's3://names/in', '--no-progress'], { cwd: folder });
    const shown = listed(await aws.run(['s3', 'ls', 's3://names', '--recursive']));
    assert.deepEqual(shown.map((line) => line.replace(/^\d+ in\//, '')).sort(), [...names].sort());
    await aws.run(['s3', 'sync', 's3://names/in', 's3://names/copied', '--no-progress']);
    await aws.run(['s3', 'sync', 's3://names/copied', 'down', '--no-progress'], { cwd: folder });
    assert.deepEqual(await tree(join(folder, 'down')), Object.fromEntries(Object.entries(files).sort()));
    await aws.run(['s3', 'rm', 's3://names/in/ünï/日本語-😀.txt']);
    await aws.run(['s3', 'mv', 's3://names/in/plus+plus.txt', 's3://names/in/percent%2B.txt']);
    assert.equal(await aws.run(['s3', 'cp', 's3://names/in/percent%2B.txt', '-']), 'in plus+plus.txt');
    await aws.run(['s3', 'rm', 's3://names', '--recursive', '--quiet']);
    assert.equal(await aws.run(['s3', 'ls', 's3://names', '--recursive']), '');
  });

  test('mv and rm: a file up, an object on, a folder down; --exclude and --include choose', async () => {
    const folder = await aws.folder();
    await writeTree(folder, { one: '1', 'many/a.csv': 'a', 'many/b.csv': 'b', 'many/c.txt': 'c' });
    await aws.run(['s3', 'mb', 's3://moved']);
    await aws.run(['s3', 'mv', 'one', 's3://moved/one'], { cwd: folder });
    await aws.run(['s3', 'mv', 's3://moved/one', 's3://moved/two/one']);
    await aws.run(['s3', 'mv', 'many', 's3://moved/many', '--recursive'], { cwd: folder });
    assert.deepEqual(await tree(folder), {});
    const keys = async (): Promise<string[]> => listed(await aws.run(['s3', 'ls', 's3://moved', '--recursive']));
    assert.deepEqual(await keys(), ['1 many/a.csv', '1 many/b.csv', '1 many/c.txt', '1 two/one']);
    await aws.run(['s3', 'rm', 's3://moved/many', '--recursive', '--exclude', '*', '--include', '*.csv']);
    assert.deepEqual(await keys(), ['1 many/c.txt', '1 two/one']);
    await aws.run(['s3', 'mv', 's3://moved/', '.', '--recursive', '--quiet'], { cwd: folder });
    assert.deepEqual(await tree(folder), { 'many/c.txt': 'c', 'two/one': '1' });
  });

  test('presign: whoever has the address gets the object', async () => {
    await aws.run(['s3', 'mb', 's3://presigned']);
    await aws.run(['s3', 'cp', '-', 's3://presigned/a b+c/ü.txt'], { input: 'for everybody' });
    const url = (await aws.run(['s3', 'presign', 's3://presigned/a b+c/ü.txt', '--expires-in', '60'])).trim();
    assert(url.startsWith(`${aws.service.url}/presigned/a%20b%2Bc/%C3%BC.txt?`), url);
    const response = await fetch(url);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'for everybody');
  });
});
