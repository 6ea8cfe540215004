import { MillraceError } from '../core/errors.ts';
import { bucketOf } from '../jobs/job-places.ts';
import type { Site } from './arn.ts';
import { Fault } from './fault.ts';
import type { ModelDefinition } from './model-definition.ts';
import type { TransformRequest } from './transform-definition.ts';

/** An error of `createJob`, in the original's words where there is nothing to transform (behaviour 7); any other as it is. */
export function inputFault(
  error: unknown,
  request: TransformRequest,
  model: ModelDefinition,
  { region }: Site,
): unknown {
  if (!(error instanceof MillraceError)) return error;
  const { S3Uri: uri } = request.TransformInput.DataSource.S3DataSource;
  const bucket = bucketOf(uri);
  const noBucket = error.is('BucketNotFound') && error.details.bucket === bucket;
  if (error.is('BucketNotFound') && !noBucket) {
    const message = `There is no bucket "${error.details.bucket}" at ${error.details.endpoint}. Make it first, or check its name.`;
    return new Fault('ValidationException', message);
  }
  if (!error.is('NothingToDo') && !noBucket) return error;
  const role = model.ExecutionRoleArn ?? '(none)';
  return new Fault(
    'ValidationException',
    `No S3 objects found under S3 URL "${uri}" given in input data source. Please ensure that the bucket exists in the selected region (${region}), that objects exist under that S3 prefix, and that the role "${role}" has "s3:ListBucket" permissions on bucket "${bucket ?? uri}".`,
  );
}
