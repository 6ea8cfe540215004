import { createJob } from '../../jobs/create-job.ts';
import { transformJobArn } from '../arn.ts';
import { checkCreateTransformJob } from '../constraints/cross-field.ts';
import { createTransformJobInput } from '../constraints/tables/transform-jobs.ts';
import { Fault } from '../fault.ts';
import { inputFault } from '../job-fault.ts';
import { checkModelData } from '../model-data.ts';
import { checkTransformable, readModel } from '../model-definition.ts';
import { modelNamed } from '../named.ts';
import { operation } from '../operation.ts';
import { tagsOf } from '../tag-members.ts';
import { jobDefinition } from '../transform-definition.ts';

export const createTransformJob = operation(createTransformJobInput, async (request, context, signal) => {
  const { site, catalog, stores, clock, onChange, reconciler } = context;
  checkCreateTransformJob(request);
  const { Tags, ...kept } = request;
  const name = request.TransformJobName;
  const arn = transformJobArn(site, name);
  const exists = (): Fault =>
    new Fault(
      'ResourceInUse',
      `Job name must be unique within an AWS account and region, and a job with this name already exists (${arn})`,
    );
  if (await catalog.tags.known(arn)) throw exists();
  const model = readModel(await modelNamed(request.ModelName, context));
  checkTransformable(model);
  await checkModelData(model, stores, signal);
  const job = await createJob(
    {
      name,
      arn,
      createdAt: clock.now(),
      request: JSON.stringify(kept),
      definition: jobDefinition(kept, model),
      tags: tagsOf(Tags),
    },
    context,
    signal,
  ).catch((error: unknown) => {
    throw inputFault(error, request, model, site);
  });
  if (job === undefined) throw exists();
  onChange(job);
  reconciler.wake();
  return { TransformJobArn: arn };
});
