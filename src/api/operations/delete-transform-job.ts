import { deleteTransformJobInput } from '../constraints/tables/transform-jobs.ts';
import { Fault } from '../fault.ts';
import { jobNamed } from '../named.ts';
import { operation } from '../operation.ts';

/** Not in the original, where jobs stay for ever. Removes a job that has ended, with its tags and logs; its results stay. */
export const deleteTransformJob = operation(deleteTransformJobInput, async ({ TransformJobName }, context) => {
  const { catalog, logs } = context;
  const { id, name, status } = await jobNamed(TransformJobName, context);
  if (status === 'InProgress' || status === 'Stopping') {
    const reason = `the transform job is in status ${status}. Stop it with StopTransformJob first.`;
    throw new Fault('ResourceInUse', `The request was rejected because ${reason}`);
  }
  await logs.removeJob(name);
  await catalog.jobs.remove(id);
  return undefined;
});
