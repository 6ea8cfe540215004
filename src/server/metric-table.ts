import { type Progress, requestEnds } from '../agent/progress.ts';
import type { JobStatus } from '../catalog/catalog.ts';
import type { EventSink } from './state-events.ts';

/** What one scrape shows, read at one moment. */
export interface MetricsSnapshot {
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly maxInstances: number;
  /** What all jobs have done since the start of the service. */
  readonly totals: Progress;
  readonly running: readonly { readonly job: string; readonly progress: Progress }[];
  readonly sinks: readonly Pick<EventSink, 'name' | 'delivered' | 'lost'>[];
}

/** A value and its labels. */
export type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

export interface MetricDefinition {
  readonly type: 'gauge' | 'counter';
  /** Labels have few values each: what is kept of a metric is kept for every one of them, here and by Prometheus. */
  readonly labels?: readonly string[];
  readonly help: string;
  readonly read: (now: MetricsSnapshot) => readonly Sample[];
}

/** The metrics but for the histogram; docs/monitoring.md is checked against them. */
export const metricTable: Readonly<Record<string, MetricDefinition>> = {
  millrace_jobs: {
    type: 'gauge',
    labels: ['status'],
    help: 'Jobs by status, deleted ones left out',
    read: ({ jobs }) => Object.entries(jobs).map(([status, count]) => [count, { status }]),
  },
  millrace_queue_depth: {
    type: 'gauge',
    help: 'Jobs that wait for an instance',
    // A job that is being stopped may still run, and one that has just ended runs for a moment more.
    read: ({ jobs, running }) => [[Math.max(0, jobs.InProgress + jobs.Stopping - running.length)]],
  },
  millrace_instances: {
    type: 'gauge',
    help: 'Instances that run, each for one job',
    read: ({ running }) => [[running.length]],
  },
  millrace_max_instances: {
    type: 'gauge',
    help: 'Instances that may run at a time (--max-instances)',
    read: ({ maxInstances }) => [[maxInstances]],
  },
  millrace_objects_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Objects whose transform has ended, completed or failed',
    read: ({ totals }) => [
      [totals.objectsDone, { result: 'completed' }],
      [totals.objectsFailed, { result: 'failed' }],
    ],
  },
  millrace_records_total: {
    type: 'counter',
    help: 'Records of the input whose inferences have come',
    read: ({ totals }) => [[totals.records]],
  },
  millrace_bad_records_total: {
    type: 'counter',
    help: 'Records with a placeholder instead of an inference',
    read: ({ totals }) => [[totals.badRecords]],
  },
  millrace_input_bytes_total: {
    type: 'counter',
    help: 'Bytes of the input that those records took, as they are stored',
    read: ({ totals }) => [[totals.bytes]],
  },
  millrace_output_bytes_total: {
    type: 'counter',
    help: 'Bytes of outputs that are complete',
    read: ({ totals }) => [[totals.outputBytes]],
  },
  millrace_requests_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Requests to model servers that have ended, by the class of the answer (2xx to 5xx); error: no whole answer',
    read: ({ totals }) => requestEnds.map((code, at) => [totals.ends[at] ?? 0, { code }]),
  },
  millrace_retries_total: {
    type: 'counter',
    help: 'Requests that were sent again after a failed one',
    read: ({ totals }) => [[totals.retries]],
  },
  millrace_miscounted_responses_total: {
    type: 'counter',
    help: 'Answers that had another number of lines than records were sent',
    read: ({ totals }) => [[totals.miscounted]],
  },
  millrace_requests_in_flight: {
    type: 'gauge',
    help: 'Requests to model servers that are not answered yet',
    read: ({ totals }) => [[totals.requestsInFlight]],
  },
  millrace_events_total: {
    type: 'counter',
    labels: ['sink', 'result'],
    help: 'Events of jobs for the webhook or the file, delivered or lost',
    read: ({ sinks }) =>
      sinks.flatMap(({ name: sink, delivered, lost }): Sample[] => [
        [delivered, { sink, result: 'delivered' }],
        [lost, { sink, result: 'lost' }],
      ]),
  },
  // Of jobs that run. Gauges, because some go down again: what of a streamed object was sent in vain, for example.
  millrace_job_objects: {
    type: 'gauge',
    labels: ['job', 'state'],
    help: 'Objects of a running job by state: pending, completed or failed',
    read: ({ running }) =>
      running.flatMap(({ job, progress: { objectsTotal, objectsDone, objectsFailed } }): Sample[] => [
        [objectsTotal - objectsDone - objectsFailed, { job, state: 'pending' }],
        [objectsDone, { job, state: 'completed' }],
        [objectsFailed, { job, state: 'failed' }],
      ]),
  },
  millrace_job_records: {
    type: 'gauge',
    labels: ['job'],
    help: 'Records of a running job whose inferences have come',
    read: ofJobs(({ records }) => records),
  },
  millrace_job_bad_records: {
    type: 'gauge',
    labels: ['job'],
    help: 'Records of a running job with a placeholder instead of an inference',
    read: ofJobs(({ badRecords }) => badRecords),
  },
  millrace_job_input_bytes: {
    type: 'gauge',
    labels: ['job'],
    help: 'Bytes of the input of a running job that are transformed',
    read: ofJobs(({ bytes }) => bytes),
  },
  millrace_job_expected_input_bytes: {
    type: 'gauge',
    labels: ['job'],
    help: 'Bytes of the input of a running job in all',
    read: ofJobs(({ bytesTotal }) => bytesTotal),
  },
  millrace_job_requests_in_flight: {
    type: 'gauge',
    labels: ['job'],
    help: 'Requests of a running job that are not answered yet',
    read: ofJobs(({ requestsInFlight }) => requestsInFlight),
  },
  // Of the process, under the names that client libraries for Prometheus agree on.
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'User and system CPU time of the service in seconds, without its model servers',
    read: () => {
      const { user, system } = process.cpuUsage();
      return [[(user + system) / 1e6]];
    },
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the service in bytes, without its model servers',
    read: () => [[process.memoryUsage.rss()]],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'Start of the service in seconds since the epoch',
    read: () => [[performance.timeOrigin / 1000]],
  },
};

function ofJobs(value: (progress: Progress) => number): MetricDefinition['read'] {
  return ({ running }) => running.map(({ job, progress }) => [value(progress), { job }]);
}
