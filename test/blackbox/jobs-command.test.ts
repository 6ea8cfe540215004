import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakeService } from './fake-service.ts';
import { gate } from './gate.ts';
import { predictions, startModelServer } from './model-server.ts';
import { serviceOfFile } from './service.ts';
import {
  describeJob,
  jobIn,
  jobRequest,
  makeBuckets,
  makeModel,
  objectsUnder,
  put,
  runJob,
  startJob,
} from './service-jobs.ts';
import { noTerminal, ServiceUser } from './service-user.ts';

const on = serviceOfFile({ args: ['--max-instances', '10'] }, async (service) => {
  await makeBuckets(service, 'data');
  await put(service, 'data', { 'in/a.csv': '1\n2\n', 'in/b.csv': '3\n' });
});
const where = { input: 's3://data/in/', output: 's3://data/out/' };
const ARN = 'arn:aws:sagemaker:us-east-1:000000000000:transform-job';

describe('millrace jobs create', { concurrency: 4 }, () => {
  test('from a file, from standard input, from its text', async (t) => {
    const [user, server] = [new ServiceUser(t, on.service), await startModelServer(t)];
    await makeModel(on.service, 'created', { Image: server.url });
    const request = (name: string): string => JSON.stringify(jobRequest(name, { model: 'created', ...where }));
    await user.box.write({ 'job.json': request('from-file'), 'job2.json': `\ufeff${request('from-url')}` });
    const commands = [
      ['from-file', ['job.json'], undefined],
      ['from-url', ['file://job2.json'], undefined],
      ['from-input', ['-'], `echo '${request('from-input')}' | "$@"`],
      ['from-text', [request('from-text')], undefined],
    ] as const;
    for (const [name, given, shell] of commands) {
      const run = await user.run(['jobs', 'create', '--cli-input-json', ...given], shell ? { shell } : {});
      assert.equal(run.status, 0, run.all);
      assert.equal(run.stdout, `Created ${name} (${ARN}/${name})\n`);
      assert.equal(run.stderr, `millrace jobs watch ${name} shows its progress.\n`);
      await jobIn(on.service, name, 'Completed');
    }
    const json = await user.run(['jobs', 'create', '--json', '--cli-input-json', request('from-text-2')]);
    assert.deepEqual(JSON.parse(json.stdout), { TransformJobArn: `${ARN}/from-text-2` });
    assert.equal(json.stderr, '');
    await jobIn(on.service, 'from-text-2', 'Completed');
  });

  test('what is no request is told before anything is sent', async (t) => {
    const user = new ServiceUser(t, { url: 'http://127.0.0.1:1' });
    await user.box.write({
      'half.json': '{"TransformJobName": "x",',
      'list.json': '[]',
      'huge.json': ' '.repeat(17 * 2 ** 20),
    });
    const rows = [
      [[], /^millrace: --cli-input-json is missing: The request/],
      [['--cli-input-json', 'none.json'], /none\.json": ENOENT: /],
      [['--cli-input-json', '.'], /EISDIR/],
      [['--cli-input-json', 'half.json'], /half\.json": it is no JSON: .*position 25/],
      [['--cli-input-json', 'list.json'], /it is no JSON object with the members of the request\.$/],
      [['--cli-input-json', 'huge.json'], /it has more than 16777216 bytes/],
      [['--cli-input-json', ''], /it is empty\.$/],
    ] as const;
    for (const [args, message] of rows) {
      const run = await user.run(['jobs', 'create', ...args]);
      assert.equal(run.status, 2, run.all);
      assert.match(run.stderr.trimEnd(), message);
    }
  });
});

describe('millrace jobs list', { concurrency: 4 }, () => {
  test('twenty of them, the newest first, and how to see more; filters; all of them as JSON', async (t) => {
    const [user, server] = [new ServiceUser(t, on.service), await startModelServer(t)];
    await makeModel(on.service, 'many', { Image: server.url });
    const names = Array.from({ length: 23 }, (_, at) => `many-${String(at).padStart(3, '0')}`);
    for (const name of names) await runJob(on.service, name, { model: 'many', ...where });
    const run = await user.run('jobs list --name-contains many-');
    assert.equal(run.status, 0, run.all);
    const [head, ...rows] = run.stdout.trimEnd().split('\n');
    assert.match(head ?? '', /^NAME {6}STATUS {5}PROGRESS {2}CREATED {14}DURATION {2}FAILURE$/);
    assert.deepEqual(
      rows.map((row) => row.split(' ')[0]),
      names.toReversed().slice(0, 20),
    );
    for (const row of rows)
      assert.match(row, /^many-0\d\d {2}Completed {5}100 % {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+\.\d s$/);
    assert.equal(run.stderr, 'There are more: --max-items N shows as many, --json all of them.\n');

    const all = JSON.parse((await user.run('jobs list --name-contains many- --json')).stdout);
    assert.deepEqual(Object.keys(all), ['TransformJobSummaries']);
    assert.equal(all.TransformJobSummaries.length, 23);
    const some = JSON.parse((await user.run('jobs list --name-contains many- --json --max-items 3')).stdout);
    assert.equal(some.TransformJobSummaries.length, 3);
    assert.equal(typeof some.NextToken, 'string');
    const sorted = await user.run(
      'jobs list --name-contains many- --sort-by Name --sort-order Ascending --max-items 1',
    );
    assert.match(sorted.stdout, /\nmany-000 .*\n$/);
    const every = await user.run('jobs list --name-contains many- --max-items 200');
    assert.equal(every.stdout.trimEnd().split('\n').length, 24);
    assert.equal(every.stderr, '');
  });

  test('none: said on standard error', async (t) => {
    const user = new ServiceUser(t, on.service);
    const run = await user.run('jobs list --name-contains nobody');
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', 'No transform jobs fit.\n']);
    const json = await user.run('jobs list --status Failed --name-contains nobody --json');
    assert.deepEqual([JSON.parse(json.stdout), json.stderr], [{ TransformJobSummaries: [] }, '']);
  });

  test('progress of what runs, and a reason that is longer than the row', async (t) => {
    const open = gate();
    const server = await startModelServer(t, {
      invoke: async ({ text, body, number }) => {
        if (text.startsWith('bad')) return { status: 400, body: `no ${'way '.repeat(100)}\n\u001b[2J` };
        if (number % 2 === 0) await open.passed;
        return predictions(body);
      },
    });
    const user = new ServiceUser(t, on.service);
    await makeModel(on.service, 'rows', { Image: server.url });
    await put(on.service, 'data', { 'bad/a.csv': 'bad\n', 'rows/a.csv': '1\n2\n3\n4\n' });
    await runJob(on.service, 'row-bad', { model: 'rows', input: 's3://data/bad/', output: where.output });
    const half = {
      model: 'rows',
      input: 's3://data/rows/',
      output: where.output,
      BatchStrategy: 'SingleRecord',
    } as const;
    for (const name of ['row-1', 'row-2']) await startJob(on.service, name, half);
    await server.arrived(4);
    const run = await user.run('jobs list --name-contains row-');
    assert.equal(run.status, 0, run.all);
    assert.match(run.stdout, /\nrow-\d {4}InProgress {7}0 % {2}/);
    assert.match(run.stdout, /\nrow-\d {4}InProgress {6}25 % {2}/);
    assert.match(run.stdout, /\nrow-bad {2}Failed .* ClientError: 1 of 1 object failed\. data\/bad\/a\.csv: .*…\n/);
    for (const row of run.stdout.split('\n')) assert.ok(row.length < 200, row);
    const only = await user.run('jobs list --name-contains row- --status InProgress');
    assert.equal(only.stdout.trimEnd().split('\n').length, 3, only.stdout);

    await t.test('on terminals of any width no row is wider', { skip: noTerminal }, async () => {
      for (const [columns, last] of [
        [200, /…$/],
        [78, /DURATION {2}FAILURE$/m],
        [60, /^NAME +STATUS +PROGRESS +CREATED +DURATION$/m],
        [34, /^NAME +STATUS +PROGRESS$/m],
        [12, /^NAME {5}ST…$/m],
      ] as const) {
        const program = user.startOnTerminal('jobs list --name-contains row-', columns);
        const { stdout, status, all } = await program.ended;
        assert.equal(status, 0, all);
        assert.match(stdout.replaceAll('\r', '').trimEnd(), last, String(columns));
        for (const row of stdout.split(/\r?\n/)) assert.ok(row.length <= columns, `${columns}: ${row}`);
        assert.ok(!stdout.includes('\u001b'), stdout);
      }
    });
    open.pass();
    for (const name of ['row-1', 'row-2']) await jobIn(on.service, name, 'Completed');
  });

  test('a reader that has seen enough is no failure', async (t) => {
    const user = new ServiceUser(t, on.service);
    const shell = '{ "$@"; echo "status $?" >&2; } | head -c 1';
    for (const command of ['jobs list --json', 'jobs list']) {
      const run = await user.run(command, { shell });
      assert.equal(run.stdout.length, 1, run.all);
      assert.match(run.stderr, /status 0\n$/);
    }
  });
});

describe('millrace jobs describe', { concurrency: 4 }, () => {
  test('a page for people and the answer for programs', async (t) => {
    const [user, server] = [new ServiceUser(t, on.service), await startModelServer(t)];
    await makeModel(on.service, 'described', { Image: server.url });
    await runJob(on.service, 'page', { model: 'described', ...where, Environment: { A: '1' }, MaxPayloadInMB: 1 });
    const run = await user.run('jobs describe page');
    assert.equal(run.status, 0, run.all);
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00`;
    const page = [
      'Name         page',
      `ARN          ${ARN}/page`,
      'Status       Completed',
      'Model        described',
      'Input        s3://data/in/',
      'Output       s3://data/out/',
      'Data         CompressionType None, SplitType Line, ContentType text/csv, AssembleWith Line',
      'Settings     MaxPayloadInMB 1',
      'Environment  A=1',
      'Instances    1 × ml.m5.xlarge',
      `Created      ${time}`,
      String.raw`Started      ${time}, \d+\.\d s later`,
      String.raw`Ended        ${time}, \d+\.\d s later`,
      'Objects      2 of 2 done',
      'Records      3',
      String.raw`Bytes        6 bytes of 6 bytes, \d+ bytes of results`,
      'Requests     2',
    ];
    assert.match(run.stdout, new RegExp(`^${page.join('\n').replaceAll('$', '\\$')}\n$`));
    const { stdout } = await user.run('jobs describe page --json');
    assert.equal(JSON.parse(stdout).TransformProgress.Records, 3);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
  });
});

describe('millrace jobs stop and delete', { concurrency: 4 }, () => {
  test('a job that runs is stopped, waited for, and removed; its results stay', async (t) => {
    const open = gate();
    const server = await startModelServer(t, {
      invoke: async ({ body, text }) => {
        if (text.startsWith('3')) await open.passed;
        return predictions(body);
      },
    });
    const user = new ServiceUser(t, on.service);
    await makeModel(on.service, 'stopped', { Image: server.url });
    await startJob(on.service, 'to-stop', { model: 'stopped', ...where, output: 's3://data/stopped/' });
    await server.arrived(2);
    const early = await user.run('jobs delete to-stop');
    assert.equal(early.status, 1, early.all);
    assert.match(
      early.stderr,
      /^millrace: DeleteTransformJob was refused: .* in status InProgress\. .*\(ResourceInUse\)\.\n$/,
    );

    const stop = user.start('jobs stop to-stop --wait --json');
    await stop.until(jobIn(on.service, 'to-stop', 'Stopping').then(() => undefined));
    const again = await user.run('jobs stop to-stop');
    assert.deepEqual([again.status, again.stdout, again.stderr], [0, 'to-stop: Stopping\n', '']);
    open.pass();
    const { status, stdout, all } = await stop.ended;
    assert.equal(status, 0, all);
    assert.equal(JSON.parse(stdout).TransformJobStatus, 'Stopped');
    const late = await user.run('jobs stop to-stop --wait');
    assert.equal(late.status, 1, late.all);
    assert.match(late.stderr, /in status Stopped/);

    assert.equal((await user.run('jobs delete to-stop')).stdout, 'Deleted to-stop\n');
    const gone = await user.run('jobs delete to-stop');
    assert.equal(gone.status, 1, gone.all);
    assert.match(gone.stderr, /Could not find .*to-stop/);
    await assert.rejects(describeJob(on.service, 'to-stop'), /Could not find/);
    assert.equal((await objectsUnder(on.service, 'data', 'stopped/'))['stopped/a.csv.out'], predictions('1\n2\n'));
  });

  test('Ctrl-C while it is waited for: the job stops all the same', async (t) => {
    const service = await startFakeService(t, () => ({ TransformJobStatus: 'Stopping' }));
    const program = new ServiceUser(t, service).start('jobs stop slow --wait');
    await program.until(service.asked('DescribeTransformJob', 1));
    program.kill('SIGINT');
    const { status, stderr, all } = await program.ended;
    assert.equal(status, 130, all);
    assert.equal(stderr, 'slow stops all the same.\n');
    assert.equal(service.operations[0], 'StopTransformJob');
  });
});

describe('millrace jobs against the original', { concurrency: 4 }, () => {
  test('progress of a job that says nothing, was asked too often, waits, or runs', async (t) => {
    const job = { TransformJobStatus: 'InProgress', CreationTime: Date.now() / 1000 };
    const names = ['plain', 'gone', 'queued', 'counted'];
    const service = await startFakeService(t, (operation, _times, { TransformJobName }) => {
      if (operation === 'ListTransformJobs')
        return { TransformJobSummaries: names.map((name) => ({ ...job, TransformJobName: name })) };
      if (TransformJobName === 'gone') return { __type: 'ThrottlingException', message: 'Rate exceeded' };
      if (TransformJobName === 'plain') return { ...job, TransformJobName };
      const started = TransformJobName === 'counted' && { TransformStartTime: job.CreationTime };
      return { ...job, TransformJobName, TransformProgress: { Objects: 4, ObjectsCompleted: 1 }, ...started };
    });
    const run = await new ServiceUser(t, service).run('jobs list');
    assert.equal(run.status, 0, run.all);
    const rows = run.stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.replace(/ \d{4}-\d\d-.*$/, ''));
    const empty = ' '.repeat(10);
    assert.deepEqual(rows.slice(1), [
      `plain    InProgress${empty} `,
      `gone     InProgress${empty} `,
      'queued   InProgress   waiting ',
      'counted  InProgress      25 % ',
    ]);
  });

  test('it deletes no jobs', async (t) => {
    const refusal = { __type: 'UnknownOperationException', message: '' };
    const run = await new ServiceUser(t, await startFakeService(t, () => refusal)).run('jobs delete old');
    assert.equal(run.status, 1, run.all);
    assert.match(run.stderr, /Only millrace deletes jobs; the original keeps them for good\.\n$/);
  });
});
