import { systemClock } from '../../core/clock.ts';
import { Interruption } from '../interruption.ts';
import { describeJob, isUnderWay, type JobDescription, shownProgress, statusText } from '../job-description.ts';
import { jobOutcome } from '../job-outcome.ts';
import { bytes, counted } from '../numbers.ts';
import { PatientService } from '../patient-service.ts';
import { ProgressDisplay } from '../progress-display.ts';
import { jobsOptions } from './jobs-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const INTERVAL_SECONDS = { here: 1, elsewhere: 5 };

export const jobsWatch: ServiceCommand = {
  name: 'jobs watch',
  meaning: 'Shows the progress of a transform job until it ends.',
  about: { value: 'NAME', meaning: 'the name of the job.' },
  examples: ['millrace jobs watch diamonds-1', 'millrace jobs watch diamonds-1 && ./load-results.sh'],
  options: jobsOptions.watch,
  exit: '0 Completed; 1 Failed or Stopped, or the service refused or did not answer; 130 after Ctrl-C, which leaves the job running',
  run: watch,
};

async function watch({
  about: name,
  options,
  service,
  loopback,
  output,
  surroundings: { target },
}: CommandCall): Promise<number> {
  const intervalMs =
    1000 * (options.number('interval-in-seconds') ?? INTERVAL_SECONDS[loopback ? 'here' : 'elsewhere']);
  const progress = { ...shownProgress({}, Date.now()) };
  const display = new ProgressDisplay(progress, target);
  const interruption = new Interruption(() => {
    // The terminal has shown ^C, from whose end the display would be erased.
    if (target.terminal) target.write('\r');
    display.print(
      `${name} goes on without you. millrace jobs watch ${name} looks again, millrace jobs stop ${name} ends it.`,
    );
  });
  const { drain: signal } = interruption;
  const onTrouble = (message: string): void => display.print(message);
  const patient = new PatientService(service, { clock: systemClock, signal, onTrouble });
  try {
    let job = await describeJob(patient, name);
    let told = statusText(job);
    if (isUnderWay(job)) {
      display.print(announcement(job, told));
      Object.assign(progress, shownProgress(job, Date.now()));
      display.start();
    }
    while (isUnderWay(job)) {
      await systemClock.sleep(intervalMs, signal);
      job = await describeJob(patient, name);
      Object.assign(progress, shownProgress(job, Date.now()));
      const status = statusText(job);
      if (status !== told && isUnderWay(job)) display.print(`${name}: ${status}`);
      told = status;
    }
    display.stop();
    await output.write(options.has('json') ? `${JSON.stringify(job)}\n` : jobOutcome(job));
    return job.TransformJobStatus === 'Completed' ? 0 : 1;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    throw error;
  } finally {
    display.stop();
    interruption.release();
  }
}

/** `diamonds-1: InProgress, 2 objects (6 bytes): s3://data/in → diamonds → s3://data/out` */
function announcement(job: JobDescription, status: string): string {
  const { TransformJobName, ModelName, TransformInput, TransformOutput, TransformProgress: counts } = job;
  const work = counts === undefined ? '' : `, ${counted(counts.Objects ?? 0, 'object')} (${bytes(counts.Bytes ?? 0)})`;
  const way = [TransformInput?.DataSource?.S3DataSource?.S3Uri, ModelName, TransformOutput?.S3OutputPath];
  return `${TransformJobName}: ${status}${work}: ${way.map((stop = '?') => stop).join(' → ')}`;
}
