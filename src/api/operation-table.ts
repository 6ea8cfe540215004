import type { Operation } from './operation.ts';
import { addTags } from './operations/add-tags.ts';
import { createModel } from './operations/create-model.ts';
import { createTransformJob } from './operations/create-transform-job.ts';
import { deleteModel } from './operations/delete-model.ts';
import { deleteTags } from './operations/delete-tags.ts';
import { deleteTransformJob } from './operations/delete-transform-job.ts';
import { describeModel } from './operations/describe-model.ts';
import { describeTransformJob } from './operations/describe-transform-job.ts';
import { listModels } from './operations/list-models.ts';
import { listTags } from './operations/list-tags.ts';
import { listTransformJobs } from './operations/list-transform-jobs.ts';
import { stopTransformJob } from './operations/stop-transform-job.ts';

/** The operations of the target `SageMaker.…`, by their names on the wire. */
export const operationTable: Readonly<Record<string, Operation>> = {
  CreateModel: createModel,
  DescribeModel: describeModel,
  ListModels: listModels,
  DeleteModel: deleteModel,
  CreateTransformJob: createTransformJob,
  DescribeTransformJob: describeTransformJob,
  ListTransformJobs: listTransformJobs,
  StopTransformJob: stopTransformJob,
  DeleteTransformJob: deleteTransformJob,
  AddTags: addTags,
  ListTags: listTags,
  DeleteTags: deleteTags,
};
