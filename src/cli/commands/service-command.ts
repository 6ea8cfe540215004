import { MillraceError } from '../../core/errors.ts';
import { describeOptions, type OptionTable, type OptionValues, parseOptions } from '../../core/option-table.ts';
import { wrapped } from '../fact-sheet.ts';
import { type Service, ServiceClient } from '../service-client.ts';
import { servicePlace } from '../service-place.ts';
import { StandardOutput } from '../standard-output.ts';
import type { Surroundings } from '../surroundings.ts';

/** A command that talks to a service. Its help page, its place in the reference and its checks come from here. */
export interface ServiceCommand {
  /** `jobs list` */
  readonly name: string;
  /** What it does, as a sentence. */
  readonly meaning: string;
  /** The one thing that it is about, where there is one. */
  readonly about?: { readonly value: string; readonly meaning: string };
  readonly examples: readonly string[];
  readonly options: OptionTable;
  /** Of its exit status, beside 2 for wrong usage. */
  readonly exit: string;
  /** @returns the exit status */
  run(call: CommandCall): Promise<number>;
}

/** A command as it was called. */
export interface CommandCall {
  readonly options: OptionValues;
  /** Empty for a command that is about nothing in particular. */
  readonly about: string;
  readonly service: Service;
  /** The service is on this machine. */
  readonly loopback: boolean;
  readonly output: StandardOutput;
  readonly surroundings: Surroundings;
}

/** @throws MillraceError of the kind `usage`, and what the service refuses */
export async function runServiceCommand(
  command: ServiceCommand,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const name = `millrace ${command.name}`;
  const { options, positionals } = parseOptions(command.options, args, name);
  if (options.has('help')) {
    surroundings.stdout.write(help(command, surroundings.stdout.columns || 100));
    return 0;
  }
  const [about, stray] = command.about === undefined ? [undefined, positionals[0]] : positionals;
  if (command.about !== undefined && (about === undefined || about === ''))
    throw new MillraceError('MissingOption', { option: command.about.value, meaning: command.about.meaning });
  if (stray !== undefined) {
    const takes = command.about && { takes: `one ${command.about.value} and options` };
    throw new MillraceError('UnexpectedArgument', { argument: stray, command: name, ...takes });
  }
  const place = servicePlace(options.text('endpoint-url'), surroundings.environment);
  return command.run({
    options,
    about: about ?? '',
    service: new ServiceClient(place),
    loopback: place.loopback,
    output: new StandardOutput(surroundings.stdout),
    surroundings,
  });
}

/** `millrace jobs list [options]` */
export function usageLine({ name, about }: ServiceCommand): string {
  return `millrace ${name} ${about === undefined ? '' : `${about.value} `}[options]`;
}

function help(command: ServiceCommand, columns: number): string {
  const { name, meaning, about, examples, options, exit } = command;
  const width = Math.min(columns, 100);
  const title = meaning.charAt(0).toLowerCase() + meaning.slice(1).replace(/\.$/, '');
  return `millrace ${name}: ${title}

Usage
  ${usageLine(command)}
${about === undefined ? '' : `      ${about.value} is ${about.meaning}\n`}
${examples.length === 1 ? 'Example' : 'Examples'}
${examples.map((example) => `    ${example}`).join('\n')}

Options
${describeOptions(options, width)}

Exit status
${wrapped(`${exit}; 2 wrong usage.`, width - 2)
  .map((row) => `  ${row}`)
  .join('\n')}
`;
}
