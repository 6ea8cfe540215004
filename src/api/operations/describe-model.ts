import { describeModelInput } from '../constraints/tables/models.ts';
import { readModel } from '../model-definition.ts';
import { modelNamed } from '../named.ts';
import { operation, seconds } from '../operation.ts';

export const describeModel = operation(describeModelInput, async ({ ModelName }, context) => {
  const model = await modelNamed(ModelName, context);
  const { EnableNetworkIsolation = false, ...definition } = readModel(model);
  return { ...definition, EnableNetworkIsolation, ModelArn: model.arn, CreationTime: seconds(model.createdAt) };
});
