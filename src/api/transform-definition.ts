import type { JobDefinition, OutputPlace } from '../jobs/job-definition.ts';
import { JOB_SETTING_PREFIX, settingsAmong } from '../jobs/job-settings.ts';
import type { Infer } from './constraints/shape.ts';
import type { createTransformJobInput } from './constraints/tables/transform-jobs.ts';
import { containersOf, type ModelDefinition } from './model-definition.ts';

/** CreateTransformJob as the catalog keeps it: what was sent, without its tags. */
export type TransformRequest = Omit<Infer<typeof createTransformJobInput>, 'Tags'>;

/**
 * What a request means, in the words of the field.
 *
 * @throws MillraceError `InvalidOption` for settings in the environment that cannot be
 */
export function jobDefinition(request: TransformRequest, model: ModelDefinition): JobDefinition {
  const { TransformInput: input, TransformOutput: output, DataCaptureConfig: capture, Environment = {} } = request;
  const { S3DataType, S3Uri } = input.DataSource.S3DataSource;
  const variables = Object.entries(Environment);
  return {
    wishes: { ...wishes(request), ...Object.fromEntries(settingsAmong(variables)) },
    // The other kinds have been refused before.
    input: { kind: S3DataType === 'ManifestFile' ? 'ManifestFile' : 'S3Prefix', uri: S3Uri },
    output: place(output.S3OutputPath, output.KmsKeyId),
    ...(capture === undefined ? {} : { capture: place(capture.DestinationS3Uri, capture.KmsKeyId) }),
    environment: Object.fromEntries(variables.filter(([name]) => !name.startsWith(JOB_SETTING_PREFIX))),
    containers: containersOf(model),
  };
}

/** An empty key is what DescribeTransformJob shows when there is none. */
function place(uri: string, kmsKeyId: string | undefined): OutputPlace {
  return kmsKeyId === undefined || kmsKeyId === '' ? { uri } : { uri, kmsKeyId };
}

/** What was asked, by the names of the command's options. */
function wishes(request: TransformRequest): Record<string, string> {
  const {
    TransformInput: input,
    TransformOutput: output,
    DataProcessing: processing,
    ModelClientConfig: client,
  } = request;
  const asked = {
    'content-type': input.ContentType,
    'compression-type': input.CompressionType,
    'split-type': input.SplitType,
    accept: output.Accept,
    // Where the command guesses, the original does not.
    'assemble-with': output.AssembleWith ?? 'None',
    'batch-strategy': request.BatchStrategy,
    'max-payload-in-mb': request.MaxPayloadInMB,
    'max-concurrent-transforms': request.MaxConcurrentTransforms,
    'input-filter': unlessAll(processing?.InputFilter),
    'join-source': processing?.JoinSource,
    'output-filter': unlessAll(processing?.OutputFilter),
    'generate-inference-id': request.DataCaptureConfig?.GenerateInferenceId === true ? 'true' : undefined,
    'invocations-timeout-in-seconds': client?.InvocationsTimeoutInSeconds,
    'invocations-max-retries': client?.InvocationsMaxRetries,
  };
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== '') given[name] = String(value);
  }
  return given;
}

/** `$` is all of a record, which DescribeTransformJob shows when there is no filter: any content can have it. */
function unlessAll(filter: string | undefined): string | undefined {
  return filter?.trim() === '$' ? undefined : filter;
}
