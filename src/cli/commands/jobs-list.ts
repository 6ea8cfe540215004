import { MillraceError } from '../../core/errors.ts';
import { orderedMap } from '../../core/ordered-map.ts';
import { describeJob, isUnderWay, isWaiting, type JobSummary, shownProgress } from '../job-description.ts';
import { localTime } from '../local-time.ts';
import { duration } from '../numbers.ts';
import { partDone } from '../progress-display.ts';
import type { Service } from '../service-client.ts';
import { type Column, cut, textTable } from '../text-table.ts';
import { jobsOptions } from './jobs-options.ts';
import { jsonList, listPages, listQuery, MORE, wantedItems } from './list-pages.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const LISTING = { operation: 'ListTransformJobs', member: 'TransformJobSummaries' } as const;
const DESCRIBED_AT_ONCE = 8;
/** Of a failure reason, where the terminal leaves as much. */
const FAILURE_CHARS = 120;
const COLUMNS: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATUS' },
  { title: 'PROGRESS', right: true, expendable: 1 },
  { title: 'CREATED', expendable: 2 },
  { title: 'DURATION', right: true, expendable: 3 },
  { title: 'FAILURE', expendable: 4 },
];

export const jobsList: ServiceCommand = {
  name: 'jobs list',
  meaning: 'The transform jobs of a service, the newest first.',
  examples: [
    'millrace jobs list',
    'millrace jobs list --status Failed --name-contains diamonds --max-items 100',
    'millrace jobs list --json | jq -r ".TransformJobSummaries[].TransformJobName"',
  ],
  options: jobsOptions.list,
  exit: '0 also when there are none; 1 the service refused or did not answer',
  run: list,
};

async function list({ options, service, output, surroundings }: CommandCall): Promise<number> {
  const query = listQuery(options);
  const pages = listPages(service, { ...LISTING, query }, wantedItems(options));
  if (options.has('json')) {
    for await (const text of jsonList(pages, LISTING.member)) {
      await output.write(text);
      if (output.gone.aborted) break;
    }
    return 0;
  }
  const rows: string[][] = [];
  let more: unknown;
  for await (const page of pages) {
    const jobs = page.items as readonly JobSummary[];
    for await (const job of withProgress(jobs, service, output.gone)) rows.push(row(job, Date.now()));
    more = page.nextToken;
  }
  const { target } = surroundings;
  if (rows.length === 0) target.write(`No transform jobs${Object.keys(query).length > 0 ? ' fit' : ''}.\n`);
  else await output.write(textTable(COLUMNS, rows, output.columns));
  if (more !== undefined) target.write(MORE);
  return 0;
}

/** A list says nothing of how far a job has come; of those that are under way it is asked. */
function withProgress(jobs: readonly JobSummary[], service: Service, gone: AbortSignal): AsyncIterable<JobSummary> {
  const each = async function* (): AsyncGenerator<JobSummary> {
    yield* jobs;
  };
  const describe = async (job: JobSummary, signal: AbortSignal): Promise<JobSummary> => {
    if (!isUnderWay(job)) return job;
    try {
      return await describeJob(service, job.TransformJobName ?? '', signal);
    } catch (error) {
      if (error instanceof MillraceError && error.is('RequestRefused')) return job; // deleted since, or asked too often
      throw error;
    }
  };
  return orderedMap(each, describe, { concurrency: DESCRIBED_AT_ONCE, lookAhead: DESCRIBED_AT_ONCE, signal: gone });
}

/** @param now milliseconds since the epoch */
function row(job: JobSummary, now: number): string[] {
  const { TransformJobName = '', TransformJobStatus = '', CreationTime, TransformEndTime, FailureReason = '' } = job;
  const end = TransformEndTime === undefined ? (isUnderWay(job) ? now : undefined) : TransformEndTime * 1000;
  return [
    TransformJobName,
    TransformJobStatus,
    progressText(job, now),
    CreationTime === undefined ? '' : localTime(CreationTime * 1000),
    CreationTime === undefined || end === undefined ? '' : duration(Math.max(0, end - CreationTime * 1000)),
    cut(FailureReason.replace(/\s+/g, ' '), FAILURE_CHARS),
  ];
}

function progressText(job: JobSummary, now: number): string {
  if (job.TransformJobStatus === 'Completed') return '100 %';
  if (job.TransformProgress === undefined) return '';
  return isWaiting(job) ? 'waiting' : `${Math.floor(partDone(shownProgress(job, now)) * 100)} %`;
}
