import { xmlAnswer } from '../s3-answer.ts';
import type { BucketCall, S3Operation } from '../s3-call.ts';
import { xmlDocument } from '../xml-writer.ts';

/** Nothing stands for us-east-1, the region that there was before there were regions. */
export const getBucketLocation: S3Operation<BucketCall> = async ({ service: { region } }) =>
  xmlAnswer(xmlDocument('LocationConstraint', region === 'us-east-1' ? undefined : region));
