import type { BatchStrategy } from '../../agent/mini-batch.ts';
import type { AssembleWith } from '../../agent/object-output.ts';
import { MAX_OPEN_MB, type RequestedSettings } from '../../agent/settings.ts';
import type { SplitType } from '../../agent/split/split.ts';
import { MillraceError } from '../../core/errors.ts';
import { contentDefaults } from '../../jobs/content-defaults.ts';
import { type Plan, plan } from '../../jobs/planner.ts';
import type { TransformJobSpec } from '../../jobs/transform-job.ts';
import type { OptionValues } from '../option-table.ts';
import type { Stores } from '../stores.ts';
import { transformOptions } from './transform-options.ts';

/** A job as it can be run: options checked, objects listed, places looked at. */
export interface PreparedJob {
  readonly spec: TransformJobSpec;
  readonly plan: Plan;
  /** Why content type and split are what they are, for the user. */
  readonly because: string;
}

/** @throws MillraceError of the kind `usage`: what is wrong with the options, the input or the output */
export async function prepareTransform(
  options: OptionValues,
  stores: Stores,
  signal: AbortSignal,
): Promise<PreparedJob> {
  required(options, 'model');
  const [inputText, outputText] = [required(options, 'input'), required(options, 'output')];
  const requested = requestedSettings(options);
  const input = await stores.input('--input', inputText);
  const output = await stores.output('--output', outputText);
  const planned = await plan(input, output, signal);
  await output.store.checkWritable(output.key, signal);
  const defaults = contentDefaults(planned.objects.map(({ inputKey }) => inputKey));
  const splitType = (options.text('split-type') as SplitType | undefined) ?? defaults.splitType;
  const assembleWith = options.text('assemble-with') as AssembleWith | undefined;
  return {
    spec: {
      input,
      output,
      contentType: headerValue(options, 'content-type') ?? defaults.contentType,
      accept: headerValue(options, 'accept'),
      splitType,
      assembleWith: assembleWith ?? (splitType === 'Line' ? 'Line' : 'None'),
      requested,
      invocationsTimeoutMs: (options.number('invocations-timeout-in-seconds') ?? 600) * 1000,
      invocationsMaxRetries: options.number('invocations-max-retries') ?? 3,
      startupTimeoutMs: (options.number('startup-timeout-in-seconds') ?? 1800) * 1000,
    },
    plan: planned,
    because: defaults.because,
  };
}

function requestedSettings(options: OptionValues): RequestedSettings {
  const concurrent = options.number('max-concurrent-transforms') || undefined; // 0 counts as unset (behaviour 3)
  const payload = options.number('max-payload-in-mb');
  if (concurrent !== undefined && payload !== undefined && concurrent * payload > MAX_OPEN_MB) {
    const rule = `times --max-concurrent-transforms (${concurrent}) it may be ${MAX_OPEN_MB} at the most.`;
    throw new MillraceError('InvalidOption', { option: '--max-payload-in-mb', value: String(payload), rule });
  }
  const strategy = options.text('batch-strategy') as BatchStrategy | undefined;
  return {
    ...(concurrent === undefined ? {} : { maxConcurrentTransforms: concurrent }),
    ...(payload === undefined ? {} : { maxPayloadInMB: payload }),
    ...(strategy === undefined ? {} : { batchStrategy: strategy }),
  };
}

/** The value of an option that cannot be left out. */
export function required(options: OptionValues, name: 'model' | 'input' | 'output'): string {
  const value = options.text(name);
  if (value === undefined)
    throw new MillraceError('MissingOption', { option: `--${name}`, meaning: transformOptions[name].meaning });
  return value;
}

/** A header of every request: printable ASCII, 256 characters at the most (API: `ContentType`, `Accept`). */
function headerValue(options: OptionValues, name: 'content-type' | 'accept'): string | undefined {
  const value = options.text(name);
  if (value === undefined || /^[\x20-\x7e]{1,256}$/.test(value)) return value;
  const rule = 'it is 1 to 256 characters of printable ASCII.';
  throw new MillraceError('InvalidOption', { option: `--${name}`, value, rule });
}
