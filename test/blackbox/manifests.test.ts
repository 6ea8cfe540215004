import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';

const MANIFEST = ['--s3-data-type', 'ManifestFile', '--input', 'list.json'];

function manifest(prefix: string, ...entries: readonly string[]): string {
  return JSON.stringify([{ prefix }, ...entries]);
}

describe('ManifestFile on local files (behaviour 1)', { concurrency: 4 }, () => {
  test('a prefix that is relative to the manifest, absolute, or a file:// address', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({
      'data/x.csv': 'x\n',
      'data/deep/er/y z.csv': 'y\n',
      'data/unlisted.csv': 'u\n',
      'lists/of it/data/x.csv': 'another x\n',
    });
    const ways: [name: string, list: string, prefix: string][] = [
      ['relative', 'list.json', 'data/'],
      ['dotted', 'list.json', './data/'],
      ['upwards', 'lists/of it/list.json', '../../data/'],
      ['absolute', 'lists/of it/list.json', `${box.path('data')}/`],
      ['address', 'lists/of it/list.json', `file://${box.path('data')}/`],
    ];
    for (const [name, list, prefix] of ways) {
      await box.write({ [list]: manifest(prefix, 'x.csv', 'deep/er/y z.csv') });
      const run = await box.transform(server.url, [...MANIFEST.slice(0, 2), '--input', list, '--output', name]);
      assert.equal(run.status, 0, run.all);
      const expected = { 'deep/er/y z.csv.out': predictions('y\n'), 'x.csv.out': predictions('x\n') };
      assert.deepEqual(await box.tree(name), expected, name);
    }
    assert.equal(server.invocations.length, 2 * ways.length);
  });

  test('a prefix is plain text, and entries follow it literally', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'data/part-1.csv': '1\n', 'data/part-2/x.csv': '2\n', 'data/other.csv': '3\n' });
    await box.write({ 'list.json': manifest('data/part-', '1.csv', '2/x.csv') });
    const run = await box.transform(server.url, MANIFEST);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { '1.csv.out': predictions('1\n'), '2/x.csv.out': predictions('2\n') });
  });

  test('objects are transformed in the order of the list, under their own names', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'data/a.csv': 'a\n', 'data/b.csv': 'b\n', 'data/c.csv': 'c\n' });
    await box.write({ 'list.json': manifest('data/', 'c.csv', 'a.csv', 'b.csv') });
    const run = await box.transform(server.url, [...MANIFEST, '--json']);
    assert.equal(run.status, 0, run.all);
    const names = server.invocations.map(({ headers }) => headers['x-amzn-sagemaker-input-object']);
    assert.deepEqual(names, ['data/c.csv', 'data/a.csv', 'data/b.csv']);
    const { objects, inputBytes, input } = JSON.parse(run.stdout);
    assert.deepEqual([objects.total, inputBytes, input], [3, 6, 'list.json']);
  });

  test('the content type, the split and the compression are those of the listed objects', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'data/a.csv.gz': gzipSync('1\n2\n'), 'data/b.bin': 'b' });
    await box.write({ 'list.json': manifest('data/', 'a.csv.gz') });
    const first = await box.transform(server.url, MANIFEST);
    assert.equal(first.status, 0, first.all);
    assert.match(
      first.stderr,
      /Content type text\/csv, compressed with Gzip, split Line, .*the objects end in \.csv\.gz/,
    );
    assert.equal(server.invocations[0]?.headers['content-type'], 'text/csv');
    assert.equal(server.invocations[0]?.text, '1\n2\n');
    await box.write({ 'list.json': manifest('data/', 'b.bin') });
    const second = await box.transform(server.url, [...MANIFEST, '--content-type', 'application/x-b']);
    assert.equal(second.status, 0, second.all);
    assert.equal(server.invocations[1]?.headers['content-type'], 'application/x-b');
  });

  test('entries that are folders are skipped', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'data/a.csv': 'a\n', 'list.json': manifest('data/', 'sub/', 'a.csv') });
    const run = await box.transform(server.url, MANIFEST);
    assert.equal(run.status, 0, run.all);
    assert.equal(server.invocations.length, 1);
  });

  test('a listed result of an earlier run is an input like others, but must not be replaced', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'data/a.csv': 'a\n', 'data/a.csv.out': 'out\n' });
    await box.write({ 'list.json': manifest('data/', 'a.csv', 'a.csv.out') });
    const args = [...MANIFEST, '--split-type', 'Line'];
    const refused = await box.transform(server.url, [...args, '--output', 'data/']);
    assert.equal(refused.status, 2, refused.all);
    assert.match(refused.stderr, /The result of data\/a\.csv would replace data\/a\.csv\.out/);
    assert.equal(await box.read('data/a.csv.out'), 'out\n');
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(Object.keys(await box.tree('out')), ['a.csv.out', 'a.csv.out.out']);
  });

  test('an object that is not there fails by itself, with its name', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await mkdir(box.path('data/folder.csv'), { recursive: true });
    await box.write({ 'data/a.csv': 'a\n', 'data/z.csv': 'z\n' });
    await box.write({ 'list.json': manifest('data/', 'a.csv', 'dir/gone.csv', 'folder.csv', 'z.csv') });
    const run = await box.transform(server.url, [...MANIFEST, '--json']);
    assert.equal(run.status, 1, run.all);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions('a\n'), 'z.csv.out': predictions('z\n') });
    const { failures, failureReason } = JSON.parse(run.stdout);
    assert.deepEqual(
      failures.map(({ object, output, code, fault }: Record<string, string>) => [object, output, code, fault]),
      [
        ['data/dir/gone.csv', 'out/dir/gone.csv.out', 'ObjectNotFound', 'client'],
        ['data/folder.csv', 'out/folder.csv.out', 'ObjectNotFound', 'client'],
      ],
    );
    assert.match(failures[0].message, /There is no object data\/dir\/gone\.csv\. .*manifest/);
    assert.match(failureReason, /^ClientError: 2 of 4 objects failed\. data\/dir\/gone\.csv: /);
  });

  test('an entry that climbs out of the output folder is not written there', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'data/a.csv': 'a\n', 'secret/b.csv': 'b\n' });
    await box.write({ 'list.json': manifest('data/', 'a.csv', '../secret/b.csv') });
    const run = await box.transform(server.url, [...MANIFEST, '--output', 'some/out']);
    assert.equal(run.status, 1, run.all);
    const files = (await box.files('.')).filter((name) => name.endsWith('.out'));
    assert.deepEqual(files, ['some/out/a.csv.out']);
    assert.match(run.stdout, /secret\/b\.csv: The name cannot be a file below the output folder: /);
  });
});

describe('manifests that are refused: status 2, nothing started', { concurrency: 4 }, () => {
  const cases: [what: string, list: string | Buffer | undefined, message: RegExp][] = [
    [
      'no manifest',
      undefined,
      /No input at list\.json: there is no such file or object.* Check the name of the manifest/,
    ],
    ['nothing', '', /list\.json is not a manifest: it is empty\. A manifest is one JSON array/],
    ['no JSON', '[{"prefix": "data/"},\n "a.csv" "b.csv"]', /list\.json is not a manifest: .*(position|line) \d+/],
    ['a comma too many', '[{"prefix": "data/"}, "a.csv",]', /list\.json is not a manifest: .*position 30/],
    ['JSON cut short', '[{"prefix": "data/"}, "a.c', /list\.json is not a manifest: .*position 26/],
    ['JSON Lines', '{"source-ref": "a.csv"}\n{"source-ref": "b.csv"}\n', /list\.json is not a manifest: .*position 24/],
    ['no UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), /list\.json is not a manifest: it is not UTF-8/],
    ['an object', '{"prefix": "data/"}', /it is an object, not an array/],
    ['an array of nothing', '[]', /the array is empty/],
    ['a prefix alone', '[{"prefix": "data/"}]', /it has a prefix and lists no objects/],
    ['no prefix first', '["a.csv", "b.csv"]', /element 1 has to be \{"prefix": "…"\} and is a string/],
    ['a key that is not prefix', '[{"Prefix": "data/"}, "a.csv"]', /element 1 .* has the key "Prefix"/],
    ['a prefix that is no text', '[{"prefix": 1}, "a.csv"]', /the prefix is a number, not a string/],
    ['an empty prefix', '[{"prefix": ""}, "a.csv"]', /its prefix "" cannot be: it is empty/],
    ['an entry that is no text', '[{"prefix": "data/"}, "a.csv", 7]', /element 3 is a number, not a string/],
    ['an entry of nothing', '[{"prefix": "data/"}, ""]', /element 2 is an empty string/],
    ['an entry twice', '[{"prefix": "data/"}, "a.csv", "b.csv", "a.csv"]', /elements 2 and 4 are both "a\.csv"/],
    ['an address of another kind', '[{"prefix": "https://example.com/"}, "a.csv"]', /its prefix "https:.* cannot be: /],
    ['nothing but folders', '[{"prefix": "data/"}, "sub/"]', /Nothing to do: .*list\.json/],
    [
      'two entries with one output',
      '[{"prefix": "data/"}, "a.csv", "/a.csv"]',
      /^millrace: The inputs data\/a\.csv and data\/+a\.csv would both be written to out\/a\.csv\.out/,
    ],
  ];
  for (const [what, list, message] of cases) {
    test(what, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({
        'data/a.csv': '1\n',
        'data/b.csv': '2\n',
        ...(list === undefined ? {} : { 'list.json': list }),
      });
      const run = await box.transform(server.url, MANIFEST);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
      assert.deepEqual(server.paths, []);
      const before = ['data/a.csv', 'data/b.csv', ...(list === undefined ? [] : ['list.json'])];
      assert.deepEqual(await box.files('.'), before);
    });
  }

  test('the manifest is a folder', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'list.json/a.csv': '1\n' });
    for (const input of ['list.json', 'list.json/']) {
      const run = await box.transform(server.url, [...MANIFEST.slice(0, 2), '--input', input]);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, /^millrace: No input at list\.json\/?: /);
    }
    assert.deepEqual(server.paths, []);
  });

  test('AugmentedManifestFile, which transform jobs do not take', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'list.json': '{"source-ref": "a"}\n' });
    const run = await box.transform(server.url, ['--s3-data-type', 'AugmentedManifestFile', '--input', 'list.json']);
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, /--s3-data-type .*S3Prefix, ManifestFile/);
    assert.deepEqual(server.paths, []);
  });
});
