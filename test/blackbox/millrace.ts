import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Ended, Program, programFile } from './program.ts';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
/** Nobody in particular: who runs the program where root would be let through. */
export const NOBODY = 65_534;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly uid?: number;
  readonly command?: readonly [string, ...string[]];
}

/**
 * A folder of a test's own, in which it runs the program. When the test is over it fails if anything was left behind: a
 * process (by a variable in its environment, on Linux), a half-written output, an unpacked model.
 */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  readonly #marker = `MILLRACE_TEST=${randomUUID()}`;
  readonly #programs: Program[] = [];

  constructor(t: TestContext) {
    mkdirSync(this.path('tmp'));
    chmodSync(this.folder, 0o777);
    chmodSync(this.path('tmp'), 0o777);
    t.after(() => this.#close());
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true });
      await writeFile(this.path(name), content);
    }
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  /** Every file below a folder with its text; nothing when there is no such folder. */
  async tree(name: string): Promise<Record<string, string>> {
    const found: [string, string][] = [];
    for (const path of await this.files(name)) found.push([path, await this.read(join(name, path))]);
    return Object.fromEntries(found);
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

  /** The files below a folder, which are gone then. */
  async takeFiles(name: string): Promise<string[]> {
    const files = await this.files(name);
    for (const file of files) await rm(this.path(name, file));
    return files;
  }

  /** Takes away what a killed program could not. */
  async removePartials(name: string): Promise<void> {
    for (const file of await this.files(name)) if (file.endsWith('.partial')) await rm(this.path(name, file));
  }

  /** Starts the program here. */
  start(args: readonly string[], options: RunOptions = {}): Program {
    const [variable = '', value = ''] = this.#marker.split('=');
    const { PATH = '' } = process.env;
    const env = { PATH, HOME: this.folder, TMPDIR: this.path('tmp'), [variable]: value, ...options.env };
    const program = new Program(args, { timeoutMs: 30_000, ...options, cwd: this.folder, env });
    this.#programs.push(program);
    return program;
  }

  /** Runs a line of the shell in which `"$@"` is the program with these arguments. */
  startPipe(script: string, args: readonly string[], options?: RunOptions): Program {
    return this.start(args, {
      ...options,
      command: ['sh', '-c', script, 'sh', process.execPath, programFile(), ...args],
    });
  }

  /** Runs the program here to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** `millrace transform` from `in` to `out`. */
  transform(model: string, args: readonly string[] = [], options?: RunOptions): Promise<Ended> {
    return this.run(transformArgs(model, args), options);
  }

  startTransform(model: string, args: readonly string[] = [], options?: RunOptions): Program {
    return this.start(transformArgs(model, args), options);
  }

  async #close(): Promise<void> {
    try {
      for (const program of this.#programs) program.kill('SIGKILL');
      const left = await this.#processesLeft();
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      assert.deepEqual(left, [], 'processes were left behind');
      const partials = (await this.files('.')).filter((name) => name.endsWith('.partial'));
      assert.deepEqual(partials, [], 'half-written outputs were left behind');
      assert.deepEqual(await readdir(this.path('tmp')), [], 'temporary files were left behind');
    } finally {
      await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /** A killed process needs a moment to vanish; one that lives on is still there after two seconds. */
  async #processesLeft(): Promise<{ pid: number; command: string }[]> {
    for (let tries = 0; ; tries++) {
      const left = await processesWith(this.#marker);
      if (left.length === 0 || tries === 100) return left;
      await sleep(20);
    }
  }
}

function transformArgs(model: string, args: readonly string[]): string[] {
  const where = [
    ...(args.includes('--input') ? [] : ['--input', 'in']),
    ...(args.includes('--output') ? [] : ['--output', 'out']),
  ];
  return ['transform', '--model', model, ...where, ...args];
}

async function processesWith(marker: string): Promise<{ pid: number; command: string }[]> {
  if (process.platform !== 'linux') return [];
  const found = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (!environ.split('\0').includes(marker)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
    found.push({ pid: Number(name), command: command.replaceAll('\0', ' ') });
  }
  return found;
}
