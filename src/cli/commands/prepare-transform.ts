import { MillraceError } from '../../core/errors.ts';
import type { OptionValues } from '../../core/option-table.ts';
import { contentDefaults } from '../../jobs/content-defaults.ts';
import { type Place, type Plan, plan } from '../../jobs/planner.ts';
import { requestedSettings } from '../../jobs/requested-settings.ts';
import type { TransformJobSpec } from '../../jobs/transform-job.ts';
import { transformSpec } from '../../jobs/transform-spec.ts';
import type { Stores } from '../stores.ts';
import { transformOptions } from './transform-options.ts';

/** A job as it can be run: options checked, objects listed, places looked at. */
export interface PreparedJob {
  readonly spec: TransformJobSpec;
  readonly plan: Plan;
  /** Why content type and split are what they are, for the user. */
  readonly because: string;
}

/**
 * @param startedAt of the job, in milliseconds since the epoch
 * @throws MillraceError of the kind `usage`: what is wrong with the options, the input or the output
 */
export async function prepareTransform(
  options: OptionValues,
  stores: Stores,
  startedAt: number,
  signal: AbortSignal,
): Promise<PreparedJob> {
  required(options, 'model');
  const [inputText, outputText] = [required(options, 'input'), required(options, 'output')];
  requestedSettings(options); // before the input is listed, which may take long
  const manifest = options.text('s3-data-type') === 'ManifestFile';
  const input = manifest
    ? await stores.manifest('--input', inputText, signal)
    : await stores.input('--input', inputText);
  const output = await stores.output('--output', outputText);
  const planned = await plan(input, output, signal);
  const defaults = contentDefaults(planned.objects.map(({ inputKey }) => inputKey));
  const spec = transformSpec(options, { input, output, capture: undefined }, defaults, startedAt);
  await output.store.checkWritable(output.key, signal);
  const captured = options.text('data-capture-destination');
  const capture = captured === undefined ? undefined : await captureDestination(stores, captured, signal);
  return { spec: { ...spec, capture }, plan: planned, because: defaults.because };
}

async function captureDestination(stores: Stores, text: string, signal: AbortSignal): Promise<Place> {
  const place = await stores.output('--data-capture-destination', text);
  await place.store.checkWritable(place.key, signal);
  return place;
}

/** The value of an option that cannot be left out. */
export function required(options: OptionValues, name: 'model' | 'input' | 'output'): string {
  const value = options.text(name);
  if (value === undefined)
    throw new MillraceError('MissingOption', { option: `--${name}`, meaning: transformOptions[name].meaning });
  return value;
}
