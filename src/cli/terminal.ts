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
    // A terminal that does not know its size says 0: one made by script(1), by `docker run -t`, by some CI.
    columns: () => stream.columns || 80,
    write: (text) => {
      stream.write(text);
    },
  };
}

/**
 * What cannot be said must not end a job: a terminal that was closed, a full disk behind a redirection. A reader such as `head`
 * that has seen enough is no error at all; a result that could not be written makes the exit status 1.
 */
export function outliveStreams(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
): { readonly resultLost: () => boolean } {
  let lost = false;
  stderr.on('error', () => undefined);
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost = true;
  });
  return { resultLost: () => lost };
}
