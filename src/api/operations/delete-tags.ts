import { checkTagKeys } from '../constraints/cross-field.ts';
import { deleteTagsInput } from '../constraints/tables/tags.ts';
import { checkTagged } from '../named.ts';
import { operation } from '../operation.ts';

export const deleteTags = operation(deleteTagsInput, async ({ ResourceArn: arn, TagKeys }, context) => {
  checkTagKeys(TagKeys);
  await checkTagged(arn, context);
  await context.catalog.tags.remove(arn, TagKeys);
  return {};
});
