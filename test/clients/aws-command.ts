import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from '../blackbox/program.ts';
import type { AwsAnswer } from './aws-answer.ts';
import type { ClientProgram } from './client-program.ts';
import type { ClientService } from './client-service.ts';

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface AwsRunOptions {
  readonly input?: string | Buffer;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Ended {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The AWS command line, talking to a service. */
export class AwsCommand {
  readonly program: ClientProgram;
  readonly service: ClientService;

  constructor(program: ClientProgram, service: ClientService) {
    this.program = program;
    this.service = service;
  }

  /** Version 1 is still made, and lacks some commands; its number says nothing of its age. */
  get isVersion1(): boolean {
    return this.program.version.startsWith('1.');
  }

  /** An empty folder for a test's files, gone with the service. */
  folder(): Promise<string> {
    return mkdtemp(join(this.service.folder, 'files-'));
  }

  /** What `aws ARGS` prints; fails when it does not succeed. */
  async run(args: readonly string[], options?: AwsRunOptions): Promise<string> {
    return (await this.bytes(args, options)).toString();
  }

  async bytes(args: readonly string[], options?: AwsRunOptions): Promise<Buffer> {
    const { status, stdout, stderr } = await this.#execute(args, options);
    assert.equal(status, 0, `aws ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  /** What `aws ARGS` prints, read as JSON. */
  async json(args: readonly string[], options?: AwsRunOptions): Promise<AwsAnswer> {
    const text = await this.run([...args, '--output', 'json'], options);
    return text === '' ? {} : (JSON.parse(text) as AwsAnswer);
  }

  /** What `aws ARGS` complains of; fails when it succeeds. */
  async refused(args: readonly string[], options?: AwsRunOptions): Promise<string> {
    const { status, stdout, stderr } = await this.#execute(args, options);
    assert.notEqual(status, 0, `aws ${args.join(' ')} succeeded: ${stdout}`);
    return `${stdout}${stderr}`;
  }

  /** A run that goes on, in a process group of its own. */
  start(args: readonly string[]): Program {
    return new Program([], {
      command: [this.program.file, ...this.#endpoint(), ...args],
      cwd: this.service.folder,
      env: { ...this.service.environment(), PYTHONUNBUFFERED: '1' },
      timeoutMs: TIMEOUT_MS,
    });
  }

  #endpoint(): string[] {
    return this.program.readsEndpointUrl ? [] : ['--endpoint-url', this.service.url];
  }

  #execute(args: readonly string[], { input = '', cwd, env }: AwsRunOptions = {}): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const options = {
        cwd: cwd ?? this.service.folder,
        env: { ...this.service.environment(), ...env },
        timeout: TIMEOUT_MS,
        maxBuffer: MAX_OUTPUT_BYTES,
        encoding: 'buffer',
      } as const;
      const done = (error: unknown, stdout: Buffer, stderr: Buffer): void => {
        const status = error === null ? 0 : (error as { readonly code?: unknown }).code;
        if (typeof status === 'number') resolve({ status, stdout, stderr: stderr.toString() });
        else reject(error);
      };
      const child = execFile(this.program.file, [...this.#endpoint(), ...args], options, done);
      // A run that is refused before it reads has closed its standard input.
      child.stdin?.on('error', () => undefined).end(input);
    });
  }
}
