import type { DisplayTarget } from './progress-display.ts';

/** What a command gets from the process that it runs in. */
export interface Surroundings {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WriteStream;
  /** Standard error. */
  readonly target: DisplayTarget;
}
