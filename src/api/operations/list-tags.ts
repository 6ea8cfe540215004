import { listTagsInput } from '../constraints/tables/tags.ts';
import { checkTagged } from '../named.ts';
import { operation } from '../operation.ts';
import { tagMembers } from '../tag-members.ts';

/** A resource has 50 tags at the most, and a page 50 at the least: one page always. */
export const listTags = operation(listTagsInput, async ({ ResourceArn: arn }, context) => {
  await checkTagged(arn, context);
  return { Tags: tagMembers(await context.catalog.tags.list(arn)) };
});
