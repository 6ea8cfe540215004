import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import type { ClientProgram } from './client-program.ts';
import type { ClientService } from './client-service.ts';

const TIMEOUT_MS = 120_000;

/** A line that `python/checks.py` prints: first how many checks there will be, then each when it is over. */
type Report = { readonly planned: number } | Check;

interface Check {
  readonly check: string;
  /** The traceback. */
  readonly failed?: string;
  readonly skipped?: string;
}

/** Python with boto3, talking to a service. */
export class PythonScript {
  readonly program: ClientProgram;
  readonly service: ClientService;

  constructor(program: ClientProgram, service: ClientService) {
    this.program = program;
    this.service = service;
  }

  /** Runs a script of the folder `python`; each of its checks is a subtest. Fails when not all that were planned are there. */
  async check(t: TestContext, script: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(this.program.file, [join(import.meta.dirname, 'python', script)], {
      cwd: this.service.folder,
      env: this.#environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const ended = once(child, 'close');
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    let planned = 0;
    let reported = 0;
    for await (const line of createInterface(child.stdout)) {
      const report = JSON.parse(line) as Report;
      if ('planned' in report) {
        planned = report.planned;
        continue;
      }
      reported += 1;
      await t.test(report.check, { skip: report.skipped ?? false }, () => {
        if (report.failed !== undefined) throw tracedError(report.failed);
      });
    }
    const [status, signal] = await ended;
    assert.deepEqual({ status, signal, complaints }, { status: 0, signal: null, complaints: '' }, script);
    assert(planned > 0 && reported === planned, `${script}: ${reported} of ${planned} checks were reported`);
  }

  /** What a script prints that is no script of checks; fails when it does not succeed. */
  async run(file: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const child = spawn(this.program.file, [file], {
      cwd: this.service.folder,
      env: this.#environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const texts = [child.stdout, child.stderr].map(async (stream) => Buffer.concat(await stream.toArray()).toString());
    const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), ...texts]);
    assert.equal(status, 0, `${file}: ${stdout}${stderr}`);
    return stdout ?? '';
  }

  #environment(env: Readonly<Record<string, string>>): Record<string, string> {
    // The folder of the scripts is not this program's to write into.
    return { ...this.service.environment(), PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', ...env };
  }
}

/** An error whose stack is the Python one, which says more than where a line of output was read. */
function tracedError(traceback: string): Error {
  const error = new Error(traceback.trimEnd().split('\n').at(-1));
  error.stack = traceback;
  return error;
}
