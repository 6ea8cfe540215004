import { pattern } from '../pattern.ts';
import { integer, string } from '../shape.ts';

// Members that several families of operations share.

/** Matched as the first slash decides it: the original's pattern tries every split of what is before a line break. */
export const s3Uri = string({
  max: 1024,
  pattern: pattern('(https|s3)://([^/]+)/?(.*)', '(?:https|s3)://[^/]+(?:/.*)?'),
});
export const modelName = string({ max: 63, pattern: String.raw`[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?` });

export const nextToken = string({ max: 8192, pattern: '.*' });
export const maxResults = integer({ min: 1, max: 100 });
export const sortOrder = string({ oneOf: ['Ascending', 'Descending'] });
