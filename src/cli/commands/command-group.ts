import { MillraceError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import type { Surroundings } from '../surroundings.ts';
import { type ServiceCommand, usageLine } from './service-command.ts';

/** `millrace jobs` and its kin: a word in front of several commands. */
export interface CommandGroup {
  readonly name: string;
  readonly meaning: string;
  readonly commands: readonly ServiceCommand[];
}

/**
 * What the first word alone does: lists what may follow it.
 *
 * @throws MillraceError `UnknownCommand` for anything else that follows
 */
export async function runCommandGroup(
  group: CommandGroup,
  args: readonly string[],
  { stdout, target }: Surroundings,
): Promise<number> {
  const [first] = args;
  if (first === undefined) {
    target.write(help(group));
    return 2;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    stdout.write(help(group));
    return 0;
  }
  const known = group.commands.map(({ name }) => name);
  const command = `${group.name} ${first}`;
  throw new MillraceError('UnknownCommand', { command, suggestion: suggest(command, known), help: group.name });
}

function help({ name, meaning, commands }: CommandGroup): string {
  return `millrace ${name}: ${meaning}

Usage
${commands.map((command) => `  ${usageLine(command)}\n      ${command.meaning}`).join('\n')}
  millrace ${name} COMMAND --help
      The options of a command, with examples.
`;
}
