import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { repository, Sandbox } from './millrace.ts';
import { type ModelServer, predictions, type Reply, startModelServer } from './model-server.ts';

const ESC = '\u001b';
const noScript = hasScript() ? false : 'script(1) of util-linux is not here to make a terminal';

describe('what is printed where', { concurrency: 4 }, () => {
  test('off a terminal: plain lines on standard error, the summary on standard output', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n2\n', 'in/b.csv': '3\n' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.ok(!run.all.includes(ESC), run.all);
    const [what, how, settings, ...more] = run.stderr.trimEnd().split('\n');
    assert.equal(what, `2 objects (6 bytes): in → ${server.url} → out`);
    assert.equal(how, 'Content type text/csv, split Line, assembled with Line (the objects end in .csv)');
    assert.match(
      settings ?? '',
      /\[sagemaker logs\]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD$/,
    );
    assert.deepEqual(more, []);
    assert.match(
      run.stdout,
      /^Completed: 2 objects, 3 records, 6 bytes in \S+ s \(\S+ records\/s\)\nResults: out \(\d+ bytes\)\n$/,
    );
  });

  test('--quiet: nothing at all when all goes well', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n' });
    const run = await box.transform(server.url, ['--quiet']);
    assert.equal(run.status, 0, run.all);
    assert.equal(run.all, '');
    assert.deepEqual(await box.files('out'), ['a.csv.out']);
  });

  test('--quiet --json: the summary and nothing else', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n' });
    const run = await box.transform(server.url, ['--quiet', '--json']);
    assert.equal(run.status, 0, run.all);
    assert.equal(JSON.parse(run.stdout).status, 'Completed');
    assert.equal(run.stderr, '');
  });

  test('--quiet still tells what failed', async (t) => {
    const server = await startModelServer(t, { invoke: () => ({ status: 400, body: 'bad number' }) });
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n' });
    const run = await box.transform(server.url, ['--quiet']);
    assert.equal(run.status, 1, run.all);
    assert.equal(run.stdout, '');
    assert.match(run.stderr, /\[sagemaker logs\]: in\/a\.csv: ClientError: 400$/m);
    assert.match(
      run.stderr,
      /^ClientError: 1 of 1 object failed\. in\/a\.csv: The model server answered 400 .*: bad number$/m,
    );
  });

  test('--json has one JSON on standard output also when objects fail', async (t) => {
    const server = await startModelServer(t, { invoke: () => ({ status: 400, body: 'no' }) });
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n' });
    const run = await box.transform(server.url, ['--json']);
    assert.equal(run.status, 1, run.all);
    assert.equal(JSON.parse(run.stdout).status, 'Failed');
    assert.equal(run.stdout.trimEnd().split('\n').length, 1);
  });

  test('what others say cannot steer the terminal', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': '1\n', 'in/\u001b[2Jb.csv': '2\n' });
    const evil = `${ESC}]0;title\u0007${ESC}[2J\u009b2J\rgone`;
    const server = await startModelServer(t, { invoke: () => ({ status: 400, body: evil }) });
    const run = await box.transform(server.url);
    assert.equal(run.status, 1, run.all);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(run.all, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    assert.match(run.stderr, /in\/␛\[2Jb\.csv: ␛\]0;title␇␛\[2J/);
    const missing = await box.transform(server.url, ['--input', `no${ESC}[2J`, '--json']);
    assert.equal(missing.status, 2, missing.all);
    assert.ok(!missing.all.includes(ESC), missing.all);
  });

  test('FORCE_COLOR is no reason to draw a display into a file', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n' });
    const run = await box.transform(server.url, [], { env: { FORCE_COLOR: '1' } });
    assert.equal(run.status, 0, run.all);
    assert.ok(!run.all.includes(`${ESC}[J`) && !run.all.includes('█'), run.all);
  });
});

describe('on a terminal', { skip: noScript, concurrency: 4 }, () => {
  /** Runs on a terminal of its own, with one request held back until the display was seen. */
  async function onTerminal(
    box: Sandbox,
    env: Record<string, string>,
    server: ModelServer,
    seen: Seen,
  ): Promise<string> {
    await box.write({ 'in/a.csv': '1\n2\n' });
    const args = ['transform', '--model', server.url, '--input', 'in', '--output', 'out'];
    const columns = 'test -z "$COLUMNS_WANTED" || stty cols "$COLUMNS_WANTED";';
    const command = `script -qec '${columns} '"$(printf "'%s' " "$@")" transcript`;
    const program = box.startPipe(command, args, { env: { TERM: 'xterm', ...env } });
    await seen(program.said.bind(program));
    const run = await program.ended;
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(await box.tree('out'), { 'a.csv.out': predictions('1\n2\n') });
    return run.stdout;
  }
  type Seen = (said: (pattern: RegExp) => Promise<void>) => Promise<void>;

  function held(): { answer: (text: string) => void; reply: Promise<Reply> } {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    return { answer: resolve, reply: promise };
  }

  test('the display appears, is redrawn in place, and is taken away', async (t) => {
    const { answer, reply } = held();
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => reply })];
    const text = await onTerminal(box, {}, server, async (said) => {
      await said(/1 request in flight · 0 retried · 0 failed/);
      await said(/0 of 1 object · 0 records · 0 bytes of 4 bytes/);
      answer(predictions('1\n2\n'));
    });
    assert.ok(text.includes(`${ESC}[36m`), 'in colour');
    // Everything that was drawn is erased again: what stands at the end are the lines alone.
    const screen = drawn(text);
    assert.match(screen, /Completed: 1 object, 2 records/);
    assert.doesNotMatch(screen, /in flight|░|█/);
    assert.match(screen, /^1 object \(4 bytes\): in/);
  });

  test('a narrow terminal: no row is wider, else it could not be erased', async (t) => {
    const { answer, reply } = held();
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => reply })];
    const text = await onTerminal(box, { COLUMNS_WANTED: '30' }, server, async (said) => {
      await said(/1 request in flight · 0 retri/);
      answer(predictions('1\n2\n'));
    });
    const rows = text.split(/\r?\n/).filter((row) => /░|0 of 1|in flight/.test(row));
    assert.ok(rows.length >= 3, text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    for (const row of rows) assert.ok(row.replaceAll(/\u001b\[\d*[A-Za-z]/g, '').length < 30, row);
    assert.doesNotMatch(drawn(text), /in flight|░|█/);
  });

  test('NO_COLOR leaves out the colour and nothing else', async (t) => {
    const { answer, reply } = held();
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => reply })];
    const text = await onTerminal(box, { NO_COLOR: '1' }, server, async (said) => {
      await said(/1 request in flight/);
      answer(predictions('1\n2\n'));
    });
    assert.ok(!text.includes(`${ESC}[36m`), text);
    assert.ok(text.includes(`${ESC}[J`), text);
  });

  test('a dumb terminal gets plain lines', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const text = await onTerminal(box, { TERM: 'dumb' }, server, () => Promise.resolve());
    assert.ok(!text.includes(ESC), text);
  });
});

describe('help and versions', { concurrency: 4 }, () => {
  test('--help and -h, on standard output', async (t) => {
    const box = new Sandbox(t);
    for (const word of ['--help', '-h', 'help']) {
      const run = await box.run([word]);
      assert.equal(run.status, 0, run.all);
      assert.match(
        run.stdout,
        /^millrace: batch transform on your own machines\n\nUsage\n {2}millrace transform --model MODEL --input WHERE --output WHERE/,
      );
      assert.equal(run.stderr, '');
    }
  });

  test('nothing at all: the same on standard error, status 2', async (t) => {
    const run = await new Sandbox(t).run([]);
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, /^millrace: batch transform/);
    assert.equal(run.stdout, '');
  });

  test('transform --help has every option of the issue, and an example', async (t) => {
    const run = await new Sandbox(t).run(['transform', '--help']);
    assert.equal(run.status, 0, run.all);
    const options =
      'model input output content-type accept split-type batch-strategy max-payload-in-mb max-concurrent-transforms assemble-with invocations-timeout-in-seconds invocations-max-retries environment serve endpoint-url startup-timeout-in-seconds json quiet help';
    for (const option of options.split(' ')) assert.match(run.stdout, new RegExp(`^ {2}--${option}( |$)`, 'm'), option);
    assert.match(run.stdout, /^ {4}millrace transform --model model\.onnx --input data\/ --output results\/$/m);
    for (const line of run.stdout.split('\n')) assert.ok(line.length <= 130, line);
  });

  test('model serve --help', async (t) => {
    const run = await new Sandbox(t).run(['model', 'serve', '--help']);
    assert.equal(run.status, 0, run.all);
    assert.match(run.stdout, /millrace model serve FILE \[options\]/);
  });

  test("--version is the package's", async (t) => {
    const { version } = JSON.parse(await readFile(`${repository}package.json`, 'utf8'));
    for (const word of ['--version', '-v']) {
      const run = await new Sandbox(t).run([word]);
      assert.equal(run.status, 0, run.all);
      assert.equal(run.stdout, `${version}\n`);
    }
  });

  test('an older Node is told in one line what is needed', {
    skip: oldNode() === undefined && 'this machine has no older Node at /usr/bin/node',
  }, async (t) => {
    const run = await new Sandbox(t).run([], {
      command: ['/usr/bin/node', `${repository}bin/millrace.mjs`, '--version'],
    });
    assert.equal(run.status, 2, run.all);
    assert.equal(run.stderr, `millrace needs Node 22.18 or newer; this is ${oldNode()} (/usr/bin/node).\n`);
    assert.equal(run.stdout, '');
  });
});

/** What a terminal shows in the end, as far as the display goes: rows, and `up n, erase below`. */
function drawn(text: string): string {
  const rows: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  for (const part of text.split(/(\u001b\[\d+A\u001b\[J|\r?\n)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const up = /^\u001b\[(\d+)A/.exec(part)?.[1];
    if (up !== undefined) rows.splice(rows.length - Number(up));
    else if (!/^\r?\n$/.test(part) && part !== '') rows.push(part);
  }
  return rows.join('\n');
}

function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

/** The version of the machine's own Node where that is too old for millrace. */
function oldNode(): string | undefined {
  if (!existsSync('/usr/bin/node')) return undefined;
  const version = execFileSync('/usr/bin/node', ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 22 || (major === 22 && minor < 18) ? version : undefined;
}
