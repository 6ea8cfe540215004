import { systemClock } from '../../core/clock.ts';
import { Interruption } from '../interruption.ts';
import { describeJob, isUnderWay } from '../job-description.ts';
import { PatientService } from '../patient-service.ts';
import { printable } from '../printable.ts';
import { jobsOptions } from './jobs-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const INTERVAL_MS = 1000;

export const jobsStop: ServiceCommand = {
  name: 'jobs stop',
  meaning: 'Stops a transform job; results that are whole stay.',
  about: { value: 'NAME', meaning: 'the name of the job.' },
  examples: ['millrace jobs stop diamonds-1 --wait'],
  options: jobsOptions.stop,
  exit: '0 the job stops, with --wait it has ended; 1 the service refused or did not answer; 130 after Ctrl-C, the job stops nevertheless',
  run: stop,
};

async function stop({ about: name, options, service, output, surroundings }: CommandCall): Promise<number> {
  const answer = await service.call('sagemaker', 'StopTransformJob', { TransformJobName: name });
  if (!options.has('wait')) {
    await output.write(options.has('json') ? `${JSON.stringify(answer)}\n` : `${name}: Stopping\n`);
    return 0;
  }
  const say = (line: string): void => surroundings.target.write(`${printable(line)}\n`);
  const interruption = new Interruption(() => say(`${name} stops all the same.`));
  const { drain: signal } = interruption;
  const patient = new PatientService(service, { clock: systemClock, signal, onTrouble: say });
  try {
    let job = await describeJob(patient, name);
    while (isUnderWay(job)) {
      await systemClock.sleep(INTERVAL_MS, signal);
      job = await describeJob(patient, name);
    }
    const text = options.has('json') ? JSON.stringify(job) : printable(`${name}: ${job.TransformJobStatus}`);
    await output.write(`${text}\n`);
    return 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    throw error;
  } finally {
    interruption.release();
  }
}
