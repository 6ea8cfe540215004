import { stopTransformJobInput } from '../constraints/tables/transform-jobs.ts';
import { Fault } from '../fault.ts';
import { operation } from '../operation.ts';

export const stopTransformJob = operation(stopTransformJobInput, async ({ TransformJobName: name }, context) => {
  const { catalog, clock, onChange, reconciler } = context;
  const job = await catalog.jobs.get(name);
  if (job === undefined) throw new Fault('ValidationException', `Could not find job to update with name: ${name}`);
  const stopping = await catalog.jobs.change(job.id, ['InProgress'], { status: 'Stopping' }, clock.now());
  if (stopping !== undefined) {
    onChange(stopping);
    reconciler.wake();
    return undefined;
  }
  // It may have ended since it was looked for; to ask twice for a stop is no error.
  const status = (await catalog.jobs.get(name))?.status ?? job.status;
  if (status === 'Stopping') return undefined;
  const reason = `the transform job is in status ${status}. Only a job that is InProgress can be stopped.`;
  throw new Fault('ValidationException', `The request was rejected because ${reason}`);
});
