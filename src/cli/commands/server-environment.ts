import { MillraceError } from '../../core/errors.ts';
import type { OptionTable, OptionValues } from '../../core/option-table.ts';
import { JOB_SETTING_PREFIX, settingsAmong } from '../../jobs/job-settings.ts';
import { serverVariables } from '../../jobs/server-variables.ts';
import { transformOptions } from './transform-options.ts';

/**
 * The environment of a model server (behaviour 3): the user's own, as any local program gets it, then `--environment`, then
 * what the protocol says. The three settings are there only when the user asked for them, the job's own settings
 * (`MILLRACE_…`) never.
 *
 * @param variables `NAME=VALUE`; a later one overrides
 * @throws MillraceError `InvalidOption`
 */
export function serverEnvironment(
  options: OptionValues,
  inherited: Readonly<Record<string, string | undefined>>,
  variables: readonly string[],
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) environment[name] = value;
  for (const text of variables) {
    const { name, value } = variable(text);
    if (!name.startsWith(JOB_SETTING_PREFIX)) environment[name] = value;
  }
  return { ...environment, ...serverVariables(options) };
}

/**
 * The job's settings among the variables, as options: `MILLRACE_CSV_HEADER=drop` is `--csv-header=drop`.
 *
 * @throws MillraceError `InvalidOption` for a setting that there is not, that cannot have this value, or that is given twice
 */
export function settingArguments(options: OptionValues): string[] {
  return options.all('environment').flatMap((text) => {
    const { name, value: given } = variable(text);
    return [...settingsAmong([[name, given]])].map(([option, value]) => {
      if (!options.has(option))
        return (transformOptions as OptionTable)[option]?.value === undefined ? `--${option}` : `--${option}=${value}`;
      const rule = `--${option} is given, too.`;
      throw new MillraceError('InvalidOption', { option: '--environment', value: text, rule });
    });
  });
}

function variable(text: string): { readonly name: string; readonly value: string } {
  const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=([\S\s]*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined && !value.includes('\0')) return { name, value };
  const rule = 'it is NAME=VALUE with a name of letters, digits and "_".';
  throw new MillraceError('InvalidOption', { option: '--environment', value: text, rule });
}
