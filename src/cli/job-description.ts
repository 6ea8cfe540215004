import type { ShownProgress } from './progress-display.ts';
import type { Service } from './service-client.ts';

/** What a list says of a job, and DescribeTransformJob too. Members may be missing: it comes from a server. */
export interface JobSummary {
  readonly TransformJobName?: string;
  readonly TransformJobArn?: string;
  readonly TransformJobStatus?: string;
  readonly FailureReason?: string;
  /** Times are seconds since the epoch. */
  readonly CreationTime?: number;
  readonly TransformEndTime?: number;
  readonly TransformStartTime?: number;
  readonly TransformProgress?: TransformProgress;
}

/** What millrace says of how far a job has come; the original says nothing. */
export interface TransformProgress {
  readonly Objects?: number;
  readonly ObjectsCompleted?: number;
  readonly ObjectsFailed?: number;
  readonly Bytes?: number;
  readonly BytesTransformed?: number;
  readonly Records?: number;
  readonly BadRecords?: number;
  readonly OutputBytes?: number;
  readonly Requests?: number;
  readonly Retries?: number;
}

export interface JobDescription extends JobSummary {
  readonly ModelName?: string;
  readonly BatchStrategy?: string;
  readonly MaxPayloadInMB?: number;
  readonly MaxConcurrentTransforms?: number;
  readonly ModelClientConfig?: {
    readonly InvocationsTimeoutInSeconds?: number;
    readonly InvocationsMaxRetries?: number;
  };
  readonly Environment?: Readonly<Record<string, string>>;
  readonly TransformInput?: {
    readonly DataSource?: { readonly S3DataSource?: { readonly S3DataType?: string; readonly S3Uri?: string } };
    readonly ContentType?: string;
    readonly CompressionType?: string;
    readonly SplitType?: string;
  };
  readonly TransformOutput?: {
    readonly S3OutputPath?: string;
    readonly Accept?: string;
    readonly AssembleWith?: string;
  };
  readonly DataProcessing?: {
    readonly InputFilter?: string;
    readonly OutputFilter?: string;
    readonly JoinSource?: string;
  };
  readonly DataCaptureConfig?: { readonly DestinationS3Uri?: string; readonly GenerateInferenceId?: boolean };
  readonly TransformResources?: { readonly InstanceType?: string; readonly InstanceCount?: number };
}

/** @throws MillraceError `RequestRefused` when there is no such job, and what `Service.call` throws */
export async function describeJob(service: Service, name: string, signal?: AbortSignal): Promise<JobDescription> {
  return (await service.call(
    'sagemaker',
    'DescribeTransformJob',
    { TransformJobName: name },
    signal,
  )) as JobDescription;
}

/** It has not ended yet. */
export function isUnderWay({ TransformJobStatus: status }: JobSummary): boolean {
  return status === 'InProgress' || status === 'Stopping';
}

const WAITING = 'waiting for its turn';

/** Its status, and that it has not been given an instance yet. */
export function statusText(job: JobSummary): string {
  const { TransformJobStatus: status = 'unknown' } = job;
  return status === 'InProgress' && isWaiting(job) ? `InProgress, ${WAITING}` : status;
}

/** The original does not say when; a job of millrace that has no start yet is in the queue. */
export function isWaiting({ TransformStartTime, TransformProgress }: JobSummary): boolean {
  return TransformProgress !== undefined && TransformStartTime === undefined;
}

/** Its counters as the progress display wants them; zeros where the service does not count. @param asOf when it was asked */
export function shownProgress(job: JobSummary, asOf: number): ShownProgress {
  const { TransformProgress: counts = {}, TransformStartTime, CreationTime } = job;
  const since = TransformStartTime ?? CreationTime;
  return {
    objectsTotal: counts.Objects ?? 0,
    bytesTotal: counts.Bytes ?? 0,
    objectsDone: counts.ObjectsCompleted ?? 0,
    objectsFailed: counts.ObjectsFailed ?? 0,
    records: counts.Records ?? 0,
    bytes: counts.BytesTransformed ?? 0,
    badRecords: counts.BadRecords ?? 0,
    requests: counts.Requests ?? 0,
    retries: counts.Retries ?? 0,
    requestsInFlight: undefined,
    elsewhere: { status: statusText(job), note: note(job), since: since === undefined ? asOf : since * 1000, asOf },
  };
}

function note(job: JobSummary): string {
  if (job.TransformJobStatus !== 'InProgress') return job.TransformJobStatus ?? '';
  return isWaiting(job) ? WAITING : '';
}
