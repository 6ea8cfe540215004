import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { parsePrometheus, samplesOf } from '../prometheus-text.ts';
import { eventually } from './eventually.ts';
import { startModelServer } from './model-server.ts';
import { Service, ServiceHome } from './service.ts';
import { describeJob, endedJob, jobIn, makeBuckets, makeModel, put, runJob, startJob } from './service-jobs.ts';

interface StateEvent {
  readonly id: string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

async function get(service: Service, path: string, init?: RequestInit) {
  const response = await fetch(`${service.url}${path}`, init);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

async function scrape(service: Service): Promise<Readonly<Record<string, number>>> {
  const { status, type, text } = await get(service, '/metrics');
  assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  return samplesOf(text);
}

/** A webhook that answers with these statuses, one after the other, and 200 to everything after them. */
async function startReceiver(t: TestContext, ...statuses: number[]) {
  const posted: { readonly status: number; readonly url: string; readonly event: StateEvent }[] = [];
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    const status = request.headers['content-type'] === 'application/json' ? (statuses.shift() ?? 200) : 415;
    posted.push({ status, url: `${request.method} ${request.url}`, event: JSON.parse(text) as StateEvent });
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted };
}

async function eventsIn(path: string): Promise<StateEvent[]> {
  const text = await readFile(path, 'utf8');
  assert(text.endsWith('\n'), 'the last line is whole');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as StateEvent);
}

const statusOf = ({ detail }: StateEvent): unknown => detail['TransformJobStatus'];

test('the service tells that it is alive and ready', async (t) => {
  const service = await new ServiceHome(t).serve();
  for (const path of ['/healthz', '/readyz'])
    assert.deepEqual(await get(service, path), { status: 200, type: 'text/plain; charset=utf-8', text: 'ok\n' });
  assert.equal((await get(service, '/metrics', { method: 'HEAD' })).text, '');
  await service.stop();
});

test('a scrape shows jobs as they wait and run, and everything they did when they have ended', async (t) => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  let failures = 1;
  const model = await startModelServer(t, {
    invoke: async ({ text }) => {
      await release;
      if (text.includes('fail')) return { status: 400, body: 'no' };
      failures -= 1;
      return failures === 0 ? { status: 503 } : text;
    },
  });
  const service = await new ServiceHome(t).serve({ args: ['--max-instances', '1'] });
  await makeBuckets(service, 'data');
  await put(service, 'data', {
    'a/1.csv': '1\n2\n3\n',
    'a/2.csv': '4\n',
    'b/1.csv': 'fail\n',
    's/1.csv': '1\n2\n',
    's/2.csv': '',
  });
  await makeModel(service, 'model', { Image: model.url });
  const wish = (input: string) => ({ model: 'model', input: `s3://data/${input}/`, output: 's3://data/out' });
  await startJob(service, 'first', wish('a'));
  await model.arrived(1);
  await startJob(service, 'second', wish('b'));

  const running = await scrape(service);
  assert.equal(running['millrace_jobs{status="InProgress"}'], 2);
  assert.deepEqual(
    ['millrace_queue_depth', 'millrace_instances', 'millrace_max_instances', 'millrace_requests_in_flight'].map(
      (name) => running[name],
    ),
    [1, 1, 1, 1],
  );
  assert.equal(running['millrace_job_objects{job="first",state="pending"}'], 2);
  assert.equal(running['millrace_job_expected_input_bytes{job="first"}'], 8);
  assert.equal(running['millrace_job_requests_in_flight{job="first"}'], 1);
  assert(!Object.keys(running).some((name) => name.includes('job="second"')), 'a job that waits has no label');

  resolve();
  assert.equal((await endedJob(service, 'first')).TransformJobStatus, 'Completed');
  assert.equal((await endedJob(service, 'second')).TransformJobStatus, 'Failed');
  const streamed = await runJob(service, 'streamed', { ...wish('s'), MaxPayloadInMB: 0 });
  assert.equal(streamed.TransformJobStatus, 'Completed');
  // The status is there a moment before the instance is free.
  const ended = await eventually('no instance runs', async () => {
    const samples = await scrape(service);
    return samples['millrace_instances'] === 0 && samples;
  });
  const expected = {
    'millrace_jobs{status="Completed"}': 2,
    'millrace_jobs{status="Failed"}': 1,
    millrace_queue_depth: 0,
    'millrace_objects_total{result="completed"}': 4,
    'millrace_objects_total{result="failed"}': 1,
    millrace_records_total: 6,
    millrace_bad_records_total: 0,
    millrace_input_bytes_total: 12,
    millrace_output_bytes_total: 12,
    'millrace_requests_total{code="2xx"}': 3,
    'millrace_requests_total{code="3xx"}': 0,
    'millrace_requests_total{code="4xx"}': 1,
    'millrace_requests_total{code="5xx"}': 1,
    'millrace_requests_total{code="error"}': 0,
    millrace_retries_total: 1,
    millrace_requests_in_flight: 0,
    millrace_request_duration_seconds_count: 5,
    'millrace_request_duration_seconds_bucket{le="+Inf"}': 5,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, ended[name]])), expected);
  assert(!Object.keys(ended).some((name) => name.startsWith('millrace_job_')), 'a job that has ended has no label');

  const families = parsePrometheus((await get(service, '/metrics')).text);
  const durations = [...(families.get('millrace_request_duration_seconds')?.samples ?? [])].filter(([name]) =>
    name.includes('le='),
  );
  assert.deepEqual(
    durations,
    durations.toSorted(([, one], [, other]) => one - other),
    'buckets are cumulative',
  );
  assert((ended['millrace_request_duration_seconds_sum'] ?? 0) > 0);
  const started = (ended['process_start_time_seconds'] ?? 0) * 1000;
  assert(started > Date.now() - 120_000 && started < Date.now());
  assert((ended['process_resident_memory_bytes'] ?? 0) > 2 ** 20);
  assert((ended['process_cpu_seconds_total'] ?? 0) > 0);
  await service.stop();
});

test('every change of a job goes to the webhook and into the file', async (t) => {
  const receiver = await startReceiver(t, 503);
  const { promise: release, resolve } = Promise.withResolvers<void>();
  const model = await startModelServer(t, {
    invoke: async ({ text }) => {
      if (text.includes('hold')) await release;
      return text.includes('fail') ? { status: 400, body: 'no' } : text;
    },
  });
  const home = new ServiceHome(t);
  const service = await home.serve({
    args: ['--events-file', 'events.jsonl', '--webhook-url', `${receiver.url}/hook?token=1`],
    env: { MILLRACE_REGION: 'eu-west-1', MILLRACE_ACCOUNT: '123456789012' },
  });
  await makeBuckets(service, 'data');
  await put(service, 'data', { 'good/1.csv': '1\n', 'bad/1.csv': 'fail\n', 'held/1.csv': 'hold\n' });
  await makeModel(service, 'model', { Image: model.url });
  const wish = (input: string) => ({ model: 'model', input: `s3://data/${input}/`, output: 's3://data/out' });

  const Tags = [
    { Key: 'team', Value: 'a' },
    { Key: 'cost', Value: '1' },
  ];
  await runJob(service, 'Good', { ...wish('good'), MaxConcurrentTransforms: 2, Environment: { TOKEN: 'x' }, Tags });
  const [created, retried, completed] = await eventually(
    'the webhook has both events',
    () => receiver.posted.length >= 3 && receiver.posted,
  );
  assert.deepEqual(
    [created, retried, completed].map((one) => [one?.status, one?.url, one && statusOf(one.event)]),
    [
      [503, 'POST /hook?token=1', 'InProgress'],
      [200, 'POST /hook?token=1', 'InProgress'],
      [200, 'POST /hook?token=1', 'Completed'],
    ],
  );
  assert.deepEqual(retried?.event, created?.event, 'what is sent again is the same event');

  const job = await describeJob(service, 'Good');
  const { id = '', time = '', ...event } = completed?.event ?? {};
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert(Math.abs(Date.parse(String(time)) - (job.TransformEndTime?.getTime() ?? 0)) < 2000);
  const { $metadata, CreationTime, TransformStartTime, TransformEndTime, ...described } = job;
  assert.deepEqual(event, {
    version: '0',
    'detail-type': 'SageMaker Transform Job State Change',
    source: 'aws.sagemaker',
    account: '123456789012',
    region: 'eu-west-1',
    resources: ['arn:aws:sagemaker:eu-west-1:123456789012:transform-job/good'],
    detail: {
      ...described,
      FailureReason: null,
      MaxPayloadInMB: null,
      BatchStrategy: null,
      CreationTime: CreationTime?.getTime(),
      TransformStartTime: TransformStartTime?.getTime(),
      TransformEndTime: TransformEndTime?.getTime(),
      Tags: { team: 'a', cost: '1' },
    },
  });
  const before = created?.event.detail ?? {};
  assert.deepEqual([before['TransformStartTime'], before['TransformEndTime']], [null, null]);

  // Log rotation, and the events of two more jobs.
  await rename(home.path('events.jsonl'), home.path('events.jsonl.1'));
  const { FailureReason } = await runJob(service, 'Bad', wish('bad'));
  await startJob(service, 'Held', wish('held'));
  await model.arrived(3);
  await service.sagemaker.send(new StopTransformJobCommand({ TransformJobName: 'Held' }));
  await jobIn(service, 'Held', 'Stopping');
  resolve();
  await jobIn(service, 'Held', 'Stopped');
  await eventually('the webhook has all events', () => receiver.posted.length === 8);
  assert.deepEqual(await eventsIn(home.path('events.jsonl.1')), [created?.event, completed?.event]);
  const later = await eventsIn(home.path('events.jsonl'));
  assert.deepEqual(
    later.map((one) => [one.detail['TransformJobName'], statusOf(one)]),
    [
      ['Bad', 'InProgress'],
      ['Bad', 'Failed'],
      ['Held', 'InProgress'],
      ['Held', 'Stopping'],
      ['Held', 'Stopped'],
    ],
  );
  assert.equal(later[1]?.detail['FailureReason'], FailureReason);
  assert.deepEqual(
    receiver.posted.slice(3).map(({ event: posted }) => posted),
    later,
  );

  const samples = await scrape(service);
  for (const sink of ['webhook', 'file'])
    assert.deepEqual(
      ['delivered', 'lost'].map((result) => samples[`millrace_events_total{sink="${sink}",result="${result}"}`]),
      [7, 0],
    );
  await service.stop();
});

test('a webhook that is not there holds up neither jobs nor the end of the service, and its secrets are not told', async (t) => {
  const receiver = await startReceiver(t);
  const url = receiver.url.replace('//', '//user:secret@');
  const model = await startModelServer(t);
  const home = new ServiceHome(t);
  const nobody = createServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  const webhook = url.replace(/:\d+$/, `:${port}/secret?key=secret`);
  const program = home.program(['serve', '--port', '0', '--data-dir', 'data'], { MILLRACE_WEBHOOK_URL: webhook });
  const service = new Service(program, await program.found(/^millrace serves at (http:\/\/\S+)$/m));
  await makeBuckets(service, 'data');
  await put(service, 'data', { 'in/1.csv': '1\n' });
  await makeModel(service, 'model', { Image: model.url });
  const { TransformJobStatus } = await runJob(service, 'job', {
    model: 'model',
    input: 's3://data/in/',
    output: 's3://data/out',
  });
  assert.equal(TransformJobStatus, 'Completed');
  service.s3.destroy();
  service.sagemaker.destroy();
  program.kill('SIGTERM');
  const { status, all, stderr } = await program.ended;
  assert.equal(status, 0, all);
  const told = stderr.split('\n').filter((line) => line.includes('webhook'));
  assert.equal(told.length, 2, all);
  for (const [at, of] of ['InProgress', 'Completed'].entries()) {
    const words = `The webhook at http://127.0.0.1:${port} did not take the event "${of}" of the job "job": connect ECONNREFUSED`;
    assert(told[at]?.startsWith(words), all);
  }
  assert(!all.includes('secret'), all);
});
