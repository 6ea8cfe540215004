import assert from 'node:assert/strict';
import { symlink, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';

describe('names of outputs (behaviour 1)', { concurrency: 4 }, () => {
  test('a folder is read with everything below it, and its shape is kept', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/x.csv': 'a\n', 'in/dir/x.csv': 'b\n', 'in/dir/deep/y.csv.gz': 'c\n', 'in/no-ending': 'd\n' });
    for (const [input, output] of [
      ['in', 'plain'],
      ['in/', 'slash/'],
      ['./in/.', 'dots//'],
      [box.path('in'), box.path('absolute/two')],
    ] as const) {
      const run = await box.transform(server.url, ['--input', input, '--output', output]);
      assert.equal(run.status, 0, run.all);
      const found = await box.tree(output === box.path('absolute/two') ? 'absolute/two' : output);
      assert.deepEqual(found, {
        'dir/deep/y.csv.gz.out': predictions('c\n'),
        'dir/x.csv.out': predictions('b\n'),
        'no-ending.out': predictions('d\n'),
        'x.csv.out': predictions('a\n'),
      });
    }
  });

  test('a file is an exact key, whatever lies beside it', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/dir/x.csv': 'a\n', 'in/dir/x.csv.bak': 'b\n', 'in/dir/x.csv2/y.csv': 'c\n' });
    const run = await box.transform(server.url, ['--input', 'in/dir/x.csv']);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'x.csv.out': predictions('a\n') });
  });

  test('an empty object gives an empty output, and no request', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '', 'in/b.csv': 'b\n', 'in/c.csv': '' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': '', 'b.csv.out': predictions('b\n'), 'c.csv.out': '' });
    assert.equal(server.invocations.length, 1);
  });

  test('one empty object as a whole is done without any request', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.bin': '' });
    const run = await box.transform(server.url, ['--split-type', 'None']);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'a.bin.out': '' });
    assert.equal(server.invocations.length, 0);
  });

  test('names with spaces, quotes, percent signs, unicode, and of full length', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const names = [
      'a b.csv',
      'it\'s "quoted".csv',
      '100%25.csv',
      'größe-日本-🧪.csv',
      '-rf.csv',
      '$(touch x);`y`.csv',
      'new\nline.csv',
      'back\\slash.csv',
      '.hidden.csv',
      '...csv',
      `${'é'.repeat(123)}.csv`, // 250 bytes; the output has 254, and its neighbour while it is written may have no more
    ];
    await box.write(Object.fromEntries(names.map((name) => [`in/${name}`, `${name.length}\n`])));
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    const expected = names.map((name) => [`${name}.out`, predictions(`${name.length}\n`)] as const);
    assert.deepEqual(await box.tree('out'), Object.fromEntries(expected.sort(([a], [b]) => (a < b ? -1 : 1))));
  });

  test('a name that leaves no room for .out fails its object only', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const long = 'x'.repeat(255);
    await box.write({ [`in/${long}`]: 'a\n', 'in/short': 'b\n' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /x{255}: The name cannot be a file below the output folder: .*longer than 255 bytes/);
    assert.deepEqual(await box.tree('out'), { 'short.out': predictions('b\n') });
  });

  test('a name that is no text fails its object rather than being passed over', {
    skip: process.platform !== 'linux' && 'other systems refuse such names',
  }, async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/good.csv': 'a\n' });
    await writeFile(
      Buffer.concat([Buffer.from(box.path('in/latin-')), Buffer.from([0xe9]), Buffer.from('.csv')]),
      'b\n',
    );
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /latin-\ufffd\.csv: There is no object in\/latin-/);
    assert.deepEqual(await box.tree('out'), { 'good.csv.out': predictions('a\n') });
  });

  test('a hundred nested folders', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const files: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (let depth = 1; depth <= 100; depth++) {
      const name = `${'d/'.repeat(depth)}${depth}.csv`;
      files[`in/${name}`] = `depth ${depth}\n`;
      expected[`${name}.out`] = predictions(`depth ${depth}\n`);
    }
    await box.write(files);
    const run = await box.transform(server.url, ['--max-concurrent-transforms', '4']);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(
      await box.tree('out'),
      Object.fromEntries(Object.entries(expected).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  test('links are followed; loops end; a link to nothing fails its object', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/real/a.csv': 'a\n', 'elsewhere/b.csv': 'b\n' });
    await symlink('../elsewhere', box.path('in/linked'));
    await symlink('real/a.csv', box.path('in/file.csv'));
    await symlink('..', box.path('in/real/loop'));
    await symlink('nowhere.csv', box.path('in/dangling.csv'));
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /in\/dangling\.csv: There is no object in\/dangling\.csv/);
    assert.deepEqual(await box.tree('out'), {
      'file.csv.out': predictions('a\n'),
      'linked/b.csv.out': predictions('b\n'),
      'real/a.csv.out': predictions('a\n'),
    });
  });
});
