import { systemClock } from '../../core/clock.ts';
import { Interruption } from '../interruption.ts';
import { describeJob, isUnderWay } from '../job-description.ts';
import { type LogLine, LogTail } from '../log-tail.ts';
import { PatientService } from '../patient-service.ts';
import { printable } from '../printable.ts';
import { jobsOptions } from './jobs-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const INTERVAL_MS = 1000;
/** Lines are written together up to this many characters. */
const GATHERED_CHARS = 64 * 1024;

export const jobsLogs: ServiceCommand = {
  name: 'jobs logs',
  meaning: 'Prints the logs of a transform job: what model servers said, what became of objects.',
  about: { value: 'NAME', meaning: 'the name of the job.' },
  examples: [
    'millrace jobs logs diamonds-1 --follow',
    'millrace jobs logs diamonds-1 --stream data-log | grep ClientError',
  ],
  options: jobsOptions.logs,
  exit: '0 also when the job failed; 1 the service refused or did not answer, or there is no such stream; 130 after Ctrl-C',
  run: logs,
};

async function logs({ about: name, options, service, output, surroundings }: CommandCall): Promise<number> {
  const follow = options.has('follow');
  const interruption = new Interruption(() => undefined);
  const say = (line: string): void => surroundings.target.write(`${printable(line)}\n`);
  const signal = AbortSignal.any([interruption.drain, output.gone]);
  const patient = new PatientService(service, { clock: systemClock, signal, onTrouble: say });
  const shown = options.has('json') ? jsonLine : textLine;
  try {
    // Says in plain words that there is no such job, which would only have no streams.
    let underWay = isUnderWay(await describeJob(patient, name));
    const tail = new LogTail(patient, name, options.text('stream'));
    for (;;) {
      // Of a job that has ended, everything: the last lines were there before its status was.
      const read = tail.read(underWay ? Date.now() : undefined);
      let text = '';
      for await (const line of read) {
        text += shown(line, width(tail));
        if (text.length < GATHERED_CHARS) continue;
        await output.write(text);
        text = '';
        signal.throwIfAborted();
      }
      if (text !== '') await output.write(text);
      if (!follow || !underWay) break;
      await systemClock.sleep(INTERVAL_MS, signal);
      underWay = isUnderWay(await describeJob(patient, name));
    }
    tail.checkFound();
    if (tail.shortNames.length === 0) say(`${name} has no logs${underWay ? ' yet' : ''}.`);
    return 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    if (output.gone.aborted) return 0;
    throw error;
  } finally {
    interruption.release();
  }
}

function width(tail: LogTail): number {
  return Math.max(...tail.shortNames.map((name) => name.length));
}

function textLine({ shortName, message }: LogLine, width: number): string {
  return message
    .split('\n')
    .map((line) => `${printable(shortName).padEnd(width)}  ${printable(line)}\n`)
    .join('');
}

function jsonLine({ stream, timestamp, message }: LogLine): string {
  return `${JSON.stringify({ logStreamName: stream, timestamp, message })}\n`;
}
