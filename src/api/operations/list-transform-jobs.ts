import type { JobSummary } from '../../catalog/catalog.ts';
import { listTransformJobsInput } from '../constraints/tables/transform-jobs.ts';
import { given, listPage } from '../list-page.ts';
import { operation, seconds } from '../operation.ts';

export const listTransformJobs = operation(listTransformJobsInput, async (request, { catalog }) => {
  const sortBy = request.SortBy ?? 'CreationTime';
  const query = {
    sortBy,
    descending: (request.SortOrder ?? 'Descending') === 'Descending',
    ...given({
      nameContains: request.NameContains,
      status: request.StatusEquals,
      createdAfter: request.CreationTimeAfter,
      createdBefore: request.CreationTimeBefore,
      modifiedAfter: request.LastModifiedTimeAfter,
      modifiedBefore: request.LastModifiedTimeBefore,
    }),
  };
  const sorted = { Name: 'name', CreationTime: 'createdAt', Status: 'status' } as const;
  const { shown, next } = await listPage(
    request,
    { list: 'ListTransformJobs', ...query },
    (paging) => catalog.jobs.list({ ...query, ...paging }),
    (job) => ({ value: job[sorted[sortBy]], id: job.id }),
  );
  return { TransformJobSummaries: shown.map(summary), ...next };
});

function summary({ name, arn, createdAt, endedAt, modifiedAt, status, failureReason }: JobSummary): object {
  return {
    TransformJobName: name,
    TransformJobArn: arn,
    CreationTime: seconds(createdAt),
    ...(endedAt === undefined ? {} : { TransformEndTime: seconds(endedAt) }),
    LastModifiedTime: seconds(modifiedAt),
    TransformJobStatus: status,
    ...(failureReason === undefined ? {} : { FailureReason: failureReason }),
  };
}
