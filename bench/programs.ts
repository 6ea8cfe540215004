import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname;

export interface AgentRun {
  readonly seconds: number;
  readonly bytes: number;
  readonly requests: number;
  readonly records: number;
  readonly objectsDone: number;
  readonly failed: number;
  readonly peakMB: number;
}

/** Runs the agent over a folder; its results are removed again. */
export async function agent(
  url: string,
  input: string,
  options: {
    strategy: string;
    concurrency: number;
    payload?: number;
    records?: number;
    /** Further arguments of agent-process.ts. */
    more?: readonly string[];
  },
): Promise<AgentRun> {
  const output = `${input}-out`;
  await rm(output, { recursive: true, force: true });
  const args = ['--url', url, '--input', input, '--output', output, '--strategy', options.strategy];
  args.push('--concurrency', String(options.concurrency), '--payload', String(options.payload ?? 6));
  if (options.records !== undefined) args.push('--records', String(options.records));
  args.push(...(options.more ?? []));
  const { stdout } = await run(process.execPath, [join(here, 'agent-process.ts'), ...args], { maxBuffer: 2 ** 20 });
  await rm(output, { recursive: true, force: true });
  const result = JSON.parse(stdout) as AgentRun;
  if (result.failed > 0) throw new Error(`${result.failed} objects failed`);
  return result;
}

/** Requests per second that `wrk` gets with one ready-made body; `undefined` where it is not installed. */
export async function wrk(
  url: string,
  body: Buffer,
  options: { concurrency: number; seconds: number; folder: string },
): Promise<number | undefined> {
  const [bodyFile, script] = [join(options.folder, 'wrk-body'), join(options.folder, 'wrk.lua')];
  await writeFile(bodyFile, body);
  const lua = [
    'wrk.method = "POST"',
    'wrk.path = "/invocations"',
    'wrk.headers["Content-Type"] = "text/csv"',
    `wrk.body = io.open("${bodyFile}", "rb"):read("*a")`,
  ];
  await writeFile(script, lua.join('\n'));
  const args = ['-t1', `-c${options.concurrency}`, `-d${options.seconds}`, '--timeout', '30', '-s', script, url];
  try {
    const { stdout } = await run('wrk', args);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A server in a process of its own that prints its port first. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(args: readonly string[], environment: Record<string, string> = {}): Promise<ServerProcess> {
    const child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /(\d+)\D*$/.exec(line)?.[1];
      return new ServerProcess(child, `http://127.0.0.1:${environment['SAGEMAKER_BIND_TO_PORT'] ?? port}`);
    }
    throw new Error(`${args[0]} ended before it printed its port`);
  }

  /** User and system time so far, in seconds; Linux only. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

export function nullServer(...options: string[]): Promise<ServerProcess> {
  return ServerProcess.start([join(here, 'null-server.ts'), ...options]);
}

/** Requests per second that `wrk` gets from an operation of the API; `undefined` where it is not installed. */
export async function wrkTarget(
  url: string,
  target: string,
  body: string,
  { seconds, folder }: { seconds: number; folder: string },
): Promise<number | undefined> {
  const script = join(folder, 'wrk-target.lua');
  const lua = [
    'wrk.method = "POST"',
    'wrk.headers["Content-Type"] = "application/x-amz-json-1.1"',
    `wrk.headers["X-Amz-Target"] = "${target}"`,
    `wrk.body = '${body}'`,
  ];
  await writeFile(script, lua.join('\n'));
  const { stdout } = await run('wrk', ['-t1', '-c32', `-d${seconds}s`, '-s', script, url]).catch(unlessMissing);
  if (stdout === undefined) return undefined;
  if (/Non-2xx/.test(stdout)) throw new Error(`requests failed:\n${stdout}`);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1]);
}

/** Seconds that a transfer with curl takes; `undefined` where it is not installed. */
export async function curl(args: readonly string[]): Promise<number | undefined> {
  const { stdout } = await run('curl', ['-sS', '--fail', '-w', '%{time_total}', ...args]).catch(unlessMissing);
  return stdout === undefined ? undefined : Number(stdout.trim().split('\n').at(-1));
}

function unlessMissing(error: NodeJS.ErrnoException): { stdout: undefined } {
  if (error.code === 'ENOENT') return { stdout: undefined };
  throw error;
}

export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** `millrace serve` as the user runs it. */
export async function serviceProcess(dataDir: string): Promise<ServiceProcess> {
  const program = join(here, '..', 'bin', 'millrace.mjs');
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /serves at (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    const close = async (): Promise<void> => {
      child.kill('SIGTERM');
      await exited;
    };
    return { url, pid: child.pid as number, close };
  }
  throw new Error('millrace serve ended before it answered');
}
