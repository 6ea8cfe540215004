import type { JobRow, ModelRow } from '../catalog/catalog.ts';
import { modelArn } from './arn.ts';
import { Fault } from './fault.ts';
import type { OperationContext } from './operation.ts';

type Known = Pick<OperationContext, 'catalog' | 'site'>;

/** @throws Fault `ValidationException`, as the original says it (behaviour 7) */
export async function modelNamed(name: string, { catalog, site }: Known): Promise<ModelRow> {
  const model = await catalog.models.get(name);
  if (model !== undefined) return model;
  throw new Fault('ValidationException', `Could not find model "${modelArn(site, name)}".`);
}

/** @throws Fault `ValidationException`, as the original says it when a job is described */
export async function jobNamed(name: string, { catalog }: Known): Promise<JobRow> {
  const job = await catalog.jobs.get(name);
  if (job !== undefined) return job;
  throw new Fault('ValidationException', `Could not find requested job with name: ${name}`);
}

/** @throws Fault `ValidationException` when no model and no job has this ARN */
export async function checkTagged(arn: string, { catalog }: Known): Promise<void> {
  if (!(await catalog.tags.known(arn))) throw new Fault('ValidationException', `Could not find resource "${arn}".`);
}
