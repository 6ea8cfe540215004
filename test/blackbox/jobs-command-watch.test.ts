import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { startFakeService } from './fake-service.ts';
import { type Gate, gate } from './gate.ts';
import { type ModelServer, predictions, startModelServer } from './model-server.ts';
import { Service, ServiceHome, serviceOfFile } from './service.ts';
import { describeJob, endedJob, jobIn, makeBuckets, makeModel, put, startJob } from './service-jobs.ts';
import { noTerminal, ServiceUser } from './service-user.ts';

const ESC = '\u001b';
const OBJECTS = { 'in/a.csv': '1\n2\n', 'in/b.csv': '3\n' };
const where = { input: 's3://data/in/', output: 's3://data/out/' };

const on = serviceOfFile({ args: ['--max-instances', '10'] }, async (service) => {
  await makeBuckets(service, 'data');
  await put(service, 'data', OBJECTS);
});

interface Held {
  readonly user: ServiceUser;
  readonly open: Gate;
  readonly server: ModelServer;
}

/** A job that runs, with the answer to its second object held back. */
async function heldJob(t: TestContext, name: string, refuses = false): Promise<Held> {
  const open = gate();
  const server = await startModelServer(t, {
    invoke: async ({ text, body }) => {
      if (!text.startsWith('3')) return predictions(body);
      await open.passed;
      return refuses ? { status: 400, body: `no ${ESC}[2J` } : predictions(body);
    },
  });
  await makeModel(on.service, name, { Image: server.url });
  await startJob(on.service, name, { model: name, ...where });
  await server.arrived(2);
  return { user: new ServiceUser(t, on.service), open, server };
}

describe('millrace jobs watch', { concurrency: 4 }, () => {
  test('a job that completes: what it does, and how it ended', async (t) => {
    const { user, open, server } = await heldJob(t, 'completes');
    const watch = user.start('jobs watch completes');
    await watch.said(/→/);
    open.pass();
    const { status, stdout, stderr } = await watch.ended;
    assert.equal(status, 0, stderr);
    assert.equal(stderr, 'completes: InProgress, 2 objects (6 bytes): s3://data/in/ → completes → s3://data/out/\n');
    assert.match(
      stdout,
      /^Completed: 2 objects, 3 records, 6 bytes in \S+ s \(\d+ records\/s\)\nResults: s3:\/\/data\/out\/ \(\d+ bytes\)\n$/,
    );
    assert.equal(server.invocations.length, 2);
  });

  test('a job that fails: its reason, as it may be shown, and where to look further', async (t) => {
    const { user, open } = await heldJob(t, 'fails', true);
    const watch = user.start('jobs watch fails');
    await watch.said(/→/);
    open.pass();
    const { status, stdout } = await watch.ended;
    assert.equal(status, 1, stdout);
    assert.match(
      stdout,
      /^Failed: 1 of 2 objects done, 2 records, .*\nResults: .*\nClientError: 1 of 2 objects failed\. data\/in\/b\.csv: .*: no ␛\[2J\nIts logs: millrace jobs logs fails\n$/,
    );
    const again = await user.run('jobs watch fails --json');
    assert.equal(again.status, 1, again.all);
    assert.equal(again.stderr, '');
    assert.equal(JSON.parse(again.stdout).TransformJobStatus, 'Failed');
  });

  test('a job that somebody stops', async (t) => {
    const { user, open } = await heldJob(t, 'stops');
    const watch = user.start('jobs watch stops');
    await watch.said(/→/);
    assert.equal((await user.run('jobs stop stops')).status, 0);
    await watch.said(/^stops: Stopping$/m);
    open.pass();
    const { status, stdout } = await watch.ended;
    assert.equal(status, 1, stdout);
    assert.match(stdout, /^Stopped: 2 objects, 3 records, /);
  });

  test('Ctrl-C leaves the job running', async (t) => {
    const { user, open } = await heldJob(t, 'left');
    const watch = user.start('jobs watch left');
    await watch.said(/→/);
    watch.kill('SIGINT');
    const { status, stdout, stderr } = await watch.ended;
    assert.equal(status, 130, stderr);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /\nleft goes on without you\. millrace jobs watch left looks again, millrace jobs stop left ends it\.\n$/,
    );
    assert.equal((await describeJob(on.service, 'left')).TransformJobStatus, 'InProgress');
    open.pass();
    assert.equal((await endedJob(on.service, 'left')).TransformJobStatus, 'Completed');
  });

  test('a job that is removed while it is watched', async (t) => {
    const refusal = { __type: 'ValidationException', message: 'Could not find requested job with name: removed' };
    const job = { TransformJobName: 'removed', TransformJobStatus: 'InProgress' };
    const service = await startFakeService(t, (_operation, times) => (times < 2 ? job : refusal));
    const { status, stderr, stdout } = await new ServiceUser(t, service).run('jobs watch removed');
    assert.deepEqual([status, stdout], [1, ''], stderr);
    assert.match(stderr, /\nmillrace: DescribeTransformJob was refused: Could not find .* "millrace jobs list" shows/);
  });

  test('the original, which counts nothing: statuses alone', async (t) => {
    const statuses = ['InProgress', 'InProgress', 'Stopping', 'Stopped'];
    const service = await startFakeService(t, (_operation, times) => ({
      TransformJobName: 'there',
      TransformJobStatus: statuses[times - 1] ?? 'Stopped',
      ModelName: 'm',
      CreationTime: 1_700_000_000,
      TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://in' } } },
      TransformOutput: { S3OutputPath: 's3://out' },
      ...(times > 3 && { TransformEndTime: 1_700_000_065 }),
    }));
    const { status, stderr, stdout } = await new ServiceUser(t, service).run('jobs watch there');
    assert.equal(status, 1, stderr);
    assert.equal(stdout, 'Stopped in 1:05\n');
    assert.equal(stderr, 'there: InProgress: s3://in → m → s3://out\nthere: Stopping\n');
    assert.deepEqual(service.operations, Array(4).fill('DescribeTransformJob'));
  });

  test('the service is started anew while it is watched', async (t) => {
    const home = new ServiceHome(t);
    const first = await home.serve();
    const open = gate();
    const server = await startModelServer(t, { invoke: async ({ body }) => open.passed.then(() => predictions(body)) });
    await makeBuckets(first, 'data');
    await put(first, 'data', OBJECTS);
    await makeModel(first, 'm', { Image: server.url });
    await startJob(first, 'survives', { model: 'm', ...where });
    await server.arrived(1);
    const user = new ServiceUser(t, first);
    const watch = user.start('jobs watch survives');
    await watch.said(/→/);
    await first.kill();
    await watch.said(/^No service answers at .* Trying again for 60 seconds …$/m);
    const program = home.program(['serve', '--port', String(first.port), '--data-dir', 'data']);
    const second = new Service(program, await program.found(/^millrace serves at (http:\/\/\S+)$/m));
    open.pass();
    const { status, stdout, all } = await watch.ended;
    assert.equal(status, 0, all);
    assert.match(stdout, /^Completed: 2 objects, 3 records/);
    await second.stop();
  });
});

describe('millrace jobs watch on a terminal', { skip: noTerminal, concurrency: 4 }, () => {
  test('the display is drawn with what the service counts, redrawn in place, and taken away', async (t) => {
    const { user, open } = await heldJob(t, 'drawn');
    const watch = user.startOnTerminal('jobs watch drawn', 100);
    await watch.said(/1 of 2 objects · 2 records · 4 bytes of 6 bytes/);
    await watch.said(/\d requests? · 0 retried · 0 failed/);
    open.pass();
    const { status, stdout, all } = await watch.ended;
    assert.equal(status, 0, all);
    assert.ok(stdout.includes(`${ESC}[36m`), 'in colour');
    assert.match(stdout, /█+░+ {2}66 %/);
    const screen = drawn(stdout);
    assert.match(screen, /^drawn: InProgress, 2 objects/);
    assert.match(screen, /\nCompleted: 2 objects, 3 records/);
    assert.doesNotMatch(screen, /requests|░|█/);
  });

  test('a narrow one, without colour', async (t) => {
    const { user, open } = await heldJob(t, 'narrow');
    const watch = user.startOnTerminal('jobs watch narrow', 30, { NO_COLOR: '1' });
    await watch.said(/1 of 2 objects · 2 reco/);
    open.pass();
    const { stdout } = await watch.ended;
    assert.ok(!stdout.includes(`${ESC}[36m`), stdout);
    const rows = stdout.split(/\r?\n/).filter((row) => /░|1 of 2|retried/.test(row));
    assert.ok(rows.length >= 3, stdout);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    for (const row of rows) assert.ok(row.replaceAll(/\u001b\[\d*[A-Za-z]/g, '').length < 30, row);
  });

  test('a job that waits for its turn says so', async (t) => {
    const job = {
      TransformJobName: 'q',
      TransformJobStatus: 'InProgress',
      TransformProgress: { Objects: 1, Bytes: 6 },
    };
    const ended = { ...job, TransformJobStatus: 'Completed' };
    const open = gate();
    const service = await startFakeService(t, async (_operation, times) => {
      if (times > 1) await open.passed;
      return times > 1 ? ended : job;
    });
    const watch = new ServiceUser(t, service).startOnTerminal('jobs watch q', 100);
    await watch.said(/ 0 % .* · waiting for its turn/);
    open.pass();
    assert.equal((await watch.ended).status, 0);
  });

  test('Ctrl-C takes the display away', async (t) => {
    const { user, open: answers } = await heldJob(t, 'cut');
    execFileSync('mkfifo', [user.box.path('keys')]);
    const watch = user.startOnTerminal('jobs watch cut', 100, {}, 'keys');
    const keys = await open(user.box.path('keys'), 'w');
    t.after(() => keys.close());
    await watch.said(/1 of 2 objects/);
    await keys.write('\u0003');
    const { status, stdout } = await watch.ended;
    assert.equal(status, 130, stdout);
    // The terminal shows ^C itself; what goes up from there has to go back to the start of the row first.
    const screen = drawn(stdout.replace(`^C\r${ESC}[3A`, `${ESC}[3A`));
    assert.match(screen, /cut goes on without you/);
    assert.doesNotMatch(screen, /░|█/);
    answers.pass();
    await jobIn(on.service, 'cut', 'Completed');
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
