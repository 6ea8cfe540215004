import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { Catalog, JobRow, JobStatus } from '../src/catalog/catalog.ts';
import { openDatabase } from '../src/catalog/database.ts';
import { sqliteCatalog } from '../src/catalog/sqlite-catalog.ts';
import type { Clock } from '../src/core/clock.ts';
import { MillraceError } from '../src/core/errors.ts';
import type { InstanceDriver } from '../src/instances/instance.ts';
import { runningDriver } from '../src/instances/running-driver.ts';
import type { ContainerOrder, ContainerSource, PreparedContainer } from '../src/jobs/container-source.ts';
import { createJob } from '../src/jobs/create-job.ts';
import type { JobDefinition } from '../src/jobs/job-definition.ts';
import type { JobLog, JobLogs } from '../src/jobs/job-logs.ts';
import type { JobStores } from '../src/jobs/job-places.ts';
import { JobRun } from '../src/jobs/job-run.ts';
import { Reconciler, type ReconcilerOptions } from '../src/jobs/reconciler.ts';
import { BucketObjectStore } from '../src/objects/local/bucket-object-store.ts';
import { openLocalStore } from '../src/objects/local/local-store.ts';
import type { ObjectStore } from '../src/objects/object-store.ts';
import { never, readAll, writeAll } from './contract/store-under-test.ts';
import { MemoryAttributes } from './memory-attributes.ts';

export const START = Date.parse('2026-11-22T10:20:30.000Z');
/** What a test waits for comes within milliseconds, or not at all. */
const PATIENCE_MS = 10_000;

/** A clock that stands until somebody moves it; whoever sleeps wakes at once. */
export class TestClock implements Clock {
  ms = START;

  now(): number {
    return this.ms;
  }

  async sleep(_ms: number, signal: AbortSignal): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

export type Answer = (body: string, response: ServerResponse, request: IncomingMessage) => void;

/** The model: its input in capital letters. */
export const capitals: Answer = (body, response) => void response.end(body.toUpperCase());

/** Images that tests can have: `model` answers, as `answer` says; `broken` cannot be prepared. */
export class TestContainers implements ContainerSource {
  readonly orders: ContainerOrder[] = [];
  /** Prepared and not disposed of. */
  open = 0;
  /** Makes what is prepared wait; the order's signal is not looked at. */
  gate: Promise<void> | undefined;
  driver: InstanceDriver;
  readonly #onOrder: () => void;

  constructor(url: URL, onOrder: () => void) {
    this.driver = runningDriver(url);
    this.#onOrder = onOrder;
  }

  check(image: string): void {
    if (!['model', 'broken'].includes(image)) throw new MillraceError('ImageNotMapped', { image });
  }

  async prepare(order: ContainerOrder): Promise<PreparedContainer> {
    this.orders.push(order);
    this.#onOrder();
    await this.gate;
    if (order.image === 'broken')
      throw new MillraceError('ModelNotFound', { model: 's3://models/x', cause: 'it is not there' });
    this.open += 1;
    const dispose = async (): Promise<void> => {
      this.open -= 1;
    };
    return { driver: this.driver, dispose };
  }
}

/** Log streams with their lines. */
export class TestLogs implements JobLogs {
  readonly lines = new Map<string, string[]>();
  open = 0;

  stream(_job: string, name: string): JobLog {
    assert(!this.lines.has(name), `${name} was opened before`);
    const lines: string[] = [];
    this.lines.set(name, lines);
    this.open += 1;
    return {
      write: (line) => void lines.push(line),
      close: async () => {
        this.open -= 1;
      },
    };
  }

  async removeJob(): Promise<void> {}

  dataLog(): string[] {
    return [...this.lines].flatMap(([name, lines]) => (name.endsWith('/data-log') ? lines : []));
  }
}

/** Everything that jobs run on, with the model server `answer`; the buckets `data` and `results` are there. */
export class JobsUnderTest {
  readonly clock = new TestClock();
  readonly logs = new TestLogs();
  readonly catalog: Catalog;
  readonly stores: JobStores;
  readonly containers: TestContainers;
  /** `name status`, as the reconciler told them. */
  readonly changes: string[] = [];
  readonly errors: unknown[] = [];
  /** The output keys that were swept, by `bucket/prefix`. */
  readonly swept: string[] = [];
  answer: Answer = capitals;
  /** Bodies of the requests that came. */
  readonly requests: string[] = [];
  readonly #reconcilers: Reconciler[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(catalog: Catalog, stores: JobStores, url: URL) {
    this.catalog = catalog;
    this.stores = stores;
    this.containers = new TestContainers(url, () => this.#notify());
  }

  store(bucket = 'data'): Promise<ObjectStore> {
    return this.stores.bucket(bucket, undefined);
  }

  async put(objects: Readonly<Record<string, string>>, bucket = 'data'): Promise<void> {
    for (const [key, text] of Object.entries(objects)) await writeAll(await this.store(bucket), key, Buffer.from(text));
  }

  /** Objects of a bucket by their keys. */
  async objects(prefix = '', bucket = 'results'): Promise<Record<string, string>> {
    const store = await this.store(bucket);
    const found: Record<string, string> = {};
    for await (const { key } of store.list(prefix, never)) found[key] = (await readAll(store, key)).toString();
    return found;
  }

  /** Adds a job that transforms the lines of `s3://data/in/` into `s3://results/<name>/`. */
  async create(name: string, some: Partial<JobDefinition> = {}): Promise<JobRow> {
    const definition: JobDefinition = {
      wishes: { 'split-type': 'Line', 'assemble-with': 'Line', 'content-type': 'text/csv', ...some.wishes },
      input: some.input ?? { kind: 'S3Prefix', uri: 's3://data/in/' },
      output: some.output ?? { uri: `s3://results/${name}` },
      ...(some.capture === undefined ? {} : { capture: some.capture }),
      environment: some.environment ?? {},
      containers: some.containers ?? [{ image: 'model', environment: {} }],
    };
    const arn = `arn:transform-job/${name.toLowerCase()}`;
    const order = { name, arn, createdAt: this.clock.now(), request: '{}', definition, tags: [] };
    const job = await createJob(order, this, never);
    assert(job !== undefined, 'the job is there already');
    return job;
  }

  reconciler(some: Partial<ReconcilerOptions> = {}): Reconciler {
    const { catalog, stores, containers, logs, clock } = this;
    const reconciler = new Reconciler({
      catalog,
      stores,
      containers,
      logs,
      clock,
      startupTimeoutMs: 10_000,
      drainMs: 5000,
      maxInstances: 2,
      onChange: ({ name, status }) => {
        this.changes.push(`${name} ${status}`);
        this.#notify();
      },
      onError: (error) => {
        this.errors.push(error);
        this.#notify();
      },
      ...some,
    });
    this.#reconcilers.push(reconciler);
    return reconciler;
  }

  /** A job as the reconciler would run it. */
  run(job: JobRow, { resumed = false, drainMs = 5000 } = {}): JobRun {
    const { catalog, stores, containers, logs, clock } = this;
    return new JobRun(job, resumed, { catalog, stores, containers, logs, clock, startupTimeoutMs: 10_000, drainMs });
  }

  /** Makes requests wait for their answers: `asked` when the first has come, until `answer` is called. */
  holdBack(): { readonly asked: Promise<void>; readonly answer: () => void } {
    const asked = Promise.withResolvers<void>();
    const answers: (() => void)[] = [];
    this.answer = (body, response, request) => {
      answers.push(() => capitals(body, response, request));
      asked.resolve();
    };
    const answer = (): void => {
      for (const one of answers.splice(0)) one();
    };
    return { asked: asked.promise, answer };
  }

  /** Asks for a stop as the API does. */
  async stop(name: string, reconciler: Reconciler): Promise<void> {
    const { id } = await this.job(name);
    const stopping = await this.catalog.jobs.change(id, ['InProgress'], { status: 'Stopping' }, this.clock.now());
    assert(stopping !== undefined, 'the job does not run');
    reconciler.wake();
  }

  async job(name: string): Promise<JobRow> {
    const job = await this.catalog.jobs.get(name);
    assert(job !== undefined, `there is no job ${name}`);
    return job;
  }

  /** The job when it has one of the statuses. */
  async until(name: string, ...statuses: readonly JobStatus[]): Promise<JobRow> {
    await this.when(async () => statuses.includes((await this.job(name)).status), `${name} to be ${statuses}`);
    return this.job(name);
  }

  /** Waits until something is so, which is looked at whenever anything happens. */
  async when(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE_MS);
    while (!(await isSo())) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watchers.add(resolve);
      late.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#watchers.delete(resolve);
      if (late.aborted) assert.fail(`waited for ${what}; changes: ${this.changes}; errors: ${this.errors}`);
    }
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      if (request.url !== '/ping') response.statusCode = 404;
      return void response.end();
    }
    const body = (await buffer(request)).toString();
    this.requests.push(body);
    this.answer(body, response, request);
    this.#notify();
  }

  async close(): Promise<void> {
    await Promise.all(this.#reconcilers.map((reconciler) => reconciler.close()));
    assert.equal(this.containers.open, 0, 'models that were fetched are disposed of');
    assert.equal(this.logs.open, 0, 'log streams are closed');
  }

  #notify(): void {
    for (const resolve of this.#watchers) resolve();
  }
}

export async function jobsUnderTest(t: TestContext): Promise<JobsUnderTest> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-jobs-'));
  const objects = await openLocalStore(root, new MemoryAttributes());
  for (const bucket of ['data', 'results']) assert(await objects.createBucket(bucket));
  const catalog = sqliteCatalog(await openDatabase(':memory:'));
  const server = createServer((request, response) => {
    void under.handle(request, response).catch(() => response.destroy()); // a request that was cut off
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stores: JobStores = {
    bucket: async (name) => new BucketObjectStore(objects, name),
    sweep: async (bucket, prefix, isOurs) => {
      const keys = ['a.out', 'b.out', 'b.out.errors.jsonl', 'c.out'].map((name) => `${prefix}/${name}`);
      under.swept.push(...keys.filter(isOurs).map((key) => `${bucket}/${key}`));
    },
  };
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const under = new JobsUnderTest(catalog, stores, url);
  t.after(async () => {
    try {
      await under.close();
    } finally {
      server.closeAllConnections();
      server.close();
      await catalog.close();
      await rm(root, { recursive: true, force: true });
    }
  });
  return under;
}

/** `target` with some of its methods replaced. */
export function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      // Private members are the target's own, so its methods cannot be called on the proxy.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The catalog with some of the questions about jobs answered otherwise. */
export function withJobs({ catalog }: JobsUnderTest, methods: Partial<Catalog['jobs']>): Catalog {
  return { ...catalog, jobs: withMethods(catalog.jobs, methods) };
}

/** Whatever can happen without waiting has happened then. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
