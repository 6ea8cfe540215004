import { MillraceError } from '../../core/errors.ts';
import type { OptionValues } from '../option-table.ts';

/**
 * The environment of a model server (behaviour 3): the user's own, as any local program gets it, then `--environment`, then
 * what the protocol says. The three settings are there only when the user asked for them.
 *
 * @throws MillraceError `InvalidOption`
 */
export function serverEnvironment(
  options: OptionValues,
  inherited: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) environment[name] = value;
  for (const text of options.all('environment')) {
    const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=([\S\s]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined || value.includes('\0')) {
      const rule = 'it is NAME=VALUE with a name of letters, digits and "_".';
      throw new MillraceError('InvalidOption', { option: '--environment', value: text, rule });
    }
    environment[name] = value;
  }
  environment['SAGEMAKER_BATCH'] = 'true';
  const asked: [variable: string, value: string | undefined][] = [
    ['SAGEMAKER_MAX_PAYLOAD_IN_MB', options.text('max-payload-in-mb')],
    ['SAGEMAKER_BATCH_STRATEGY', options.text('batch-strategy')?.replace('Record', '_RECORD').toUpperCase()],
    [
      'SAGEMAKER_MAX_CONCURRENT_TRANSFORMS',
      options.number('max-concurrent-transforms') ? options.text('max-concurrent-transforms') : undefined,
    ],
  ];
  for (const [variable, value] of asked) if (value !== undefined) environment[variable] = value;
  return environment;
}
