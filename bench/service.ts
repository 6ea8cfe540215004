// What `millrace serve` does beside its jobs: the API, the objects, ten thousand jobs.
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../src/catalog/database.ts';
import type { BenchContext, Measurement } from './cases.ts';
import { oneFile } from './data.ts';
import { curl, serviceProcess, wrkTarget } from './programs.ts';

const JOBS = 10_000;
const MB = 1e6;

export async function* service(context: BenchContext): AsyncIterable<Measurement> {
  const dataDir = join(context.folder, 'service');
  const began = performance.now();
  let running = await serviceProcess(dataDir);
  yield absolute('millrace serve: start to answer', 'ms', performance.now() - began, 1000, true);
  try {
    const model = createServer((_request, response) => response.end('1\n')).listen(0, '127.0.0.1');
    await once(model, 'listening');
    try {
      yield await tinyJob(running.url, `http://127.0.0.1:${(model.address() as AddressInfo).port}`);
    } finally {
      model.closeAllConnections();
      model.close();
    }
    yield* objects(running.url, context);
    await running.close();
    await fill(join(dataDir, 'millrace.db'));
    running = await serviceProcess(dataDir);
    yield await listing(running.url);
    const seconds = context.short ? 2 : 5;
    const describe = await wrkTarget(running.url, 'SageMaker.DescribeTransformJob', '{"TransformJobName":"tiny"}', {
      seconds,
      folder: context.folder,
    });
    if (describe !== undefined) {
      yield absolute('DescribeTransformJob, 32 connections', 'requests/s', describe, 3000, false);
    }
    yield absolute(
      `memory with ${JOBS.toLocaleString('en-US')} jobs, after that`,
      'MB',
      await peakMB(running.pid),
      300,
      true,
    );
  } finally {
    await running.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function absolute(name: string, unit: string, measured: number, bar: number, below: boolean): Measurement {
  return { name, unit, measured, limit: undefined, bar, below };
}

async function call(url: string, operation: string, input: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `SageMaker.${operation}` },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** From the request that creates a job for one small object to the answer that it is done. */
async function tinyJob(url: string, model: string): Promise<Measurement> {
  await fetch(`${url}/data`, { method: 'PUT' });
  await fetch(`${url}/data/in/x.csv`, { method: 'PUT', body: '1,2\n' });
  await call(url, 'CreateModel', { ModelName: 'tiny', PrimaryContainer: { Image: model } });
  const began = performance.now();
  await call(url, 'CreateTransformJob', {
    TransformJobName: 'tiny',
    ModelName: 'tiny',
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/in/' } },
      SplitType: 'Line',
    },
    TransformOutput: { S3OutputPath: 's3://data/out' },
    TransformResources: { InstanceType: 'local', InstanceCount: 1 },
  });
  for (let status: unknown = 'InProgress'; status !== 'Completed'; ) {
    status = (await call(url, 'DescribeTransformJob', { TransformJobName: 'tiny' }))['TransformJobStatus'];
    if (status === 'Failed') throw new Error('the job failed');
    await sleep(5);
  }
  return absolute(
    'a job for one tiny object, model running: created to Completed',
    'ms',
    performance.now() - began,
    1000,
    true,
  );
}

async function* objects(url: string, { folder, short }: BenchContext): AsyncIterable<Measurement> {
  const data = join(folder, 'upload');
  const file = join(await oneFile(data, (short ? 100 : 1000) * MB, 200), 'data.csv');
  const { size } = await stat(file);
  const up = await curl(['-T', file, `${url}/data/large`]);
  if (up === undefined) return;
  yield absolute('upload of one object (curl, synced to disk)', 'MB/s', size / MB / up, 200, false);
  const down = await curl(['-o', '/dev/null', `${url}/data/large`]);
  if (down !== undefined) yield absolute('download of it (curl)', 'MB/s', size / MB / down, 200, false);
  await fetch(`${url}/data/large`, { method: 'DELETE' });
  await rm(data, { recursive: true });
}

/** Jobs that have ended, as the catalog keeps them: to create and run so many would take minutes. */
async function fill(file: string): Promise<void> {
  const database = await openDatabase(file);
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${JOBS})
    INSERT INTO jobs (name, arn, status, created_at, started_at, ended_at, modified_at, request, definition, counts)
    SELECT 'job-' || i, 'arn:aws:sagemaker:us-east-1:000000000000:transform-job/job-' || i, 'Completed', 1.8e12 + i, 1.8e12 + i,
      1.8e12 + i, 1.8e12 + i, request, definition, counts FROM n, (SELECT * FROM jobs WHERE name = 'tiny')`);
  database.close();
}

/** The median of pages with a filter that no index helps with. */
async function listing(url: string): Promise<Measurement> {
  const times: number[] = [];
  for (let round = 0; round < 21; round++) {
    const began = performance.now();
    const page = await call(url, 'ListTransformJobs', { NameContains: '7', MaxResults: 100, SortBy: 'Name' });
    times.push(performance.now() - began);
    if ((page['TransformJobSummaries'] as unknown[]).length !== 100) throw new Error('a page has 100 jobs');
  }
  times.sort((a, b) => a - b);
  return absolute(
    `ListTransformJobs of ${JOBS.toLocaleString('en-US')}, filtered, sorted`,
    'ms',
    times[10] ?? 0,
    50,
    true,
  );
}

/** The most memory that a process has had. */
async function peakMB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? Number.NaN) * 1024) / MB;
}
