import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { startFakeService } from './fake-service.ts';
import { type Gate, gate } from './gate.ts';
import { type ModelServer, type Reply, startModelServer } from './model-server.ts';
import { serviceOfFile } from './service.ts';
import { describeJob, endedJob, logStreamsOf, makeBuckets, makeModel, put, runJob, startJob } from './service-jobs.ts';
import { ServiceUser } from './service-user.ts';

const on = serviceOfFile(
  { args: ['--max-instances', '10', '--image=chatty=echo loading && echo "no such file" >&2 && exit 3'] },
  async (service) => {
    await makeBuckets(service, 'data');
    await put(service, 'data', {
      'one/a.csv': '1\n',
      'three/a.csv': '1\n',
      'three/b.csv': '2\n',
      'three/c.csv': '3\n',
    });
  },
);
const output = 's3://data/out/';

interface Gated {
  readonly user: ServiceUser;
  readonly server: ModelServer;
  readonly gates: readonly Gate[];
}

/** A job of three objects that all are refused, each when its gate is opened. */
async function gatedJob(t: TestContext, name: string): Promise<Gated> {
  const gates = [gate(), gate(), gate()];
  const invoke = async ({ text }: { readonly text: string }): Promise<Reply> => {
    await gates[Number(text) - 1]?.passed;
    return { status: 400, body: `refused ${text}` };
  };
  const server = await startModelServer(t, { invoke });
  await makeModel(on.service, name, { Image: server.url });
  await startJob(on.service, name, { model: name, input: 's3://data/three/', output });
  await server.arrived(1);
  return { user: new ServiceUser(t, on.service), server, gates };
}

/** What the data log says, without its times. */
function withoutTimes(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/\S+:\[sagemaker logs\]: /, ''));
}

describe('millrace jobs logs', { concurrency: 4 }, () => {
  test('what the model server said and what became of objects, one stream, or as JSON', async (t) => {
    const user = new ServiceUser(t, on.service);
    await makeModel(on.service, 'chatty', { Image: 'chatty' });
    await runJob(on.service, 'chats', { model: 'chatty', input: 's3://data/one/', output });
    const all = await user.run('jobs logs chats');
    assert.equal(all.status, 0, all.all);
    assert.match(all.stdout, /^model {5}loading$/m);
    assert.match(all.stdout, /^model {5}no such file$/m);
    const [instance = ''] = await logStreamsOf(on.service, 'chats');
    const model = await user.run('jobs logs chats --stream model');
    assert.deepEqual(model.stdout.split('\n').sort(), ['', 'model  loading', 'model  no such file']);
    assert.deepEqual((await user.run(['jobs', 'logs', 'chats', '--stream', instance])).stdout, model.stdout);
    const json = await user.run('jobs logs chats --stream model --json --follow');
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ message }) => message).sort(), ['loading', 'no such file']);
    for (const { logStreamName, timestamp } of lines) {
      assert.equal(logStreamName, instance);
      assert.ok(Math.abs(Date.now() - timestamp) < 600_000, timestamp);
    }
    const none = await user.run('jobs logs chats --stream container-1');
    assert.equal(none.status, 1, none.all);
    assert.equal(
      none.stderr,
      'millrace: The job chats has no log stream "container-1". Its streams: model, data-log.\n',
    );
  });

  test('what others say cannot steer the terminal', async (t) => {
    const body = '\u001b]0;title\u0007\u001b[2J\u009b2J\rgone';
    const server = await startModelServer(t, { invoke: () => ({ status: 400, body }) });
    await makeModel(on.service, 'evil', { Image: server.url });
    await runJob(on.service, 'evil', { model: 'evil', input: 's3://data/one/', output });
    const user = new ServiceUser(t, on.service);
    for (const command of [
      'jobs logs evil',
      'jobs describe evil',
      'jobs watch evil',
      'jobs list --name-contains evil',
    ]) {
      const { stdout, all } = await user.run(command);
      assert.ok(stdout.includes('evil') || stdout.includes('␛]0;title␇'), all);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      assert.doesNotMatch(all, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/, command);
    }
  });

  test('--follow: lines while they come, until the job has ended and all are there', async (t) => {
    const { user, gates } = await gatedJob(t, 'followed');
    const follow = user.start('jobs logs followed --follow');
    await follow.said(/MaxConcurrentTransforms=1/);
    gates[0]?.pass();
    await follow.said(/refused 1\n/);
    gates[1]?.pass();
    await follow.said(/refused 2\n/);
    gates[2]?.pass();
    const { status, stdout, stderr } = await follow.ended;
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
    const of = (name: string, number: number): string[] =>
      ['ClientError: 400', '', 'Message:', `refused ${number}`, '(the mini-batch starts with record 1 at byte 0)'].map(
        (text) => `data-log  data/three/${name}.csv: ${text}`,
      );
    assert.deepEqual(withoutTimes(stdout).slice(1), [...of('a', 1), ...of('b', 2), ...of('c', 3)]);
    // What is printed once more afterwards is the same.
    assert.equal((await user.run('jobs logs followed')).stdout, stdout);
  });

  test('without --follow: what there is so far', async (t) => {
    const { user, gates } = await gatedJob(t, 'so-far');
    const run = await user.run('jobs logs so-far');
    assert.equal(run.status, 0, run.all);
    assert.equal(withoutTimes(run.stdout).length, 1, run.all);
    for (const { pass } of gates) pass();
    await endedJob(on.service, 'so-far');
  });

  test('Ctrl-C ends the following, not the job', async (t) => {
    const { user, gates } = await gatedJob(t, 'left-alone');
    const follow = user.start('jobs logs left-alone --follow');
    await follow.said(/MaxConcurrentTransforms=1/);
    follow.kill('SIGINT');
    const { status, all } = await follow.ended;
    assert.equal(status, 130, all);
    assert.equal((await describeJob(on.service, 'left-alone')).TransformJobStatus, 'InProgress');
    for (const { pass } of gates) pass();
    await endedJob(on.service, 'left-alone');
  });

  test('a reader that has gone ends the following', async (t) => {
    const { user, gates } = await gatedJob(t, 'piped');
    const shell = '{ "$@"; echo "status $?" >&2; } | { head -n 1; echo "head has gone" >&2; }';
    const follow = user.start('jobs logs piped --follow', { shell });
    await follow.said(/head has gone/);
    gates[0]?.pass();
    const { stdout, stderr } = await follow.ended;
    assert.equal(stdout.trimEnd().split('\n').length, 1, stdout);
    assert.match(stderr, /status 0/);
    assert.equal((await describeJob(on.service, 'piped')).TransformJobStatus, 'InProgress');
    for (const { pass } of gates) pass();
    await endedJob(on.service, 'piped');
  });

  test('a job that has not logged', async (t) => {
    const service = await startFakeService(t, (operation) =>
      operation === 'DescribeTransformJob' ? { TransformJobStatus: 'InProgress' } : { logStreams: [] },
    );
    const run = await new ServiceUser(t, service).run('jobs logs new');
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', 'new has no logs yet.\n']);
  });

  test('an instance after another: its streams have its number', async (t) => {
    const streams = ['j/i-0b-200', 'j/i-0a-100/data-log', 'j/i-0b-200/data-log', 'j/i-0a-100'];
    const service = await startFakeService(t, (operation, _times, { logStreamName, nextToken }) => {
      if (operation === 'DescribeTransformJob') return { TransformJobStatus: 'Completed' };
      if (operation === 'DescribeLogStreams') return { logStreams: streams.map((name) => ({ logStreamName: name })) };
      const timestamp = Number(/-(\d+)/.exec(String(logStreamName))?.[1]);
      return { events: nextToken ? [] : [{ timestamp, message: 'one\ntwo' }], nextForwardToken: 'f' };
    });
    const { stdout } = await new ServiceUser(t, service).run('jobs logs j');
    assert.deepEqual(stdout.trimEnd().split('\n').sort(), [
      '2/data-log  one',
      '2/data-log  two',
      '2/model     one',
      '2/model     two',
      'data-log    one',
      'data-log    two',
      'model       one',
      'model       two',
    ]);
  });
});
