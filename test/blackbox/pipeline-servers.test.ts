import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';
import { lengths, serveLines, serveScript } from './serve-command.ts';

const WHERE = ['--input', 'in', '--output', 'out'];

/** A server for `--serve` that writes a letter and what it knows of itself around each line. */
function serveWrapping(letter: string): string {
  return serveScript(`
    const { createServer } = require('node:http');
    const { env } = process;
    createServer(async (request, response) => {
      if (request.url !== '/invocations') return response.writeHead(request.url === '/ping' ? 200 : 404).end();
      const text = Buffer.concat(await request.toArray()).toString();
      response.end(text.replace(/[^\\n]+/g, (line) => '${letter}' + (env.MARK ?? '') + '(' + line + ')'));
    }).listen(env.SAGEMAKER_BIND_TO_PORT, '127.0.0.1');`);
}

interface Started {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

describe('pipelines of model servers that are started', { concurrency: 3 }, () => {
  test('each --model has its own server, model, environment and name', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'one\nthree\n', 'm1/x': '', 'm2/x': '' });
    const models = [
      ...[
        '--model',
        'm1',
        '--serve',
        serveLines('--log', 'first.log'),
        '--environment',
        'A=first',
        '--environment',
        'B=b1',
      ],
      ...['--model', 'm2', '--environment', 'A=second', '--serve', serveLines('--log', 'second.log')],
      ...['--container-name', 'the-second'],
    ];
    const run = await box.run(['transform', ...models, ...WHERE, '--max-payload-in-mb', '2', '--json']);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), lengths(lengths('one\nthree\n')));
    const [first, second] = (await Promise.all(['first.log', 'second.log'].map((file) => box.read(file)))).map(
      (text) => JSON.parse(text) as Started,
    );
    assert.deepEqual([first?.env['A'], first?.env['B']], ['first', 'b1']);
    assert.deepEqual([second?.env['A'], second?.env['B']], ['second', undefined]);
    assert.deepEqual([first?.env['SM_MODEL_DIR'], second?.env['SM_MODEL_DIR']], [box.path('m1'), box.path('m2')]);
    assert.notEqual(first?.env['SAGEMAKER_BIND_TO_PORT'], second?.env['SAGEMAKER_BIND_TO_PORT']);
    for (const one of [first, second]) {
      assert.equal(one?.env['SAGEMAKER_BATCH'], 'true');
      assert.equal(one.env['SAGEMAKER_MAX_PAYLOAD_IN_MB'], '2');
    }
    const { containers } = JSON.parse(run.stdout);
    assert.deepEqual(containers, [
      { name: 'container-1', model: 'm1' },
      { name: 'the-second', model: 'm2' },
    ]);
    assert.match(run.stderr, /^container-1 │ the server is up$/m);
    assert.match(run.stderr, /^the-second │ the server is up$/m);
  });

  test('--environment before the first --model is for all, and stronger', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'x\n', 'm/x': '' });
    const model = (letter: string, ...variables: string[]) => [
      ...['--model', 'm', '--serve', serveWrapping(letter)],
      ...variables.flatMap((variable) => ['--environment', variable]),
    ];
    const rows: [before: string[], expected: string][] = [
      [[], 'cw(b(av(x)))'],
      [['--environment', 'MARK=j'], 'cj(bj(aj(x)))'],
      [['--environment', 'OTHER=j'], 'cw(b(av(x)))'],
    ];
    for (const [before, expected] of rows) {
      const models = [...model('a', 'MARK=v'), ...model('b'), ...model('c', 'MARK=w')];
      const run = await box.run(['transform', ...before, ...WHERE, ...models]);
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read('out/a.csv.out'), `${expected}\n`);
    }
    // A single model is no pipeline: it does not matter where its options stand.
    const single = ['--environment', 'MARK=q', '--serve', serveWrapping('a'), ...WHERE, '--model', 'm'];
    const run = await box.run(['transform', ...single]);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), 'aq(x)\n');
  });

  test('started and running servers in one pipeline', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: ({ text }) => `<${text.trim()}>\n` })];
    await box.write({ 'in/a.csv': 'x\n', 'm/x': '' });
    const started = ['--model', 'm', '--serve', serveWrapping('a')];
    const running = ['--model', server.url];
    for (const [models, expected] of [
      [[...started, ...running], '<a(x)>\n'],
      [[...running, ...started], 'a(<x>)\n'],
      [[...running, ...started, ...running], '<a(<x>)>\n'],
    ] as const) {
      const run = await box.run(['transform', ...WHERE, ...models]);
      assert.equal(run.status, 0, run.all);
      assert.equal(await box.read('out/a.csv.out'), expected);
    }
  });

  const deaths: [what: string, second: string, message: RegExp][] = [
    [
      'crashes at its start',
      'echo no weights >&2; exit 4',
      /The container "scorer" exited with code 4\. Its last words:\nno weights/,
    ],
    ['cannot be found', 'no-such-command', /The container "scorer" exited with code 127\./],
  ];
  for (const [what, command, message] of deaths) {
    for (const at of [0, 1]) {
      test(`container ${at + 1} ${what}: the job ends at once with its name, and no server is left`, async (t) => {
        const box = new Sandbox(t);
        await box.write({ 'in/a.csv': 'x\n', 'm/x': '' });
        const dying = ['--model', 'm', '--serve', command, '--container-name', 'scorer'];
        const fine = ['--model', 'm', '--serve', serveLines('--last-will', 'will')];
        const run = await box.run(['transform', ...WHERE, ...(at === 0 ? [...dying, ...fine] : [...fine, ...dying])]);
        assert.equal(run.status, 1, run.all);
        assert.match(run.stdout, message);
        assert.match(run.stdout, /^1 object not begun\.$/m);
        assert.deepEqual(await box.files('out'), []);
      });
    }
  }

  test('a container that never answers is named when the time is over', async (t) => {
    const box = new Sandbox(t);
    await box.write({ 'in/a.csv': 'x\n', 'm/x': '' });
    const models = [
      ...['--model', 'm', '--serve', serveLines()],
      ...['--model', 'm', '--serve', serveLines('--ping', '503'), '--container-name', 'sleepy'],
    ];
    const run = await box.run(['transform', ...WHERE, ...models, '--startup-timeout-in-seconds', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stdout,
      /The model server 127\.0\.0\.1:\d+ \(container "sleepy"\) did not answer GET \/ping with 200 within 1 seconds \(last: 503\)/,
    );
  });

  for (const at of [0, 1]) {
    test(`container ${at + 1} exits in the middle: results that are whole stay, the others end well`, async (t) => {
      const box = new Sandbox(t);
      await box.write({ 'in/a.csv': 'one\n', 'in/b.csv': 'two\n', 'in/c.csv': 'six\n', 'm/x': '' });
      const models = [0, 1].flatMap((index) => [
        ...['--model', 'm', '--container-name', `number-${index + 1}`],
        ...['--serve', index === at ? serveLines('--die-at', '2') : serveLines('--last-will', 'will')],
      ]);
      const run = await box.run(['transform', ...WHERE, ...models, '--json']);
      assert.equal(run.status, 1, run.all);
      assert.deepEqual(await box.tree('out'), { 'a.csv.out': '1\n' });
      const { failureReason, objects } = JSON.parse(run.stdout);
      assert.match(failureReason, new RegExp(`^AlgorithmError: The container "number-${at + 1}" exited with code 9`));
      assert.equal(objects.succeeded, 1);
      assert.equal(await box.read('will'), 'left in peace');
    });
  }

  const refused: [what: string, args: (url: string) => string[], message: RegExp][] = [
    [
      '--serve before the first --model',
      (url) => ['--serve', 'true', '--model', 'm', '--model', url],
      /--serve.* it stands behind the --model that it belongs to/,
    ],
    [
      '--container-name before the first',
      (url) => ['--container-name', 'n', '--model', url, '--model', url],
      /--container-name.* it stands behind the --model/,
    ],
    [
      'two --serve for one',
      () => ['--model', 'm', '--serve', 'true', '--serve', 'true', '--model', 'm', '--serve', 'true'],
      /--serve.* it is given twice/,
    ],
    [
      'a name twice',
      (url) => ['--model', url, '--container-name', 'n', '--model', url, '--container-name', 'n'],
      /--container-name n.* each model has its own|"n".* each model has its own/,
    ],
    [
      'a name that another has by itself',
      (url) => ['--model', url, '--container-name', 'container-2', '--model', url],
      /container-2.* each model has its own/,
    ],
    [
      'a name that is none',
      (url) => ['--model', url, '--container-name', '-x', '--model', url],
      /--container-name.* 1 to 63 letters/,
    ],
    [
      'a name that is too long',
      (url) => ['--model', url, '--container-name', 'x'.repeat(64), '--model', url],
      /--container-name.* 1 to 63 letters/,
    ],
    [
      '--serve for a running one',
      (url) => ['--model', 'm', '--serve', 'true', '--model', url, '--serve', 'true'],
      /--serve.* http:\/\/.* is already running/,
    ],
    [
      '--environment for a running one',
      (url) => ['--model', url, '--environment', 'A=1', '--model', url],
      /--environment.* is already running/,
    ],
    [
      'a model that is not there',
      (url) => ['--model', url, '--model', 'nowhere', '--serve', 'true'],
      /Could not find model data at nowhere/,
    ],
  ];
  for (const [what, args, message] of refused) {
    test(`${what}: refused before anything starts`, async (t) => {
      const [box, server] = [new Sandbox(t), await startModelServer(t)];
      await box.write({ 'in/a.csv': 'x\n', 'm/x': '' });
      const run = await box.run(['transform', ...WHERE, ...args(server.url)]);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr, message);
      assert.deepEqual(server.paths, []);
      assert.deepEqual(await box.files('.'), ['in/a.csv', 'm/x']);
    });
  }
});
