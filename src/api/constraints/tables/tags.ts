import { type Infer, integer, list, required, string, structure } from '../shape.ts';
import { nextToken } from './members.ts';

const TAG_TEXT = String.raw`([\p{L}\p{Z}\p{N}_.:/=+\-@]*)`;

const resourceArn = string({ max: 256, pattern: 'arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+' });
const tagKey = string({ min: 1, max: 128, pattern: TAG_TEXT });

const tag = structure({
  Key: required(tagKey),
  Value: required(string({ max: 256, pattern: TAG_TEXT })),
});
export const tags = list(tag, { min: 0, max: 50 });

export type Tag = Infer<typeof tag>;

export const addTagsInput = structure({
  ResourceArn: required(resourceArn),
  Tags: required(tags),
});

export const listTagsInput = structure({
  ResourceArn: required(resourceArn),
  NextToken: nextToken,
  MaxResults: integer({ min: 50 }),
});

export const deleteTagsInput = structure({
  ResourceArn: required(resourceArn),
  TagKeys: required(list(tagKey, { min: 1, max: 50 })),
});
