import type { JobRow, ShardTotals } from '../../catalog/catalog.ts';
import { describeTransformJobInput } from '../constraints/tables/transform-jobs.ts';
import { filledIn } from '../filled-in.ts';
import { jobNamed } from '../named.ts';
import { type OperationContext, operation, seconds } from '../operation.ts';
import type { TransformRequest } from '../transform-definition.ts';

export const describeTransformJob = operation(describeTransformJobInput, async ({ TransformJobName }, context) =>
  description(await jobNamed(TransformJobName, context), context),
);

/** A job as the original shows it, and `TransformProgress`, which is ours. */
async function description(job: JobRow, context: OperationContext): Promise<object> {
  const { failureReason, startedAt, endedAt } = job;
  return {
    ...filledIn(JSON.parse(job.request) as TransformRequest),
    TransformJobArn: job.arn,
    TransformJobStatus: job.status,
    ...(failureReason === undefined ? {} : { FailureReason: failureReason }),
    CreationTime: seconds(job.createdAt),
    ...(startedAt === undefined ? {} : { TransformStartTime: seconds(startedAt) }),
    ...(endedAt === undefined ? {} : { TransformEndTime: seconds(endedAt) }),
    TransformProgress: await progress(job, context),
  };
}

/** What a job had done when its counts were written. */
export type JobCounts = ShardTotals & {
  readonly requests: number;
  readonly retries: number;
  readonly badRecords: number;
};

async function progress(job: JobRow, { catalog, reconciler }: OperationContext): Promise<object> {
  const running = reconciler.progress(job.id);
  if (running === undefined && job.counts !== undefined) return members(JSON.parse(job.counts) as JobCounts);
  // Objects that are done are in the ledger, those under way only in the counters of who does them.
  const totals = await catalog.shards.totals(job.id);
  if (running === undefined) return members({ ...totals, requests: 0, retries: 0, badRecords: 0 });
  const { requests, retries, badRecords, records, bytes, outputBytes } = running;
  return members({
    ...totals,
    records: Math.max(records, totals.records),
    bytesDone: Math.max(bytes, totals.bytesDone),
    outputBytes: Math.max(outputBytes, totals.outputBytes),
    requests,
    retries,
    badRecords,
  });
}

function members(counts: JobCounts): object {
  return {
    Objects: counts.total,
    ObjectsCompleted: counts.completed,
    ObjectsFailed: counts.failed,
    Bytes: counts.bytes,
    BytesTransformed: counts.bytesDone,
    Records: counts.records,
    BadRecords: counts.badRecords,
    OutputBytes: counts.outputBytes,
    Requests: counts.requests,
    Retries: counts.retries,
  };
}
