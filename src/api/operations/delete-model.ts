import { deleteModelInput } from '../constraints/tables/models.ts';
import { modelNamed } from '../named.ts';
import { operation } from '../operation.ts';

/** Jobs of the model go on: they have it as it was when they were created. */
export const deleteModel = operation(deleteModelInput, async ({ ModelName }, context) => {
  await modelNamed(ModelName, context);
  await context.catalog.models.remove(ModelName);
  return undefined;
});
