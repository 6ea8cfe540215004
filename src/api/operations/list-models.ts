import { listModelsInput } from '../constraints/tables/models.ts';
import { given, listPage } from '../list-page.ts';
import { operation, seconds } from '../operation.ts';

export const listModels = operation(listModelsInput, async (request, { catalog }) => {
  const sortBy = request.SortBy ?? 'CreationTime';
  const query = {
    sortBy,
    descending: (request.SortOrder ?? 'Descending') === 'Descending',
    ...given({
      nameContains: request.NameContains,
      createdAfter: request.CreationTimeAfter,
      createdBefore: request.CreationTimeBefore,
    }),
  };
  const { shown, next } = await listPage(
    request,
    { list: 'ListModels', ...query },
    (paging) => catalog.models.list({ ...query, ...paging }),
    ({ name, createdAt }) => ({ value: sortBy === 'Name' ? name : createdAt, id: name }),
  );
  const models = shown.map(({ name, arn, createdAt }) => ({
    ModelName: name,
    ModelArn: arn,
    CreationTime: seconds(createdAt),
  }));
  return { Models: models, ...next };
});
