import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { Instance, InstanceDriver } from './instance.ts';
import { OutputLines } from './output-lines.ts';
import { groupRuns, signalGroup } from './process-group.ts';

/** What a model server gets between SIGTERM and SIGKILL (behaviour 3). */
const STOP_MS = 30_000;
/** How often is looked whether a process group is empty, which no event tells. */
const STOP_POLL_MS = 25;

export interface ProcessSpec {
  /** A program with its arguments, or a line for the shell. */
  readonly command: { readonly file: string; readonly args: readonly string[] } | { readonly shell: string };
  readonly cwd: string;
  /** The whole environment but for the port. */
  readonly environment: Readonly<Record<string, string>>;
  /** True for millrace's own servers: they end by themselves when the channel to their parent does. */
  readonly followsParent: boolean;
  /** Called for every line that the server prints. */
  readonly onLine: (line: string) => void;
}

/**
 * What a line for the shell is started with: a watcher in its process group waits for the end of a pipe that this process
 * holds open and nobody writes to, and then ends the group. So a server ends with millrace, even after a kill -9 of it. The
 * group's SIGTERM ends the watcher, too, so that an orderly stop does not wait for it.
 */
const WATCHED = '{ read -r _ <&3; kill -KILL 0; } </dev/null >/dev/null 2>&1 & exec 3<&-; exec /bin/sh -c "$0"';

/**
 * Model servers as child processes, each in a process group of its own so that nothing of it is left behind, whatever way
 * this process ends (on Windows: whatever way but a kill).
 */
export function processDriver(spec: ProcessSpec): InstanceDriver {
  return { launch: () => launch(spec) };
}

async function launch(spec: ProcessSpec): Promise<Instance> {
  const port = await freePort();
  const env = { ...spec.environment, SAGEMAKER_BIND_TO_PORT: String(port) };
  const { command } = spec;
  const watched = 'shell' in command && process.platform !== 'win32';
  const [file, args] =
    'file' in command
      ? [command.file, command.args]
      : watched
        ? ['/bin/sh', ['-c', WATCHED, command.shell]]
        : [command.shell, []];
  const child = spawn(file, args, {
    cwd: spec.cwd,
    env,
    shell: 'shell' in command && !watched,
    detached: true,
    stdio: [
      'ignore',
      'pipe',
      'pipe',
      ...(spec.followsParent ? (['ipc'] as const) : watched ? (['pipe'] as const) : []),
    ],
  });
  const lines = new OutputLines(spec.onLine);
  child.stdout?.on('data', (bytes: Buffer) => lines.push('stdout', bytes));
  child.stderr?.on('data', (bytes: Buffer) => lines.push('stderr', bytes));
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${causeOf(error)}`));
    // 'close' comes after the last output, but not while a grandchild keeps the pipe open: then 'exit' has to do.
    child.once('exit', (code, signal) => {
      child.stdio[3]?.destroy(); // the watcher would keep it open, and 'close' waiting
      const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      void Promise.race([once(child, 'close'), sleep(200)]).then(() => {
        lines.end();
        resolve(how);
      });
    });
  });
  if (child.pid === undefined) {
    throw new MillraceError('ModelExited', { container: undefined, how: await exited, output: '' });
  }
  let stopping: Promise<void> | undefined;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    exited,
    lastWords: () => lines.last(),
    stop: (signal) => {
      stopping ??= stop(child, exited, signal);
      return stopping;
    },
  };
}

async function stop(child: ChildProcess, exited: Promise<string>, atOnce: AbortSignal): Promise<void> {
  if (child.connected) child.disconnect();
  const group = child.pid as number;
  signalGroup(group, 'SIGTERM');
  // What the leader started may live on without it: a worker that finishes its work, the server itself when the leader is its
  // shell. The time is theirs too.
  const over = new AbortController();
  const time = AbortSignal.any([atOnce, over.signal]);
  const timeout = sleep(STOP_MS, undefined, { signal: time }).catch(() => undefined);
  let inTime = true;
  void timeout.then(() => {
    inTime = false;
  });
  await Promise.race([exited, timeout]);
  while (inTime && (await groupRuns(group))) await sleep(STOP_POLL_MS);
  over.abort();
  signalGroup(group, 'SIGKILL');
  await exited;
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/** A port that was free a moment ago. The server binds it itself, as it would in its container. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
