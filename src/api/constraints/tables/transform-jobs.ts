import { boolean, type Infer, integer, map, required, string, structure, timestamp } from '../shape.ts';
import { instanceTypes } from './instance-types.ts';
import { maxResults, modelName, nextToken, s3Uri, sortOrder } from './members.ts';
import { tags } from './tags.ts';

const transformJobName = string({ min: 1, max: 63, pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}' });
const experimentEntityName = string({ min: 1, max: 120, pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}' });
const contentType = string({ max: 256, pattern: '.*' });
const kmsKeyId = string({ max: 2048, pattern: '[a-zA-Z0-9:/_-]*' });
const filter = string({ max: 63 });

const transformInput = structure({
  DataSource: required(
    structure({
      S3DataSource: required(
        structure({
          S3DataType: required(string({ oneOf: ['ManifestFile', 'S3Prefix', 'AugmentedManifestFile', 'Converse'] })),
          S3Uri: required(s3Uri),
        }),
      ),
    }),
  ),
  ContentType: contentType,
  CompressionType: string({ oneOf: ['None', 'Gzip'] }),
  SplitType: string({ oneOf: ['None', 'Line', 'RecordIO', 'TFRecord'] }),
});

const transformOutput = structure({
  S3OutputPath: required(s3Uri),
  Accept: contentType,
  AssembleWith: string({ oneOf: ['None', 'Line'] }),
  KmsKeyId: kmsKeyId,
});

const transformResources = structure({
  InstanceType: required(string({ oneOf: instanceTypes })),
  InstanceCount: required(integer({ min: 1 })),
  VolumeKmsKeyId: kmsKeyId,
  TransformAmiVersion: string({ min: 1, max: 63, pattern: '[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*' }),
});

export const createTransformJobInput = structure({
  TransformJobName: required(transformJobName),
  ModelName: required(modelName),
  MaxConcurrentTransforms: integer({ min: 0 }),
  ModelClientConfig: structure({
    InvocationsTimeoutInSeconds: integer({ min: 1, max: 3600 }),
    InvocationsMaxRetries: integer({ min: 0, max: 3 }),
  }),
  MaxPayloadInMB: integer({ min: 0 }),
  BatchStrategy: string({ oneOf: ['MultiRecord', 'SingleRecord'] }),
  Environment: map(
    string({ max: 1024, pattern: '[a-zA-Z_][a-zA-Z0-9_]{0,1023}' }),
    string({ max: 10_240, pattern: String.raw`[\S\s]*` }),
    { min: 0, max: 16 },
  ),
  TransformInput: required(transformInput),
  TransformOutput: required(transformOutput),
  DataCaptureConfig: structure({
    DestinationS3Uri: required(s3Uri),
    KmsKeyId: kmsKeyId,
    GenerateInferenceId: boolean(),
  }),
  TransformResources: required(transformResources),
  DataProcessing: structure({
    InputFilter: filter,
    OutputFilter: filter,
    JoinSource: string({ oneOf: ['Input', 'None'] }),
  }),
  Tags: tags,
  ExperimentConfig: structure({
    ExperimentName: experimentEntityName,
    TrialName: experimentEntityName,
    TrialComponentDisplayName: experimentEntityName,
    RunName: experimentEntityName,
  }),
});

export type CreateTransformJobRequest = Infer<typeof createTransformJobInput>;

export const describeTransformJobInput = structure({
  TransformJobName: required(transformJobName),
});

export const stopTransformJobInput = structure({
  TransformJobName: required(transformJobName),
});

/** Ours: the original keeps transform jobs for good. */
export const deleteTransformJobInput = structure({
  TransformJobName: required(transformJobName),
});

export const listTransformJobsInput = structure({
  CreationTimeAfter: timestamp(),
  CreationTimeBefore: timestamp(),
  LastModifiedTimeAfter: timestamp(),
  LastModifiedTimeBefore: timestamp(),
  NameContains: string({ max: 63, pattern: String.raw`[a-zA-Z0-9\-]+` }),
  StatusEquals: string({ oneOf: ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped'] }),
  SortBy: string({ oneOf: ['Name', 'CreationTime', 'Status'] }),
  SortOrder: sortOrder,
  NextToken: nextToken,
  MaxResults: maxResults,
});
