import type { BatchStrategy } from '../../agent/mini-batch.ts';
import type { AssembleWith } from '../../agent/object-output.ts';
import { newProgress } from '../../agent/progress.ts';
import { MAX_OPEN_MB, type RequestedSettings } from '../../agent/settings.ts';
import type { SplitType } from '../../agent/split/split.ts';
import { systemClock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import type { InstanceDriver } from '../../instances/instance.ts';
import { type ModelArtifacts, obtainModel } from '../../instances/model-artifacts.ts';
import { runningDriver } from '../../instances/running-driver.ts';
import { contentDefaults } from '../../jobs/content-defaults.ts';
import { type Plan, plan } from '../../jobs/planner.ts';
import { runTransformJob, type TransformJobSpec } from '../../jobs/transform-job.ts';
import { Interruption } from '../interruption.ts';
import { commandDriver, onnxDriver } from '../model-drivers.ts';
import { bytes, counted } from '../numbers.ts';
import { type OptionValues, parseOptions } from '../option-table.ts';
import { ProgressDisplay } from '../progress-display.ts';
import { Stores } from '../stores.ts';
import { jsonSummary, textSummary } from '../summary.ts';
import type { Surroundings } from '../surroundings.ts';
import { Talk } from '../talk.ts';
import { serverEnvironment } from './server-environment.ts';
import { transformHelp } from './transform-help.ts';
import { transformOptions } from './transform-options.ts';

const COMMAND = 'millrace transform';
/** After this long the user is told what is being waited for. */
const PATIENCE_MS = 1000;

/**
 * `millrace transform`: everything that can be wrong with the command is told before anything is started.
 *
 * @returns the exit status: 0 all objects done, 1 some failed, 130 and its kin when interrupted
 * @throws MillraceError of the kind `usage`, which is status 2
 */
export async function transform(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { options, positionals } = parseOptions(transformOptions, args, COMMAND);
  if (options.has('help')) {
    surroundings.stdout.write(transformHelp(surroundings.stdout.columns || 100));
    return 0;
  }
  const [stray] = positionals;
  if (stray !== undefined) throw new MillraceError('UnexpectedArgument', { argument: stray, command: COMMAND });
  const progress = newProgress();
  const display = new ProgressDisplay(progress, surroundings.target);
  const talk = new Talk((line) => display.print(line), options.has('quiet'));
  const stores = new Stores({ ...surroundings, endpointUrl: options.text('endpoint-url') });
  const interruption = new Interruption(() =>
    talk.always('Interrupted: requests in flight are given a moment. Once more ends at once.'),
  );
  let artifacts: ModelArtifacts | undefined;
  let patience: NodeJS.Timeout | undefined;
  try {
    // Until the job runs there is nothing to save: the first Ctrl-C ends it.
    const job = await prepare(options, stores, interruption.drain);
    const model = required(options, 'model');
    const server = await driverFor(options, stores, surroundings, talk, interruption.drain);
    artifacts = server.artifacts;
    announce(job, model, options, talk);
    patience = after(PATIENCE_MS, () => talk.say('Waiting for the model server to answer GET /ping …'));
    const outcome = await runTransformJob(job.spec, job.plan, {
      driver: server.driver,
      listener: {
        dataLog: (line, failure) => (failure ? talk.always(line) : talk.say(line)),
        begun: () => {
          clearTimeout(patience);
          if (!options.has('quiet')) display.start();
        },
        ended: () => {
          clearTimeout(patience);
          display.stop();
          patience = after(PATIENCE_MS, () => talk.say('Waiting for the model server to end …'));
        },
      },
      progress,
      clock: systemClock,
      drain: interruption.drain,
      signal: interruption.signal,
    });
    clearTimeout(patience);
    const summary = { spec: job.spec, model, outcome, progress };
    if (options.has('json')) surroundings.stdout.write(`${JSON.stringify(jsonSummary(summary))}\n`);
    else if (!options.has('quiet')) surroundings.stdout.write(`${textSummary(summary)}\n`);
    else if (outcome.failureReason !== undefined) talk.always(outcome.failureReason);
    if (outcome.status === 'Completed') return 0;
    return interruption.exitCode ?? 1;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    throw error;
  } finally {
    clearTimeout(patience);
    display.stop();
    await artifacts?.dispose();
    await stores.close();
    interruption.release();
  }
}

function after(ms: number, say: () => void): NodeJS.Timeout {
  return setTimeout(say, ms).unref();
}

interface PreparedJob {
  readonly spec: TransformJobSpec;
  readonly plan: Plan;
  /** Why content type and split are what they are, for the user. */
  readonly because: string;
}

async function prepare(options: OptionValues, stores: Stores, signal: AbortSignal): Promise<PreparedJob> {
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

/** The server of the model, with the artifacts that it needs, which the caller disposes of. */
async function driverFor(
  options: OptionValues,
  stores: Stores,
  surroundings: Surroundings,
  talk: Talk,
  signal: AbortSignal,
): Promise<{ driver: InstanceDriver; artifacts: ModelArtifacts | undefined }> {
  const model = required(options, 'model');
  const environment = serverEnvironment(options, surroundings.environment);
  if (/^https?:\/\//.test(model) && !/\.amazonaws\.com/.test(model)) {
    for (const option of ['serve', 'environment']) {
      if (!options.has(option)) continue;
      const rule = `${model} is already running.`;
      throw new MillraceError('InvalidOption', { option: `--${option}`, value: options.all(option).join(' '), rule });
    }
    return { driver: runningDriver(serverUrl(model)), artifacts: undefined };
  }
  const place = await stores.model('--model', model);
  const artifacts = await obtainModel(
    'path' in place ? { kind: 'file', ...place, text: model } : { kind: 'object', ...place, text: model },
    signal,
  );
  try {
    const command = options.text('serve');
    const context = { cwd: surroundings.cwd, environment };
    // What our own server prints is of interest only when it fails, and is in the message then.
    const driver =
      command === undefined
        ? await onnxDriver(artifacts, model, { ...context, onLine: () => undefined })
        : commandDriver(command, artifacts, { ...context, onLine: (line) => talk.fromModel(line) });
    return { driver, artifacts };
  } catch (error) {
    await artifacts.dispose();
    throw error;
  }
}

function serverUrl(text: string): URL {
  const invalid = (rule: string) => new MillraceError('InvalidOption', { option: '--model', value: text, rule });
  if (!URL.canParse(text)) throw invalid('it is not an address like http://host:port.');
  const url = new URL(text);
  if (url.protocol !== 'http:') throw invalid('a model server is spoken to over http://, as its container would be.');
  if (url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw invalid('a model server is http://host:port and nothing more.');
  return url;
}

function announce(
  { plan: { objects, bytes: total, skippedOutputs }, spec, because }: PreparedJob,
  model: string,
  options: OptionValues,
  talk: Talk,
): void {
  talk.say(
    `${counted(objects.length, 'object')} (${bytes(total)}): ${spec.input.text} → ${model} → ${spec.output.text}`,
  );
  const type = spec.contentType ?? 'none';
  const decided = ['content-type', 'split-type'].every((name) => options.has(name));
  const why = decided ? '' : ` (${because})`;
  talk.say(`Content type ${type}, split ${spec.splitType}, assembled with ${spec.assembleWith}${why}`);
  if (skippedOutputs > 0)
    talk.say(`${counted(skippedOutputs, 'object')} under the input left alone: results of an earlier run`);
}

function required(options: OptionValues, name: 'model' | 'input' | 'output'): string {
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
