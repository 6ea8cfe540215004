import { newProgress } from '../../agent/progress.ts';
import { systemClock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import { type OptionValues, parseOptions } from '../../core/option-table.ts';
import { runTransformJob } from '../../jobs/transform-job.ts';
import { Interruption } from '../interruption.ts';
import { bytes, counted } from '../numbers.ts';
import { ProgressDisplay } from '../progress-display.ts';
import { Stores } from '../stores.ts';
import { jsonSummary, textSummary } from '../summary.ts';
import type { Surroundings } from '../surroundings.ts';
import { Talk } from '../talk.ts';
import { type PreparedJob, prepareTransform } from './prepare-transform.ts';
import { settingArguments } from './server-environment.ts';
import { type PreparedContainers, prepareContainers } from './transform-driver.ts';
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
  const { options, positionals } = parseTransform(args);
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
  const interruption = new Interruption(() => {
    if (surroundings.target.terminal) surroundings.target.write('\r'); // over the ^C that the terminal shows
    talk.always('Interrupted: requests in flight are given a moment. Once more ends at once.');
  });
  const prepared: PreparedContainers = { containers: [], artifacts: [] };
  let patience: NodeJS.Timeout | undefined;
  try {
    // Until the job runs there is nothing to save: the first Ctrl-C ends it.
    const job = await prepareTransform(options, stores, systemClock.now(), interruption.drain);
    await prepareContainers(options, stores, surroundings, talk, prepared, interruption.drain);
    const models = options.all('model');
    announce(job, models.join(' → '), options, talk);
    patience = after(PATIENCE_MS, () => talk.say('Waiting for the model server to answer GET /ping …'));
    const outcome = await runTransformJob(job.spec, job.plan, {
      containers: prepared.containers,
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
      hurry: interruption.hurry,
    });
    clearTimeout(patience);
    const containers = prepared.containers.map(({ name }, at) => ({ name, model: models[at] ?? '' }));
    const summary = { spec: job.spec, containers, outcome, progress };
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
    for (const artifacts of prepared.artifacts) await artifacts.dispose();
    await stores.close();
    interruption.release();
  }
}

/** The job's settings may stand in its environment, too, where they are checked as the options are. */
function parseTransform(args: readonly string[]): ReturnType<typeof parseOptions> {
  const parsed = parseOptions(transformOptions, args, COMMAND);
  const settings = settingArguments(parsed.options);
  return settings.length === 0 ? parsed : parseOptions(transformOptions, [...settings, ...args], COMMAND);
}

function after(ms: number, say: () => void): NodeJS.Timeout {
  return setTimeout(say, ms).unref();
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
  const { contentType = 'none', compressionType, splitType, assembleWith } = spec.data;
  const decided = ['content-type', 'split-type'].every((name) => options.has(name));
  const why = decided ? '' : ` (${because})`;
  const compressed = compressionType === 'None' ? '' : `compressed with ${compressionType}, `;
  talk.say(`Content type ${contentType}, ${compressed}split ${splitType}, assembled with ${assembleWith}${why}`);
  if (skippedOutputs > 0)
    talk.say(`${counted(skippedOutputs, 'object')} under the input left alone: results of an earlier run`);
}
