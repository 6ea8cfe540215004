import { MillraceError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';

/** A setting that the original's API has no member for. Without `oneOf` and `range` it is any text, or a switch. */
interface JobSetting {
  readonly variable: `MILLRACE_${string}`;
  readonly oneOf?: readonly string[];
  /** Whole numbers in this range. */
  readonly range?: readonly [min: number, max: number];
  /** On with `true`; there is no reason to give it another value. */
  readonly switch?: true;
}

/**
 * Settings of a job that the original's API has no member for: on the command line an option, in a job's `Environment` a
 * variable, so that any client can send them. Such variables are never passed on to the model server.
 */
export const jobSettings = {
  'csv-header': { variable: 'MILLRACE_CSV_HEADER', oneOf: ['drop', 'repeat'] },
  'csv-quoted-newlines': { variable: 'MILLRACE_CSV_QUOTED_NEWLINES', switch: true },
  'on-bad-record': { variable: 'MILLRACE_ON_BAD_RECORD', oneOf: ['fail', 'placeholder'] },
  'bad-record-placeholder': { variable: 'MILLRACE_BAD_RECORD_PLACEHOLDER' },
  'max-bad-records': { variable: 'MILLRACE_MAX_BAD_RECORDS' },
  'max-records-per-mini-batch': { variable: 'MILLRACE_MAX_RECORDS_PER_MINI_BATCH', range: [1, 1_000_000_000 - 1] },
} as const satisfies Readonly<Record<string, JobSetting>>;

/** What all of them begin with; no other variable of a job may. */
export const JOB_SETTING_PREFIX = 'MILLRACE_';

/**
 * The settings among a job's variables, by the names of their options; a switch that is on is `true`.
 *
 * @throws MillraceError `InvalidOption` for a setting that there is not, or that cannot have this value
 */
export function settingsAmong(variables: Iterable<readonly [name: string, value: string]>): Map<string, string> {
  const settings: [option: string, setting: JobSetting][] = Object.entries(jobSettings);
  const found = new Map<string, string>();
  for (const [name, value] of variables) {
    if (!name.startsWith(JOB_SETTING_PREFIX)) continue;
    const [option, setting] = settings.find(([, { variable }]) => variable === name) ?? [];
    const rule = setting === undefined ? unknown(name) : brokenRule(setting, value);
    if (option === undefined || rule !== undefined)
      throw new MillraceError('InvalidOption', {
        option: '--environment',
        value: `${name}=${value}`,
        rule: rule ?? '',
      });
    found.set(option, value);
  }
  return found;
}

function unknown(name: string): string {
  const variables = Object.values(jobSettings).map(({ variable }) => variable);
  return `${JOB_SETTING_PREFIX}… are settings of the job.${suggest(name, variables)}`;
}

function brokenRule({ oneOf, range, switch: on }: JobSetting, value: string): string | undefined {
  if (on && value !== 'true') return 'its only value is true.';
  if (oneOf !== undefined && !oneOf.includes(value)) return `it is one of ${oneOf.join(', ')}.${suggest(value, oneOf)}`;
  if (range === undefined) return undefined;
  const [min, max] = range;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  return number >= min && number <= max ? undefined : `it is a whole number from ${min} to ${max}.`;
}
