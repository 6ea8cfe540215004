import { modelArn } from '../arn.ts';
import { checkCreateModel } from '../constraints/cross-field.ts';
import { createModelInput } from '../constraints/tables/models.ts';
import { Fault } from '../fault.ts';
import { checkModelData } from '../model-data.ts';
import { operation } from '../operation.ts';
import { tagsOf } from '../tag-members.ts';

export const createModel = operation(createModelInput, async (request, context, signal) => {
  const { site, catalog, clock } = context;
  checkCreateModel(request);
  const { Tags, ...definition } = request;
  const { ModelName: name } = request;
  const arn = modelArn(site, name);
  const exists = (): Fault => new Fault('ValidationException', `Cannot create already existing model "${arn}".`);
  if ((await catalog.models.get(name)) !== undefined) throw exists();
  await checkModelData(request, context.stores, signal);
  const model = { name, arn, createdAt: clock.now(), definition: JSON.stringify(definition) };
  if (!(await catalog.models.add(model, tagsOf(Tags)))) throw exists();
  return { ModelArn: arn };
});
