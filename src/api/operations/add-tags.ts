import { checkTags } from '../constraints/cross-field.ts';
import { addTagsInput } from '../constraints/tables/tags.ts';
import { Fault } from '../fault.ts';
import { checkTagged } from '../named.ts';
import { operation } from '../operation.ts';
import { tagMembers, tagsOf } from '../tag-members.ts';

/** Tags that a resource may have. */
const MAX_TAGS = 50;

export const addTags = operation(addTagsInput, async ({ ResourceArn: arn, Tags }, context) => {
  const { tags } = context.catalog;
  checkTags(Tags);
  await checkTagged(arn, context);
  if (!(await tags.add(arn, tagsOf(Tags), MAX_TAGS)))
    throw new Fault('ResourceLimitExceeded', `A resource has ${MAX_TAGS} tags at the most; ${arn} would have more.`);
  return { Tags: tagMembers(await tags.list(arn)) };
});
