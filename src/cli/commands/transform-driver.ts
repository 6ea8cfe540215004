import { MillraceError } from '../../core/errors.ts';
import type { OptionValues } from '../../core/option-table.ts';
import type { InstanceDriver } from '../../instances/instance.ts';
import { type ModelArtifacts, obtainModel } from '../../instances/model-artifacts.ts';
import { parseServerAddress, runningDriver } from '../../instances/running-driver.ts';
import { JOB_SETTING_PREFIX } from '../../jobs/job-settings.ts';
import type { JobContainer } from '../../jobs/transform-job.ts';
import { commandDriver, onnxDriver } from '../../server/model-drivers.ts';
import type { Stores } from '../stores.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Talk } from '../talk.ts';
import { required } from './prepare-transform.ts';
import { serverEnvironment } from './server-environment.ts';

/** Containers of an inference pipeline, at the most (API: `Containers`). */
const MAX_CONTAINERS = 15;

/** What the servers of a job need; whoever made it disposes of it, also when only some could be made. */
export interface PreparedContainers {
  readonly containers: JobContainer[];
  readonly artifacts: ModelArtifacts[];
}

/** What one `--model` stands for. */
interface ModelOptions {
  readonly model: string;
  readonly name: string | undefined;
  readonly serve: string | undefined;
  /** As given for this one. */
  readonly variables: readonly string[];
  readonly environment: Record<string, string>;
}

/** Fills `prepared` with a server for each `--model`. @throws MillraceError */
export async function prepareContainers(
  options: OptionValues,
  stores: Stores,
  surroundings: Surroundings,
  talk: Talk,
  prepared: PreparedContainers,
  signal: AbortSignal,
): Promise<void> {
  for (const container of modelOptions(options, surroundings)) {
    const { name } = container;
    const driver = await driverFor(container, stores, surroundings, talk, prepared, signal);
    prepared.containers.push({ driver, name });
  }
}

/** The models in the order in which they are called, each with the options that belong to it. */
function modelOptions(options: OptionValues, { environment }: Surroundings): ModelOptions[] {
  required(options, 'model');
  const { before, each } = options.sections('model');
  const pipeline = each.length > 1;
  if (each.length > MAX_CONTAINERS) {
    const rule = `a pipeline has ${MAX_CONTAINERS} models at the most, these are ${each.length}.`;
    throw new MillraceError('InvalidOption', { option: '--model', value: options.text('model') ?? '', rule });
  }
  for (const option of pipeline ? ['serve', 'container-name'] : []) {
    if (!before.has(option)) continue;
    const rule = 'in a pipeline it stands behind the --model that it belongs to.';
    throw new MillraceError('InvalidOption', { option: `--${option}`, value: before.text(option) ?? '', rule });
  }
  const models = each.map((section, at) => {
    const own = pipeline ? section : options;
    // The job's variables override the model's (behaviour 3).
    const jobs = pipeline ? before.all('environment') : [];
    const variables = own.all('environment');
    return {
      model: section.text('model') ?? '',
      name: own.text('container-name') ?? (pipeline ? `container-${at + 1}` : undefined),
      serve: own.text('serve'),
      variables,
      environment: serverEnvironment(options, environment, [...variables, ...jobs]),
    };
  });
  for (const { name = '' } of models) checkName(name, models.filter((other) => other.name === name).length);
  return models;
}

/** `ContainerHostname` of the API. */
function checkName(name: string, times: number): void {
  const invalid = (rule: string) =>
    new MillraceError('InvalidOption', { option: '--container-name', value: name, rule });
  if (!/^([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})?$/.test(name)) {
    throw invalid('it has 1 to 63 letters, digits and "-", and a "-" neither first nor last.');
  }
  if (name !== '' && times > 1) throw invalid('each model has its own.');
}

async function driverFor(
  { model, name, serve, variables, environment }: ModelOptions,
  stores: Stores,
  surroundings: Surroundings,
  talk: Talk,
  prepared: PreparedContainers,
  signal: AbortSignal,
): Promise<InstanceDriver> {
  if (/^https?:\/\//.test(model) && !/\.amazonaws\.com/.test(model)) {
    refuseRunning('serve', serve, model);
    const given = variables.filter((variable) => !variable.startsWith(JOB_SETTING_PREFIX));
    refuseRunning('environment', given.join(' ') || undefined, model);
    return runningDriver(serverUrl(model));
  }
  const place = await stores.model('--model', model);
  const artifacts = await obtainModel(
    'path' in place ? { kind: 'file', ...place, text: model } : { kind: 'object', ...place, text: model },
    { signal },
  );
  prepared.artifacts.push(artifacts);
  const context = { cwd: surroundings.cwd, environment };
  // What our own server prints is of interest only when it fails, and is in the message then.
  return serve === undefined
    ? onnxDriver(artifacts, model, { ...context, onLine: () => undefined })
    : commandDriver(serve, artifacts, { ...context, onLine: (line) => talk.fromModel(line, name) });
}

function refuseRunning(option: string, value: string | undefined, model: string): void {
  if (value === undefined) return;
  throw new MillraceError('InvalidOption', { option: `--${option}`, value, rule: `${model} is already running.` });
}

function serverUrl(text: string): URL {
  const server = parseServerAddress(text);
  if ('url' in server) return server.url;
  throw new MillraceError('InvalidOption', { option: '--model', value: text, rule: `${server.invalid}.` });
}
