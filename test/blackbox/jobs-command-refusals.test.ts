import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { startModelServer } from './model-server.ts';
import { ServiceHome, serviceOfFile } from './service.ts';
import { ServiceUser } from './service-user.ts';

const on = serviceOfFile();
const nowhere = { url: 'http://127.0.0.1:1' };

describe('wrong usage, status 2, before anything is asked', { concurrency: 4 }, () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['jobs lsit', /^Unknown command "jobs lsit"\. Did you mean jobs list\? See millrace jobs --help\.$/],
    ['job list', /^Unknown command "job list"\. Did you mean jobs list\? See millrace --help\.$/],
    ['models watch', /^Unknown command "models watch"\..* See millrace models --help\.$/],
    ['jobs --json', /^Unknown command "jobs --json"\. See millrace jobs --help\.$/],
    ['jobs describe', /^NAME is missing: the name of the job\.$/],
    ['jobs describe a b', /^"b" is not expected here: millrace jobs describe takes one NAME and options\. Put quotes/],
    ['jobs list a', /^"a" is not expected here: millrace jobs list takes options only\./],
    [
      'jobs list --status Done',
      /^--status cannot be "Done": it is one of InProgress, Completed, Failed, Stopping, Stopped\.$/,
    ],
    ['jobs list --status failed', /Did you mean Failed\?$/],
    ['jobs list --max-items 0', /^--max-items cannot be "0": it is a whole number from 1 to 10000\.$/],
    ['jobs watch a --interval-in-seconds 0', /it is a whole number from 1 to 3600\.$/],
    [
      'jobs watch a --intervall-in-seconds 1',
      /^Unknown option --intervall-in-seconds\. Did you mean --interval-in-seconds\? See millrace jobs watch --help\.$/,
    ],
    [
      'jobs list --endpoint-url localhost:9400',
      /^--endpoint-url cannot be "localhost:9400": it is an address like http:\/\/host:port\.$/,
    ],
    [
      'jobs list --endpoint-url http://10.255.255.1',
      /^Requests to http:\/\/10\.255\.255\.1 have to be signed: set AWS_ACCESS_KEY_ID/,
    ],
    ['models create', /^--cli-input-json is missing: The request/],
  ];
  for (const [command, message] of rows) {
    test(`millrace ${command}`, async (t) => {
      const run = await new ServiceUser(t, nowhere).run(command);
      assert.equal(run.status, 2, run.all);
      assert.equal(run.stdout, '');
      assert.match(run.stderr.replace(/^millrace: /, '').trimEnd(), message);
    });
  }
});

describe('help', { concurrency: 4 }, () => {
  for (const group of ['jobs', 'models']) {
    test(`millrace ${group} lists its commands, each with a page and an example`, async (t) => {
      const user = new ServiceUser(t, nowhere);
      const page = await user.run(`${group} --help`);
      assert.equal(page.status, 0, page.all);
      assert.equal(page.stderr, '');
      const bare = await user.run(group);
      assert.deepEqual([bare.status, bare.stdout, bare.stderr], [2, '', page.stdout]);
      const commands = [...page.stdout.matchAll(/^ {2}millrace (\w+ [a-z]+)/gm)].map(([, name = '']) => name);
      assert.equal(commands.length, group === 'jobs' ? 7 : 4);
      for (const command of commands) {
        const run = await user.run(`${command} --help`);
        assert.equal(run.status, 0, run.all);
        assert.match(run.stdout, new RegExp(`^millrace ${command}: .*\n\nUsage\n  millrace ${command} `));
        assert.match(run.stdout, new RegExp(`^    .*millrace ${command} `, 'm'), 'an example');
        assert.match(run.stdout, /^ {2}--endpoint-url URL$/m);
        assert.match(run.stdout, /\nExit status\n {2}0 /);
        for (const line of run.stdout.split('\n')) assert.ok(line.length <= 110, line);
      }
    });
  }
});

describe('what the service refuses, status 1', { concurrency: 4 }, () => {
  for (const command of [
    'jobs describe nobody',
    'jobs watch nobody',
    'jobs logs nobody --follow',
    'jobs delete nobody',
    'jobs stop nobody --wait',
  ]) {
    test(command, async (t) => {
      const run = await new ServiceUser(t, on.service).run(command);
      assert.equal(run.status, 1, run.all);
      assert.equal(run.stdout, '');
      assert.match(
        run.stderr,
        /^millrace: \w+TransformJob was refused: Could not find .*nobody \(ValidationException\)\. "millrace jobs list" shows those that there are\.\n$/,
      );
    });
  }

  test('a request that breaks rules: all of them are told', async (t) => {
    const user = new ServiceUser(t, on.service);
    const run = await user.run(['jobs', 'create', '--cli-input-json', '{"TransformJobName": "a b"}']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stderr,
      /^millrace: CreateTransformJob was refused: \d validation errors detected: .*transformJobName/,
    );
  });

  test('keys and regions: only those of the service', async (t) => {
    const home = new ServiceHome(t);
    const service = await home.serve({
      args: ['--region', 'eu-central-1'],
      env: { MILLRACE_ACCESS_KEYS: 'AKID:the-secret' },
    });
    const user = new ServiceUser(t, service);
    const right = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'the-secret', AWS_REGION: 'eu-central-1' };
    const known = await user.run('jobs list --json', { env: { ...right, AWS_SESSION_TOKEN: '' } });
    assert.deepEqual([known.status, JSON.parse(known.stdout)], [0, { TransformJobSummaries: [] }], known.all);
    for (const [env, message] of [
      [{}, /refused ListTransformJobs: .*\(UnrecognizedClientException\)\. Check AWS_ACCESS_KEY_ID/],
      [
        { ...right, AWS_SECRET_ACCESS_KEY: 'other' },
        /does not match.*\(InvalidSignatureException\)\. Check AWS_ACCESS_KEY_ID/,
      ],
      [{ ...right, AWS_REGION: 'us-east-1' }, /valid region, not 'us-east-1'.*Check .*AWS_DEFAULT_REGION/],
    ] as const) {
      const run = await user.run('jobs list', { env: { AWS_REGION: 'eu-central-1', ...env } });
      assert.equal(run.status, 1, run.all);
      assert.match(run.stderr, message);
      assert.ok(!run.all.includes('the-secret'));
    }
    await service.stop();
  });
});

describe('no service', { concurrency: 4 }, () => {
  test('nobody there: how to start one', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const user = new ServiceUser(t, { url: `http://127.0.0.1:${port}` });
    for (const command of ['jobs list', 'jobs watch a', 'models list --json']) {
      const run = await user.run(command);
      assert.equal(run.status, 1, run.all);
      assert.equal(run.stdout, '');
      assert.equal(
        run.stderr,
        `millrace: No service answers at http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}. Start a service with "millrace serve --port ${port}", or check MILLRACE_ENDPOINT_URL.\n`,
      );
    }
  });

  test('something else is there', async (t) => {
    const run = await new ServiceUser(t, await startModelServer(t)).run('jobs list');
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stderr,
      /answered ListTransformJobs with status \d+.*, which is no answer of the API\. Is something else at this address\?\n$/,
    );
  });
});
