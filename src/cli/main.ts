import { readFile } from 'node:fs/promises';
import { asMillraceError, MillraceError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { type CommandGroup, runCommandGroup } from './commands/command-group.ts';
import { jobs } from './commands/jobs.ts';
import { modelServe } from './commands/model-serve.ts';
import { models } from './commands/models.ts';
import { serve } from './commands/serve.ts';
import { runServiceCommand } from './commands/service-command.ts';
import { transform } from './commands/transform.ts';
import { printable } from './printable.ts';
import type { Surroundings } from './surroundings.ts';
import { displayTarget, outliveStreams } from './terminal.ts';

const HELP = `millrace: batch transform on your own machines

Usage
  millrace transform --model MODEL --input WHERE --output WHERE [options]
      One inference per record of a data set, in order.
  millrace serve [options]
      The same as a service, for programs written for Amazon SageMaker Batch Transform.
  millrace jobs COMMAND
      Look after the jobs of a service: list, describe, watch, logs, stop, delete, create.
  millrace models COMMAND
      The same for its models: list, describe, delete, create.
  millrace model serve FILE [options]
      Serve an ONNX model by itself, so that curl can try it.
  millrace COMMAND --help
      The options of a command, with examples.
  millrace --version
`;

type Command = (args: readonly string[], surroundings: Surroundings) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['transform', transform],
  ['model serve', modelServe],
  ['serve', serve],
  ...group(jobs),
  ...group(models),
]);

function group(of: CommandGroup): [string, Command][] {
  const commands = of.commands.map((command): [string, Command] => [
    command.name,
    (args, surroundings) => runServiceCommand(command, args, surroundings),
  ]);
  return [[of.name, (args, surroundings) => runCommandGroup(of, args, surroundings)], ...commands];
}

/** The program. Sets the exit status and lets the process end by itself, so that everything written arrives. */
export async function main(args: readonly string[]): Promise<void> {
  const { resultLost } = outliveStreams(process.stdout, process.stderr);
  process.once('exit', () => {
    if (resultLost()) process.exitCode ||= 1;
  });
  try {
    process.exitCode = await run(args);
  } catch (error) {
    const known = asMillraceError(error);
    process.stderr.write(`millrace: ${printable(known.message)}\n`);
    if (known.code === 'Unexpected' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = known.fault === 'usage' ? 2 : 1;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const [first, second = ''] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    (first === undefined ? process.stderr : process.stdout).write(HELP);
    return first === undefined ? 2 : 0;
  }
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${await version()}\n`);
    return 0;
  }
  const surroundings: Surroundings = {
    cwd: process.cwd(),
    environment: process.env,
    stdout: process.stdout,
    target: displayTarget(process.stderr, process.env),
  };
  const two = COMMANDS.get(`${first} ${second}`);
  if (two !== undefined) return two(args.slice(2), surroundings);
  const one = COMMANDS.get(first);
  if (one !== undefined) return one(args.slice(1), surroundings);
  const command =
    args
      .slice(0, 2)
      .filter((word) => !word.startsWith('-'))
      .join(' ') || first;
  const known = [...COMMANDS.keys()];
  const longer = known.find((name) => name.startsWith(`${command} `));
  const suggestion = longer === undefined ? suggest(command, known) : ` Did you mean ${longer}?`;
  throw new MillraceError('UnknownCommand', { command, suggestion });
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
