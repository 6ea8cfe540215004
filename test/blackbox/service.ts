import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { STSClient } from '@aws-sdk/client-sts';
import { eventually } from './eventually.ts';
import { type Ended, Program } from './program.ts';

export interface ServeOptions {
  /** Behind `serve --port 0 --data-dir data`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  /** Who its clients are; anybody when left out. */
  readonly credentials?: Credentials;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What the service answers a raw request: a JSON document of the API. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A service may live as long as all the tests of a file, which are ended when it does not come to their end. */
const LIFE_MS = 120_000;
const ANYBODY: Credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
const STOPPING = 'Stopping: what is under way is given a moment. Once more ends at once.\n';
/** Folders of the data folder that are empty when nothing is under way. */
const WORKING_FOLDERS = ['data/tmp/models', 'data/s3/tmp', 'data/s3/uploads'];

/**
 * A folder of a test's own with everything that services in it work with. When the test is over it fails if anything was left
 * behind: a process (by a variable in its environment, on Linux), a temporary file.
 */
export class ServiceHome {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-serve-'));
  // No name that begins with MILLRACE_: the service refuses settings that it does not know, and keeps those from model servers.
  readonly #marker = `BLACKBOX_HOME=${randomUUID()}`;
  readonly #programs: Program[] = [];

  /** The home of one test, closed when it is over. */
  constructor(t?: TestContext) {
    mkdirSync(this.path('tmp'));
    t?.after(() => this.close());
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async write(name: string, content: string | Buffer): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), content);
  }

  /** The paths of all files below a folder, hidden ones too, in order. */
  async files(name: string): Promise<string[]> {
    const root = resolve(this.path(name));
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .sort();
  }

  /** `millrace` with these arguments, and no variable of the user's: neither of AWS programs nor of millrace. */
  program(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const { PATH = '' } = process.env;
    const [variable = '', value = ''] = this.#marker.split('=');
    const own = { PATH, HOME: this.folder, TMPDIR: this.path('tmp'), ORT_DISABLE_TELEMETRY: '1', [variable]: value };
    const program = new Program(args, { cwd: this.folder, env: { ...own, ...env }, timeoutMs: LIFE_MS });
    this.#programs.push(program);
    return program;
  }

  /** Starts a service and waits for its address. */
  async serve(options: ServeOptions = {}): Promise<Service> {
    const program = this.#serve(options);
    const url = await program.found(/^millrace serves at (http:\/\/\S+)$/m);
    return new Service(program, url, options.credentials);
  }

  /** Starts a service that is to be refused. One that serves all the same ends with status 0. */
  refused(options: ServeOptions = {}): Promise<Ended> {
    const program = this.#serve(options);
    program.said(/^millrace serves at /m).then(
      () => program.kill('SIGTERM'),
      () => undefined,
    );
    return program.ended;
  }

  #serve({ args = [], env, dataDir = 'data' }: ServeOptions): Program {
    return this.program(['serve', '--port', '0', '--data-dir', dataDir, ...args], env);
  }

  /** Processes of this home that run. */
  async processes(): Promise<{ readonly pid: number; readonly command: string }[]> {
    if (process.platform !== 'linux') return [];
    const found = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      if (!environ.split('\0').includes(this.#marker)) continue;
      const command = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
      found.push({ pid: Number(name), command: command.replaceAll('\0', ' ') });
    }
    return found;
  }

  /** Fails when there is something that only work under way may leave in the data folder. */
  async assertNothingUnderWay(): Promise<void> {
    const left = [];
    for (const folder of WORKING_FOLDERS) left.push(...(await this.files(folder)).map((file) => join(folder, file)));
    assert.deepEqual(left, [], 'files of work under way were left behind');
    assert.deepEqual(await readdir(this.path('tmp')), [], 'temporary files were left behind');
  }

  async close(): Promise<void> {
    try {
      for (const program of this.#programs) program.kill('SIGKILL');
      // What was killed needs a moment to vanish.
      const gone = async (): Promise<boolean> => (await this.processes()).length === 0;
      await eventually('no process is left', gone, 3000).catch(() => undefined);
      const left = await this.processes();
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      assert.deepEqual(left, [], 'processes were left behind');
      await this.assertNothingUnderWay();
    } finally {
      await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

/** What differs between clients: who they are, where they think that the service is, and what time it is. */
export interface ClientOptions {
  readonly credentials?: Credentials;
  readonly region?: string;
  /** Milliseconds that their clock is ahead. */
  readonly systemClockOffset?: number;
}

export interface Clients {
  readonly sagemaker: SageMakerClient;
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
  readonly sts: STSClient;
}

/** A `millrace serve` that answers. */
export class Service implements Clients {
  readonly url: string;
  readonly port: number;
  readonly sagemaker: SageMakerClient;
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
  readonly sts: STSClient;
  readonly #program: Program;
  readonly #clients: { destroy(): void }[] = [];

  constructor(program: Program, url: string, credentials: Credentials = ANYBODY) {
    this.#program = program;
    this.url = url;
    this.port = Number(new URL(url).port);
    const { sagemaker, s3, logs, sts } = this.clients({ credentials });
    this.sagemaker = sagemaker;
    this.s3 = s3;
    this.logs = logs;
    this.sts = sts;
  }

  /** Further clients, which are closed with the service. */
  clients({ credentials = ANYBODY, region = 'us-east-1', systemClockOffset = 0 }: ClientOptions): Clients {
    // What is tried again behind a test's back could hide a fault.
    const config = { endpoint: this.url, region, credentials, systemClockOffset, maxAttempts: 1 };
    const clients = {
      sagemaker: new SageMakerClient(config),
      s3: new S3Client({ ...config, forcePathStyle: true }),
      logs: new CloudWatchLogsClient(config),
      sts: new STSClient(config),
    };
    this.#clients.push(...Object.values(clients));
    return clients;
  }

  /** A request of the API that no client would send, or whose answer no client shows whole. */
  async call(operation: string, input: object = {}): Promise<Answer> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `SageMaker.${operation}` },
      body: JSON.stringify(input),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  }

  /**
   * Tells it to stop, which it has to do well: with status 0, and without a word of anything that went wrong.
   *
   * @param said what else it has told whoever runs it
   */
  async stop(said = ''): Promise<void> {
    this.#disconnect();
    this.#program.kill('SIGTERM');
    const { status, signal, stderr, all } = await this.#program.ended;
    assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: said + STOPPING }, all);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#disconnect();
    this.#program.kill('SIGKILL');
    const { signal, all } = await this.#program.ended;
    assert.equal(signal, 'SIGKILL', all);
  }

  #disconnect(): void {
    for (const client of this.#clients) client.destroy();
  }
}

/**
 * One service for all tests of a file: started before the first of them, stopped after the last.
 *
 * @param prepare what all of them need; not in a hook of its own, because hooks of a file do not wait for each other
 */
export function serviceOfFile(
  options: ServeOptions = {},
  prepare: (service: Service, home: ServiceHome) => Promise<void> = () => Promise.resolve(),
): { readonly service: Service; readonly home: ServiceHome } {
  const home = new ServiceHome();
  let service: Service | undefined;
  before(async () => {
    service = await home.serve(options);
    await prepare(service, home);
  });
  after(async () => {
    try {
      await service?.stop();
    } finally {
      await home.close();
    }
  });
  return {
    home,
    get service() {
      assert.ok(service, 'the service runs while tests do');
      return service;
    },
  };
}
