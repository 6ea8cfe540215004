import { randomUUID } from 'node:crypto';
import type { Site } from '../api/arn.ts';
import { filledIn } from '../api/filled-in.ts';
import type { TransformRequest } from '../api/transform-definition.ts';
import type { JobRow, Tag, Tags } from '../catalog/catalog.ts';
import type { Clock } from '../core/clock.ts';

/** What the sinks are given to send the last events when the service stops. */
const CLOSE_MS = 3000;

/** A change of a job's status on its way to those who want to know. */
export interface StateEvent {
  /** Its name; events of one job keep their order. */
  readonly job: string;
  readonly status: string;
  /** The event: JSON in one line. */
  readonly text: string;
}

/** Where events go. It takes each at once and never fails its caller: what it cannot deliver, it tells whoever runs the service. */
export interface EventSink {
  readonly name: 'webhook' | 'file';
  /** Events since the start that have arrived, and that never will. */
  readonly delivered: number;
  readonly lost: number;
  send(event: StateEvent): void;
  /** Sends what waits, until `late` is aborted. Called once, after the last `send`. */
  close(late: AbortSignal): Promise<void>;
}

export interface StateEventsOptions {
  readonly site: Site;
  readonly tags: Pick<Tags, 'list'>;
  readonly sinks: readonly EventSink[];
  readonly clock: Clock;
  readonly onError: (error: unknown, where: string) => void;
}

/** Tells every change of a job's status to the sinks, as the original tells it to EventBridge (behaviour 8). */
export class StateEvents {
  readonly #options: StateEventsOptions;
  /** Until the event of every change so far is with the sinks. */
  #told: Promise<void> = Promise.resolve();

  constructor(options: StateEventsOptions) {
    this.#options = options;
  }

  /** A job was created, or its status has changed. */
  changed(job: JobRow): void {
    const { site, tags, sinks, onError } = this.#options;
    if (sinks.length === 0) return;
    // The tags are asked for now: the job may be deleted before its turn has come.
    this.#told = Promise.all([tags.list(job.arn), this.#told])
      .then(([list]) => {
        const event = { job: job.name, status: job.status, text: JSON.stringify(stateChange(site, job, list)) };
        for (const sink of sinks) sink.send(event);
      })
      .catch((error: unknown) => onError(error, `the event "${job.status}" of the job "${job.name}" is lost`));
  }

  /** Gives the sinks a moment to send what they have. No changes may follow. */
  async close(): Promise<void> {
    await this.#told;
    const late = new AbortController();
    const closed = new AbortController();
    const deadline = this.#options.clock.sleep(CLOSE_MS, closed.signal).then(
      () => late.abort(),
      () => undefined, // everything was sent in time
    );
    await Promise.all(this.#options.sinks.map((sink) => sink.close(late.signal)));
    closed.abort();
    await deadline;
  }
}

/**
 * The event of the original. Its members are those of DescribeTransformJob, but times are milliseconds since the epoch, tags a map,
 * and what there is not yet is null. Only its envelope tells the time of the change, in whole seconds.
 */
export function stateChange({ region, account }: Site, job: JobRow, tags: readonly Tag[]): object {
  const { TransformJobName, ...request } = filledIn(JSON.parse(job.request) as TransformRequest);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'SageMaker Transform Job State Change',
    source: 'aws.sagemaker',
    account,
    time: new Date(job.modifiedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [job.arn],
    detail: {
      TransformJobName,
      TransformJobArn: job.arn,
      TransformJobStatus: job.status,
      FailureReason: job.failureReason ?? null,
      MaxConcurrentTransforms: null,
      MaxPayloadInMB: null,
      BatchStrategy: null,
      Environment: {},
      ...request,
      CreationTime: job.createdAt,
      TransformStartTime: job.startedAt ?? null,
      TransformEndTime: job.endedAt ?? null,
      Tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
    },
  };
}
