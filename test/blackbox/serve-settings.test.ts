import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { eventually } from './eventually.ts';
import { exchange, target } from './raw-http.ts';
import { ServiceHome } from './service.ts';

const SECRET = 'wJalrXUtnFEMI';

interface Refusal {
  readonly what: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The configuration file. */
  readonly config?: string;
  readonly message: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'an option',
    args: ['--max-instance', '1'],
    message: /Unknown option --max-instance\. Did you mean --max-instances\?/,
  },
  {
    what: 'a variable',
    env: { MILLRACE_DATADIR: 'x' },
    message: /Unknown option MILLRACE_DATADIR\. Did you mean MILLRACE_DATA_DIR\?/,
  },
  {
    what: 'a member of the configuration file',
    config: '{"prot": 1}',
    message: /no setting "prot"\. Did you mean port\?/,
  },
  { what: 'a member that every object has', config: '{"constructor": "x"}', message: /no setting "constructor"/ },
  { what: 'a word', args: ['here'], message: /"here" is not expected here: millrace serve takes options only/ },
];

const INVALID: readonly Refusal[] = [
  { what: 'a port', args: ['--port', '70000'], message: /--port cannot be "70000"/ },
  { what: 'an image', args: ['--image', 'onnx'], message: /--image cannot be "onnx": it is PATTERN=HOW/ },
  {
    what: 'a configuration file that is not there',
    args: ['--config', 'nowhere.json'],
    message: /--config cannot be "nowhere\.json": ENOENT/,
  },
  {
    what: 'a configuration file that is no JSON',
    config: 'port=1',
    message: /--config cannot be "config\.json": it is not JSON: /,
  },
  {
    what: 'two places for s3://',
    args: ['--s3', 'aws', '--s3-endpoint-url', 'http://127.0.0.1:9'],
    message: /--s3 and --s3-endpoint-url do not go together/,
  },
  {
    what: 'an access key without a secret',
    env: { MILLRACE_ACCESS_KEYS: SECRET },
    message: /access-keys cannot be "…": access key 1 has no ":"/,
  },
  {
    what: 'a port for everybody without access keys',
    args: ['--host', '0.0.0.0'],
    message: /--host 0\.0\.0\.0 and no access keys do not go together: .*MILLRACE_ACCESS_KEYS/,
  },
  {
    what: 'access keys where everybody can read them',
    args: ['--access-keys', `id:${SECRET}`],
    message: /--access-keys cannot be "…": everybody on this machine could read it; set MILLRACE_ACCESS_KEYS/,
  },
];

for (const [kind, refusals] of [
  ['settings that there are not', REFUSALS],
  ['settings that cannot be', INVALID],
] as const) {
  describe(kind, { concurrency: 2 }, () => {
    for (const { what, args = [], env = {}, config, message } of refusals) {
      test(what, async (t) => {
        const home = new ServiceHome(t);
        if (config !== undefined) await home.write('config.json', config);
        const more = config === undefined ? [] : ['--config', 'config.json'];
        const run = await home.refused({ args: [...args, ...more], env });
        assert.equal(run.status, 2, run.all);
        assert.match(run.stderr, /^millrace: [^\n]+\n$/);
        assert.match(run.stderr, message);
        assert.ok(!run.all.includes(SECRET), 'a secret is repeated');
        assert.equal(run.stdout, '');
        assert.deepEqual(await home.files('data'), [], 'nothing was begun');
      });
    }
  });
}

describe('settings in force', { concurrency: 2 }, () => {
  test('of options, variables and the configuration file the first that has one', async (t) => {
    const home = new ServiceHome(t);
    const config = { region: 'eu-file-1', account: '111111111111', image: ['a=onnx', 'b=onnx'], 'max-instances': 3 };
    await home.write('config.json', JSON.stringify(config));
    const service = await home.serve({
      args: ['--region', 'eu-option-1'],
      env: { MILLRACE_CONFIG: 'config.json', MILLRACE_REGION: 'eu-variable-1', MILLRACE_ACCOUNT: '222222222222' },
    });
    const { body } = await service.call('CreateModel', { ModelName: 'M', PrimaryContainer: { Image: 'b' } });
    assert.equal(body['ModelArn'], 'arn:aws:sagemaker:eu-option-1:222222222222:model/m');
    await service.stop();
  });

  test('a domain of its own is answered without access keys, with its buckets', async (t) => {
    const home = new ServiceHome(t);
    const service = await home.serve({ env: { MILLRACE_DOMAIN: 'Batch.example.com\nother.example' } });
    for (const [host, status] of [
      ['batch.example.com', 200],
      ['bucket.BATCH.example.com:80', 200],
      ['other.example', 200],
      ['example.com', 403],
      ['notbatch.example.com', 403],
    ] as const) {
      const answer = await exchange(service.port, target('SageMaker.ListModels', '{}', { Host: host }));
      assert.equal(answer.status, status, host);
    }
    await service.stop();
  });

  test('--quiet: not a word', async (t) => {
    const home = new ServiceHome(t);
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const program = home.program(['serve', '--quiet', '--port', String(port), '--data-dir', 'data']);
    const healthy = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await eventually('it is healthy', healthy);
    program.kill('SIGTERM');
    const { status, all } = await program.ended;
    assert.deepEqual({ status, all }, { status: 0, all: '' });
  });

  test('a port that is taken: refused by its name', async (t) => {
    const home = new ServiceHome(t);
    const service = await home.serve();
    const run = await home.program(['serve', '--port', String(service.port), '--data-dir', 'other']).ended;
    assert.equal(run.status, 2, run.all);
    assert.match(run.stderr, new RegExp(`^millrace: Cannot listen on 127\\.0\\.0\\.1:${service.port}: .*EADDRINUSE`));
    await service.stop();
  });

  test('a signal once more ends at once', async (t) => {
    const home = new ServiceHome(t);
    const program = home.program(['serve', '--port', '0', '--data-dir', 'data']);
    const url = await program.found(/^millrace serves at (http:\/\/\S+)$/m);
    // A request that is under way keeps it from ending by itself.
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    t.after(() => socket.destroy());
    await new Promise((sent) => socket.write('POST / HTTP/1.1\r\n', sent));
    program.kill('SIGTERM');
    await program.said(/Once more ends at once/);
    program.kill('SIGINT');
    assert.equal((await program.ended).status, 1);
  });
});

describe('help', { concurrency: 2 }, () => {
  test('the settings and what clients need', async (t) => {
    const home = new ServiceHome(t);
    const run = await home.program(['serve', '--help']).ended;
    assert.equal(run.status, 0, run.all);
    assert.equal(run.stderr, '');
    for (const word of [
      '--port',
      '--data-dir',
      '--image',
      '--max-instances',
      'MILLRACE_ACCESS_KEYS',
      'AWS_ENDPOINT_URL',
    ])
      assert.ok(run.stdout.includes(word), word);
    assert.doesNotMatch(run.stdout, /--access-keys/, 'which is no option');
  });

  test('a command that there is not', async (t) => {
    const home = new ServiceHome(t);
    const run = await home.program(['sevre']).ended;
    assert.equal(run.status, 2);
    assert.match(run.stderr, /Unknown command "sevre"\. Did you mean serve\?/);
  });
});
