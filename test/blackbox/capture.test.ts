import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const CAPTURE = ['--data-capture-destination', 'captured'];

interface Captured {
  readonly input: string;
  readonly output: string;
  readonly inputs: readonly [{ readonly prefix: string }, ...string[]];
  readonly outputs: readonly [{ readonly prefix: string }, ...string[]];
}

/** The two manifests, whose places and names are checked here. */
async function captured(box: Sandbox, from: number, folder = 'captured'): Promise<Captured> {
  const [input = '', output = '', ...more] = await box.files(folder);
  assert.deepEqual(more, []);
  const [, year, month, day, hour, name = ''] =
    /^input\/(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)\/([^/]+)\.json$/.exec(input) ?? [];
  assert.match(name, UUID, input);
  assert.equal(output, input.replace('input/', 'output/'));
  const begun = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  assert.ok(begun > from - 3_600_000 && begun <= Date.now(), `${input} is not of this hour, UTC`);
  const [inputs, outputs] = await Promise.all([input, output].map((file) => box.read(`${folder}/${file}`)));
  return { input, output, inputs: JSON.parse(inputs ?? ''), outputs: JSON.parse(outputs ?? '') };
}

/** The paths that a manifest lists. */
function paths([{ prefix }, ...entries]: Captured['inputs']): string[] {
  return entries.map((entry) => `${prefix}${entry}`);
}

describe('--data-capture-destination (behaviour 4)', { concurrency: 4 }, () => {
  test('two manifests of one name, entry for entry', async (t) => {
    const [box, server, from] = [new Sandbox(t), await startModelServer(t), Date.now()];
    await box.write({ 'in/a.csv': '1\n', 'in/dir/b c.csv': '2\n', 'in/empty.csv': '' });
    const run = await box.transform(server.url, [...CAPTURE, '--json']);
    assert.equal(run.status, 0, run.all);
    const { input, output, inputs, outputs } = await captured(box, from);
    const names = ['a.csv', 'dir/b c.csv', 'empty.csv'];
    assert.deepEqual(
      paths(inputs),
      names.map((name) => box.path('in', name)),
    );
    assert.deepEqual(
      paths(outputs),
      names.map((name) => box.path('out', `${name}.out`)),
    );
    assert.deepEqual(inputs.slice(1), names, 'the prefix is that of the input');
    const { dataCapture } = JSON.parse(run.stdout);
    assert.deepEqual(dataCapture, { input: `captured/${input}`, output: `captured/${output}` });
  });

  test('both are inputs of further jobs', async (t) => {
    const [box, server, from] = [new Sandbox(t), await startModelServer(t), Date.now()];
    await box.write({ 'in/a.csv': '1\n22\n', 'in/dir/b.csv': '333\n' });
    const first = await box.transform(server.url, CAPTURE);
    assert.equal(first.status, 0, first.all);
    assert.match(first.stdout, /^Captured: captured\/input\/.*\.json and captured\/output\/.*\.json$/m);
    const { input, output } = await captured(box, from);
    const again = ['--s3-data-type', 'ManifestFile', '--split-type', 'Line', '--content-type', 'text/csv'];
    const same = await box.transform(server.url, [...again, '--input', `captured/${input}`, '--output', 'same']);
    assert.equal(same.status, 0, same.all);
    assert.deepEqual(await box.tree('same'), await box.tree('out'));
    const further = await box.transform(server.url, [...again, '--input', `captured/${output}`, '--output', 'further']);
    assert.equal(further.status, 0, further.all);
    assert.deepEqual(await box.tree('further'), {
      'a.csv.out.out': predictions(predictions('1\n22\n')),
      'dir/b.csv.out.out': predictions(predictions('333\n')),
    });
  });

  test('only objects that were transformed are in them', async (t) => {
    const box = new Sandbox(t);
    const server = await startModelServer(t, {
      invoke: ({ text }) => (text.includes('bad') ? { status: 400, body: 'no' } : text),
    });
    await box.write({ 'in/a.csv': '1\n', 'in/b.csv': 'bad\n', 'in/c.csv': '3\n', 'in/d.csv': 'bad too\n' });
    const from = Date.now();
    const run = await box.transform(server.url, [...CAPTURE, '--json']);
    assert.equal(run.status, 1, run.all);
    const { inputs, outputs } = await captured(box, from);
    assert.deepEqual(inputs.slice(1), ['a.csv', 'c.csv']);
    assert.deepEqual(outputs.slice(1), ['a.csv.out', 'c.csv.out']);
  });

  test('a job that transformed nothing captures nothing', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => ({ status: 400 }) })];
    await box.write({ 'in/a.csv': '1\n' });
    const run = await box.transform(server.url, [...CAPTURE, '--json']);
    assert.equal(run.status, 1, run.all);
    assert.deepEqual(await box.files('captured'), []);
    assert.equal(JSON.parse(run.stdout).dataCapture, null);
  });

  test('each job has manifests of its own; one object and a manifest are captured as well', async (t) => {
    const [box, server, from] = [new Sandbox(t), await startModelServer(t), Date.now()];
    await box.write({ 'in/dir/a.csv': '1\n', 'in/b.csv': '2\n', 'list.json': '[{"prefix": "in/"}, "dir/a.csv"]' });
    const file = await box.transform(server.url, ['--input', 'in/dir/a.csv', ...CAPTURE]);
    assert.equal(file.status, 0, file.all);
    const one = await captured(box, from);
    assert.deepEqual(paths(one.inputs), [box.path('in/dir/a.csv')]);
    assert.deepEqual(paths(one.outputs), [box.path('out/a.csv.out')]);
    const listed = ['--s3-data-type', 'ManifestFile', '--input', 'list.json', '--data-capture-destination', 'second/'];
    const run = await box.transform(server.url, listed);
    assert.equal(run.status, 0, run.all);
    const two = await captured(box, from, 'second');
    assert.deepEqual(paths(two.inputs), [box.path('in/dir/a.csv')]);
    assert.deepEqual(paths(two.outputs), [box.path('out/dir/a.csv.out')]);
    assert.notEqual(two.input, one.input);
  });

  test('Ctrl-C: what was done until then is captured', async (t) => {
    const box = new Sandbox(t);
    const server = await startModelServer(t, {
      invoke: async ({ text }) => {
        if (text === '2\n') await program.said(/Interrupted/);
        return text;
      },
    });
    await box.write({ 'in/a.csv': '1\n', 'in/b.csv': '2\n', 'in/c.csv': '3\n' });
    const from = Date.now();
    const program = box.startTransform(server.url, CAPTURE);
    await program.until(server.arrived(2));
    program.kill('SIGINT');
    assert.equal((await program.ended).status, 130);
    const done = await box.files('out');
    assert.ok(done.includes('a.csv.out') && !done.includes('c.csv.out'), done.join());
    assert.deepEqual((await captured(box, from)).outputs.slice(1), done);
  });

  test('a destination that cannot be written is told before anything starts', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n', captured: 'a file' });
    const run = await box.transform(server.url, CAPTURE);
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, /^millrace: Cannot write to captured: /);
    assert.deepEqual(server.paths, []);
  });
});

describe('--generate-inference-id (behaviour 4)', { concurrency: 4 }, () => {
  const ID = ['--generate-inference-id'];

  /** All identifiers are UUIDs and no two are the same; all times are that of the job's start. */
  function check(found: readonly (readonly [id: unknown, time: unknown])[], count: number, from: number): void {
    assert.equal(found.length, count);
    for (const [id, time] of found) {
      assert.match(String(id), UUID);
      assert.match(String(time), TIME);
    }
    assert.equal(new Set(found.map(([id]) => id)).size, count, 'each has its own');
    const times = [...new Set(found.map(([, time]) => time))];
    assert.equal(times.length, 1, 'one start');
    const start = Date.parse(String(times[0]));
    assert.ok(start >= Math.floor(from / 1000) * 1000 && start <= Date.now(), String(times[0]));
  }

  for (const [name, args, before] of [
    ['alone', [], (row: number) => [`${row * 2}`, 'yes']],
    ['joined', ['--join-source', 'Input'], (row: number) => [`${row}`, `"a, ""b"""`, `${row * 2}`, 'yes']],
    [
      'joined and filtered',
      ['--join-source', 'Input', '--output-filter', '$[0,-1]'],
      (row: number) => [`${row}`, 'yes'],
    ],
  ] as const) {
    test(`CSV, ${name}: two last columns`, async (t) => {
      const box = new Sandbox(t);
      const server = await startModelServer(t, {
        invoke: ({ text }) => text.replaceAll(/^(\d+),.*$/gm, (_, row) => `${row * 2},yes`),
      });
      const rows = Array.from({ length: 500 }, (_, row) => `${row},"a, ""b"""\n`);
      await box.write({ 'in/a.csv': rows.join(''), 'in/b.csv': rows.slice(0, 3).join('') });
      const from = Date.now();
      const limits = ['--max-records-per-mini-batch', '70', '--max-concurrent-transforms', '3'];
      const run = await box.transform(server.url, [...ID, ...args, ...limits]);
      assert.equal(run.status, 0, run.all);
      const found: [string | undefined, string | undefined][] = [];
      for (const [file, count] of [
        ['a.csv', 500],
        ['b.csv', 3],
      ] as const) {
        const lines = (await box.read(`out/${file}.out`)).split('\n');
        assert.equal(lines.pop(), '');
        assert.equal(lines.length, count);
        for (const [row, line] of lines.entries()) {
          const cells = line.split(',');
          const [id, time] = cells.splice(-2);
          assert.equal(cells.join(','), before(row).join(','));
          found.push([id, time]);
        }
      }
      check(found, 503, from);
    });
  }

  const jsonCases = [
    ['JSON Lines, alone', 'jsonl', [], { doubled: 4 }],
    ['JSON Lines, joined', 'jsonl', ['--join-source', 'Input'], { n: 2, SageMakerOutput: { doubled: 4 } }],
    [
      'JSON Lines, joined and filtered',
      'jsonl',
      ['--join-source', 'Input', '--output-filter', "$['SageMakerOutput']"],
      { doubled: 4 },
    ],
    ['JSON, alone', 'json', [], { doubled: 4 }],
    ['JSON, joined', 'json', ['--join-source', 'Input'], { n: 2, SageMakerOutput: { doubled: 4 } }],
  ] as const;
  for (const [name, ending, args, expected] of jsonCases) {
    test(`${name}: two attributes`, async (t) => {
      const box = new Sandbox(t);
      const server = await startModelServer(t, {
        invoke: ({ text }) => text.replaceAll(/\{"n":(\d+)\}/g, (_, n) => `{"doubled":${n * 2}}`),
      });
      const lines = ending === 'jsonl' ? 30 : 1;
      await box.write({ [`in/a.${ending}`]: '{"n":2}\n'.repeat(lines), [`in/b.${ending}`]: '{"n":2}' });
      const from = Date.now();
      const run = await box.transform(server.url, [...ID, ...args]);
      assert.equal(run.status, 0, run.all);
      const texts = [await box.read(`out/a.${ending}.out`), await box.read(`out/b.${ending}.out`)];
      const results = texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line));
      check(
        results.map(({ SageMakerInferenceId: id, SageMakerInferenceTime: time }) => [id, time]),
        lines + 1,
        from,
      );
      for (const { SageMakerInferenceId: _id, SageMakerInferenceTime: _time, ...rest } of results) {
        assert.deepEqual(rest, expected);
      }
    });
  }

  test('it is refused where the results cannot be looked into', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.bin': '1' });
    for (const args of [[], ['--content-type', 'text/csv', '--accept', 'image/png'], ['--split-type', 'TFRecord']]) {
      const run = await box.transform(server.url, [...ID, ...args]);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, /^millrace: --generate-inference-id and .* do not go together: only CSV/);
    }
    assert.deepEqual(server.paths, []);
  });

  test('together with data capture, and told in the data log', async (t) => {
    const [box, server, from] = [new Sandbox(t), await startModelServer(t), Date.now()];
    await box.write({ 'in/a.csv': '1\n2\n' });
    const run = await box.transform(server.url, [...ID, ...CAPTURE, '--json']);
    assert.equal(run.status, 0, run.all);
    assert.match(run.stderr, /GenerateInferenceId=true/);
    assert.equal(JSON.parse(run.stdout).settings.generateInferenceId, true);
    assert.deepEqual((await captured(box, from)).inputs.slice(1), ['a.csv']);
  });
});
