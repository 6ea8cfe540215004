import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../blackbox/program.ts';

export interface ServiceOptions {
  /** Further options of `millrace serve`. */
  readonly args?: readonly string[];
  /** The access key that may sign requests, and whose signatures are verified then. */
  readonly accessKey?: { readonly id: string; readonly secret: string };
}

/** What a suite may take: the service is killed, and the suite fails, beyond it. */
const LIFE_MS = 300_000;
/** All that a service says of its own accord when nothing has gone wrong in it. */
const PARTING = 'Stopping: what is under way is given a moment. Once more ends at once.\n';

/** `millrace serve` as a program of its own, in a folder of its own, for the programs of a suite. */
export class ClientService {
  readonly url: string;
  readonly folder: string;
  readonly #program: Program;
  readonly #options: ServiceOptions;

  private constructor(program: Program, url: string, folder: string, options: ServiceOptions) {
    this.#program = program;
    this.url = url;
    this.folder = folder;
    this.#options = options;
  }

  static async start(options: ServiceOptions = {}): Promise<ClientService> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-clients-'));
    await Promise.all(['tmp', 'home'].map((name) => mkdir(join(folder, name))));
    const { PATH = '' } = process.env;
    const { args = [], accessKey } = options;
    const program = new Program(['serve', '--port', '0', '--data-dir', join(folder, 'data'), ...args], {
      cwd: folder,
      // Complete: variables of the suite itself begin with MILLRACE_ too, and the service refuses those it does not know.
      env: {
        PATH,
        HOME: join(folder, 'home'),
        TMPDIR: join(folder, 'tmp'),
        ...(accessKey && { MILLRACE_ACCESS_KEYS: `${accessKey.id}:${accessKey.secret}` }),
      },
      timeoutMs: LIFE_MS,
    });
    const url = await program.found(/^millrace serves at (http:\S+)$/m);
    return new ClientService(program, url, folder, options);
  }

  /** What client programs are started with: the service and nothing of this machine's own configuration. */
  environment(): Record<string, string> {
    const { PATH = '' } = process.env;
    const { accessKey } = this.#options;
    return {
      PATH,
      HOME: join(this.folder, 'home'),
      TMPDIR: join(this.folder, 'tmp'),
      // Names of objects are given as arguments; in the C locale Python would not take all of them.
      LC_ALL: 'C.UTF-8',
      AWS_ENDPOINT_URL: this.url,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: accessKey?.id ?? 'any',
      AWS_SECRET_ACCESS_KEY: accessKey?.secret ?? 'any',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      // Nothing is tried again: an answer that is wrong only now and then would go unseen.
      AWS_MAX_ATTEMPTS: '1',
    };
  }

  /** Ends it as its user would. Fails when it had anything to complain of, which it says while it runs. */
  async close(): Promise<void> {
    this.#program.kill('SIGTERM');
    try {
      const { status, stderr } = await this.#program.ended;
      assert.deepEqual({ status, stderr }, { status: 0, stderr: PARTING });
    } finally {
      await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}
