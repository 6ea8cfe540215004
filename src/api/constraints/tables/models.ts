import { boolean, document, type Infer, list, map, required, string, structure, timestamp } from '../shape.ts';
import { maxResults, modelName, nextToken, s3Uri, sortOrder } from './members.ts';
import { tags } from './tags.ts';

const DNS_LABEL = '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}';
const MODEL_PACKAGE = String.raw`(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)(\/[0-9]{1,9})?`;
const ROLE_ARN = String.raw`arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`;

const vpcId = string({ max: 32, pattern: '[-0-9a-zA-Z]+' });

const imageConfig = structure({
  RepositoryAccessMode: required(string({ oneOf: ['Platform', 'Vpc'] })),
  RepositoryAuthConfig: structure({
    RepositoryCredentialsProviderArn: required(string({ min: 1, max: 2048, pattern: '.*' })),
  }),
});

const additionalModelDataSource = structure({
  ChannelName: required(string({ min: 1, max: 64, pattern: String.raw`[A-Za-z0-9\.\-_]+` })),
  S3DataSource: required(
    structure({
      S3Uri: required(s3Uri),
      S3DataType: required(string({ oneOf: ['S3Prefix', 'S3Object'] })),
      CompressionType: required(string({ oneOf: ['None', 'Gzip'] })),
      ModelAccessConfig: structure({ AcceptEula: required(boolean()) }),
      HubAccessConfig: structure({ HubContentArn: required(string({ max: 255, pattern: '.*' })) }),
      ManifestS3Uri: s3Uri,
      ETag: string(),
      ManifestEtag: string(),
    }),
  ),
});

const container = structure({
  ContainerHostname: string({ max: 63, pattern: DNS_LABEL }),
  Image: string({ max: 255, pattern: String.raw`[\S]+` }),
  ImageConfig: imageConfig,
  Mode: string({ oneOf: ['SingleModel', 'MultiModel'] }),
  ModelDataUrl: s3Uri,
  /** Kept as it came: models that use it can be created, but not used in transform jobs (behaviour 7). */
  ModelDataSource: document(),
  AdditionalModelDataSources: list(additionalModelDataSource, { min: 0, max: 5 }),
  Environment: map(
    string({ max: 1024, pattern: '[a-zA-Z_][a-zA-Z0-9_]*' }),
    string({ max: 1024, pattern: String.raw`[\S\s]*` }),
    { min: 0, max: 100 },
  ),
  ModelPackageName: string({ min: 1, max: 176, pattern: MODEL_PACKAGE }),
  InferenceSpecificationName: string({ min: 1, max: 63, pattern: DNS_LABEL }),
  MultiModelConfig: structure({ ModelCacheSetting: string({ oneOf: ['Enabled', 'Disabled'] }) }),
});

export const createModelInput = structure({
  ModelName: required(modelName),
  PrimaryContainer: container,
  Containers: list(container, { min: 0, max: 15 }),
  InferenceExecutionConfig: structure({ Mode: required(string({ oneOf: ['Serial', 'Direct'] })) }),
  ExecutionRoleArn: string({ min: 20, max: 2048, pattern: ROLE_ARN }),
  Tags: tags,
  VpcConfig: structure({
    SecurityGroupIds: required(list(vpcId, { min: 1, max: 5 })),
    Subnets: required(list(vpcId, { min: 1, max: 16 })),
  }),
  EnableNetworkIsolation: boolean(),
});

export type ContainerDefinition = Infer<typeof container>;
export type CreateModelRequest = Infer<typeof createModelInput>;

export const describeModelInput = structure({
  ModelName: required(modelName),
});

export const deleteModelInput = structure({
  ModelName: required(modelName),
});

export const listModelsInput = structure({
  SortBy: string({ oneOf: ['Name', 'CreationTime'] }),
  SortOrder: sortOrder,
  NextToken: nextToken,
  MaxResults: maxResults,
  NameContains: string({ max: 63, pattern: '[a-zA-Z0-9-]+' }),
  CreationTimeBefore: timestamp(),
  CreationTimeAfter: timestamp(),
});
