import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parsePrometheus, samplesOf } from '../../test/prometheus-text.ts';
import { countRequest, newProgress, type Progress } from '../agent/progress.ts';
import type { JobRow } from '../catalog/catalog.ts';
import { Metrics, type MetricsOptions } from './metrics.ts';

/** Metrics of jobs as the test has them run. */
function measuring(more: Partial<MetricsOptions> = {}) {
  const jobs = { InProgress: 0, Completed: 0, Failed: 0, Stopping: 0, Stopped: 0 };
  const running: { job: JobRow; progress: Progress }[] = [];
  let totals = newProgress();
  const metrics = new Metrics({
    jobs: { counts: async () => ({ ...jobs }) },
    reconciler: { running: () => running, totals: () => totals },
    maxInstances: 3,
    sinks: [],
    ...more,
  });
  return {
    jobs,
    metrics,
    start: (name: string, progress: Partial<Progress> = {}): void => {
      running.push({ job: { name } as JobRow, progress: { ...newProgress(), ...progress } });
    },
    end: (): void => void running.pop(),
    did: (progress: Partial<Progress>): void => {
      totals = { ...totals, ...progress };
    },
    scrape: async () => samplesOf(await metrics.text()),
  };
}

test('jobs, queue and instances', async () => {
  const { jobs, start, scrape } = measuring();
  Object.assign(jobs, { InProgress: 5, Stopping: 1, Completed: 7 });
  start('a');
  start('b');
  const samples = await scrape();
  assert.equal(samples['millrace_jobs{status="InProgress"}'], 5);
  assert.equal(samples['millrace_jobs{status="Completed"}'], 7);
  assert.equal(samples['millrace_jobs{status="Stopped"}'], 0);
  assert.equal(samples['millrace_queue_depth'], 4);
  assert.equal(samples['millrace_instances'], 2);
  assert.equal(samples['millrace_max_instances'], 3);
});

test('a job that has ended and runs a moment more does not make the queue negative', async () => {
  const { start, scrape } = measuring();
  start('a');
  assert.equal((await scrape())['millrace_queue_depth'], 0);
});

test('a job is named while it runs, and not afterwards', async () => {
  const { start, end, metrics, scrape } = measuring();
  start('job-1', {
    objectsTotal: 10,
    objectsDone: 3,
    objectsFailed: 2,
    bytesTotal: 900,
    bytes: 400,
    requestsInFlight: 4,
  });
  const samples = await scrape();
  assert.deepEqual(Object.fromEntries(Object.entries(samples).filter(([name]) => name.includes('job-1'))), {
    'millrace_job_objects{job="job-1",state="pending"}': 5,
    'millrace_job_objects{job="job-1",state="completed"}': 3,
    'millrace_job_objects{job="job-1",state="failed"}': 2,
    'millrace_job_records{job="job-1"}': 0,
    'millrace_job_bad_records{job="job-1"}': 0,
    'millrace_job_input_bytes{job="job-1"}': 400,
    'millrace_job_expected_input_bytes{job="job-1"}': 900,
    'millrace_job_requests_in_flight{job="job-1"}': 4,
  });
  end();
  assert(!(await metrics.text()).includes('job-1'));
});

test('requests by the class of their answers, and how long they took', async () => {
  const progress = newProgress();
  for (const [status, ms] of [
    [200, 0.4],
    [204, 1],
    [404, 30],
    [503, 700_000],
    [0, 6],
  ] as const)
    countRequest(progress, status, ms);
  const { did, metrics } = measuring();
  did(progress);
  const families = parsePrometheus(await metrics.text());
  const codes = families.get('millrace_requests_total')?.samples ?? new Map();
  assert.deepEqual([...codes.values()], [2, 0, 1, 1, 1]);
  assert.deepEqual(
    [...codes.keys()].map((key) => /"(.*)"/.exec(key)?.[1]),
    ['2xx', '3xx', '4xx', '5xx', 'error'],
  );
  const { type, samples = new Map() } = families.get('millrace_request_duration_seconds') ?? {};
  assert.equal(type, 'histogram');
  const bucket = (le: string): number => samples.get(`millrace_request_duration_seconds_bucket{le="${le}"}`);
  assert.deepEqual(['0.001', '0.005', '0.01', '0.025', '0.05', '600', '+Inf'].map(bucket), [2, 2, 3, 3, 4, 4, 5]);
  assert.equal(samples.get('millrace_request_duration_seconds_count'), 5);
  assert.equal(samples.get('millrace_request_duration_seconds_sum'), 700.0374);
});

test('a counter never goes down, and forgets nothing of what comes after', async () => {
  const { did, scrape } = measuring();
  const shown: (number | undefined)[] = [];
  for (const badRecords of [0, 10, 4, 9, 12, 12]) {
    did({ badRecords });
    shown.push((await scrape())['millrace_bad_records_total']);
  }
  assert.deepEqual(shown, [0, 10, 10, 10, 12, 12]);
});

test('events by where they went', async () => {
  const sink = { name: 'webhook' as const, delivered: 5, lost: 0 };
  const { scrape } = measuring({ sinks: [sink] });
  await scrape();
  Object.assign(sink, { delivered: 7, lost: 1 });
  const samples = await scrape();
  assert.equal(samples['millrace_events_total{sink="webhook",result="delivered"}'], 7);
  assert.equal(samples['millrace_events_total{sink="webhook",result="lost"}'], 1);
});

test('a scrape of a catalog that cannot be read is refused', async () => {
  const counts = (): Promise<never> => Promise.reject(new Error('the disk is gone'));
  await assert.rejects(measuring({ jobs: { counts } }).metrics.text(), /the disk is gone/);
});

test('the documentation lists every metric as it is', async () => {
  const { start, metrics } = measuring({ sinks: [{ name: 'file', delivered: 0, lost: 0 }] });
  start('a');
  const page = await readFile(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `((?:millrace|process)_\w+)`(.*?) *\| (\w+) +\| (.*?) *\|$/gm)].map(
    ([, name, labels = '', type, help]) => ({
      name,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, one]) => one),
      type,
      help,
    }),
  );
  const families = [...parsePrometheus(await metrics.text())].map(([name, { type, help, samples }]) => {
    const [first = ''] = samples.keys();
    const labels = [...first.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
    return { name, labels, type, help };
  });
  assert.deepEqual(documented, families);
  assert(documented.length > 20);
});
