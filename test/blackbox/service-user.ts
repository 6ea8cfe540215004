import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { Sandbox } from './millrace.ts';
import type { Ended, Program } from './program.ts';

export interface UserOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A line of the shell in which `"$@"` is the program. */
  readonly shell?: string;
}

/** Somebody with a shell who talks to a service with `millrace jobs` and `millrace models`. */
export class ServiceUser {
  readonly box: Sandbox;
  readonly #env: Readonly<Record<string, string>>;

  constructor(t: TestContext, service: { readonly url: string }) {
    this.box = new Sandbox(t);
    this.#env = { MILLRACE_ENDPOINT_URL: service.url, TZ: 'UTC' };
  }

  /** Starts `millrace` with the words of a line, or with these arguments. */
  start(command: string | readonly string[], { env, shell }: UserOptions = {}): Program {
    const args = typeof command === 'string' ? command.split(' ') : command;
    const options = { env: { ...this.#env, ...env } };
    return shell === undefined ? this.box.start(args, options) : this.box.startPipe(shell, args, options);
  }

  run(command: string | readonly string[], options?: UserOptions): Promise<Ended> {
    return this.start(command, options).ended;
  }

  /**
   * The same on a terminal of its own, so many characters wide.
   *
   * @param keys a file whose content is typed there
   */
  startOnTerminal(
    command: string,
    columns: number,
    env: Readonly<Record<string, string>> = {},
    keys = '/dev/null',
  ): Program {
    // Not `stty cols` before the program alone: the shell that script(1) starts must be the one that sets it.
    const shell = `script -qec "stty cols ${columns}; $(printf "'%s' " "$@")" /dev/null < ${keys}`;
    return this.start(command, { shell, env: { TERM: 'xterm', ...env } });
  }
}

/** A reason to leave out what needs a terminal. */
export const noTerminal = hasScript() ? false : 'script(1) of util-linux is not here to make a terminal';

function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}
