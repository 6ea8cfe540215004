import type { DisplayTarget } from './progress-display.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the command talks: standard error, as a terminal or a plain stream, with colour only where it is wanted (NO_COLOR,
 * FORCE_COLOR, TERM=dumb).
 */
export function displayTarget(stream: NodeJS.WriteStream, environment: Environment): DisplayTarget {
  const dumb = environment['TERM'] === 'dumb';
  const terminal = stream.isTTY === true && !dumb;
  const forced = environment['FORCE_COLOR'] !== undefined && environment['FORCE_COLOR'] !== '0';
  return {
    terminal,
    colour: forced || (terminal && (environment['NO_COLOR'] ?? '') === ''),
    columns: () => stream.columns ?? 80,
    write: (text) => {
      stream.write(text);
    },
  };
}

/** A reader such as `head` that has seen enough is no error. */
export function tolerateClosedPipes(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
