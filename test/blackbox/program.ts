import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const RUN_BUILT = fileURLToPath(new URL('./run-dist.mjs', import.meta.url));

/** The program under test: `MILLRACE_BIN` (a JavaScript file), or what `npm run build` made of this checkout. */
export function programFile(): string {
  const given = process.env['MILLRACE_BIN'];
  if (given !== undefined) return given;
  assert.ok(existsSync(BUILT), `${BUILT} is missing: npm run build first, or set MILLRACE_BIN`);
  return RUN_BUILT;
}

/** How a run of the program ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for the messages of assertions. */
  readonly all: string;
}

export interface StartOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Killed, and the test failed, when it takes longer. */
  readonly timeoutMs: number;
  /** Runs it as another user, when we are root and want to be refused something. */
  readonly uid?: number;
  /** What to run instead of the program, with its arguments. */
  readonly command?: readonly [string, ...string[]];
}

interface Watch {
  readonly pattern: RegExp;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A run of the program, in a process group of its own as a shell would start it. */
export class Program {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #watches = new Set<Watch>();
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], { cwd, env, timeoutMs, uid, command }: StartOptions) {
    const [file, ...rest] = command ?? [process.execPath, programFile(), ...args];
    const child = spawn(file, rest, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#took('stdout', text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#took('stderr', text));
    this.ended = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.kill('SIGKILL');
        reject(new Error(`millrace ${args.join(' ')} did not end within ${timeoutMs} ms; it said:\n${this.#all}`));
      }, timeoutMs);
      child.once('error', reject);
      child.once('close', (status, signal) => {
        clearTimeout(timer);
        resolve({ status, signal, stdout: this.#stdout, stderr: this.#stderr, all: this.#all });
        for (const watch of this.#watches) {
          watch.reject(
            new Error(`millrace ended (${status ?? signal}) before ${watch.pattern}; it said:\n${this.#all}`),
          );
        }
      });
    });
    this.ended.catch(() => undefined); // whoever awaits it hears of it; nobody may
  }

  /** Resolves when what it printed so far matches; rejects when it ends first. */
  said(pattern: RegExp): Promise<void> {
    if (pattern.test(this.#all)) return Promise.resolve();
    return new Promise((resolve, reject) => this.#watches.add({ pattern, resolve, reject }));
  }

  /** Resolves with `event`; rejects when the program ends first, after which it may never come. */
  async until(event: Promise<void>): Promise<void> {
    const ended = this.ended.then(({ status, signal, all }) => {
      throw new Error(`millrace ended (${status ?? signal}) before what the test waits for; it said:\n${all}`);
    });
    await Promise.race([event, ended]);
  }

  /** The first group of a pattern, when it was printed. */
  async found(pattern: RegExp): Promise<string> {
    await this.said(pattern);
    return pattern.exec(this.#all)?.[1] ?? '';
  }

  /** The most memory that it had so far, in bytes, while it runs; only Linux tells. */
  peakMemory(): number | undefined {
    if (process.platform !== 'linux') return undefined;
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Signals the process group, as Ctrl-C does; a no-op when it has ended. */
  kill(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.#child.pid as number), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  get #all(): string {
    return `${this.#stdout}${this.#stderr}`;
  }

  #took(name: 'stdout' | 'stderr', text: string): void {
    if (name === 'stdout') this.#stdout += text;
    else this.#stderr += text;
    for (const watch of this.#watches) {
      if (!watch.pattern.test(this.#all)) continue;
      this.#watches.delete(watch);
      watch.resolve();
    }
  }
}
