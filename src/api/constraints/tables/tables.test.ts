import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../fault.ts';
import { checked } from '../check.ts';
import type { Shape, StructureShape } from '../shape.ts';
import { unknownMembers } from '../unknown-members.ts';
import { instanceTypes } from './instance-types.ts';
import * as models from './models.ts';
import * as tags from './tags.ts';
import * as jobs from './transform-jobs.ts';

/**
 * The tables of the service model, one member a line: `!` is required, `[]` the items of a list, `{key}` and `{value}` the
 * entries of a map.
 */
const ROWS = String.raw`
CreateModel:
  ModelName! string length 0–63; pattern [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?
  PrimaryContainer structure
  PrimaryContainer.ContainerHostname string length 0–63; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
  PrimaryContainer.Image string length 0–255; pattern [\S]+
  PrimaryContainer.ImageConfig structure
  PrimaryContainer.ImageConfig.RepositoryAccessMode! string one of Platform Vpc
  PrimaryContainer.ImageConfig.RepositoryAuthConfig structure
  PrimaryContainer.ImageConfig.RepositoryAuthConfig.RepositoryCredentialsProviderArn! string length 1–2048; pattern .*
  PrimaryContainer.Mode string one of SingleModel MultiModel
  PrimaryContainer.ModelDataUrl string length 0–1024; pattern (https|s3)://([^/]+)/?(.*)
  PrimaryContainer.ModelDataSource structure
  PrimaryContainer.AdditionalModelDataSources list items 0–5
  PrimaryContainer.AdditionalModelDataSources[].ChannelName! string length 1–64; pattern [A-Za-z0-9\.\-_]+
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource! structure
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.S3Uri! string length 0–1024; pattern (https|s3)://([^/]+)/?(.*)
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.S3DataType! string one of S3Prefix S3Object
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.CompressionType! string one of None Gzip
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.ModelAccessConfig structure
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.ModelAccessConfig.AcceptEula! boolean
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.HubAccessConfig structure
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.HubAccessConfig.HubContentArn! string length 0–255; pattern .*
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.ManifestS3Uri string length 0–1024; pattern (https|s3)://([^/]+)/?(.*)
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.ETag string
  PrimaryContainer.AdditionalModelDataSources[].S3DataSource.ManifestEtag string
  PrimaryContainer.Environment map items 0–100
  PrimaryContainer.Environment{key} string length 0–1024; pattern [a-zA-Z_][a-zA-Z0-9_]*
  PrimaryContainer.Environment{value} string length 0–1024; pattern [\S\s]*
  PrimaryContainer.ModelPackageName string length 1–176; pattern (arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)(\/[0-9]{1,9})?
  PrimaryContainer.InferenceSpecificationName string length 1–63; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
  PrimaryContainer.MultiModelConfig structure
  PrimaryContainer.MultiModelConfig.ModelCacheSetting string one of Enabled Disabled
  Containers list items 0–15
  Containers[] structure as PrimaryContainer
  InferenceExecutionConfig structure
  InferenceExecutionConfig.Mode! string one of Serial Direct
  ExecutionRoleArn string length 20–2048; pattern arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+
  Tags list items 0–50
  Tags[].Key! string length 1–128; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
  Tags[].Value! string length 0–256; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
  VpcConfig structure
  VpcConfig.SecurityGroupIds! list items 1–5
  VpcConfig.SecurityGroupIds[] string length 0–32; pattern [-0-9a-zA-Z]+
  VpcConfig.Subnets! list items 1–16
  VpcConfig.Subnets[] string length 0–32; pattern [-0-9a-zA-Z]+
  EnableNetworkIsolation boolean
DescribeModel:
  ModelName! string length 0–63; pattern [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?
ListModels:
  SortBy string one of Name CreationTime
  SortOrder string one of Ascending Descending
  NextToken string length 0–8192; pattern .*
  MaxResults integer value 1–100
  NameContains string length 0–63; pattern [a-zA-Z0-9-]+
  CreationTimeBefore timestamp
  CreationTimeAfter timestamp
DeleteModel:
  ModelName! string length 0–63; pattern [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?
CreateTransformJob:
  TransformJobName! string length 1–63; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
  ModelName! string length 0–63; pattern [a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?
  MaxConcurrentTransforms integer value 0–
  ModelClientConfig structure
  ModelClientConfig.InvocationsTimeoutInSeconds integer value 1–3600
  ModelClientConfig.InvocationsMaxRetries integer value 0–3
  MaxPayloadInMB integer value 0–
  BatchStrategy string one of MultiRecord SingleRecord
  Environment map items 0–16
  Environment{key} string length 0–1024; pattern [a-zA-Z_][a-zA-Z0-9_]{0,1023}
  Environment{value} string length 0–10240; pattern [\S\s]*
  TransformInput! structure
  TransformInput.DataSource! structure
  TransformInput.DataSource.S3DataSource! structure
  TransformInput.DataSource.S3DataSource.S3DataType! string one of ManifestFile S3Prefix AugmentedManifestFile Converse
  TransformInput.DataSource.S3DataSource.S3Uri! string length 0–1024; pattern (https|s3)://([^/]+)/?(.*)
  TransformInput.ContentType string length 0–256; pattern .*
  TransformInput.CompressionType string one of None Gzip
  TransformInput.SplitType string one of None Line RecordIO TFRecord
  TransformOutput! structure
  TransformOutput.S3OutputPath! string length 0–1024; pattern (https|s3)://([^/]+)/?(.*)
  TransformOutput.Accept string length 0–256; pattern .*
  TransformOutput.AssembleWith string one of None Line
  TransformOutput.KmsKeyId string length 0–2048; pattern [a-zA-Z0-9:/_-]*
  DataCaptureConfig structure
  DataCaptureConfig.DestinationS3Uri! string length 0–1024; pattern (https|s3)://([^/]+)/?(.*)
  DataCaptureConfig.KmsKeyId string length 0–2048; pattern [a-zA-Z0-9:/_-]*
  DataCaptureConfig.GenerateInferenceId boolean
  TransformResources! structure
  TransformResources.InstanceType! string instance type
  TransformResources.InstanceCount! integer value 1–
  TransformResources.VolumeKmsKeyId string length 0–2048; pattern [a-zA-Z0-9:/_-]*
  TransformResources.TransformAmiVersion string length 1–63; pattern [a-zA-Z0-9]+(-[a-zA-Z0-9]+)*
  DataProcessing structure
  DataProcessing.InputFilter string length 0–63
  DataProcessing.OutputFilter string length 0–63
  DataProcessing.JoinSource string one of Input None
  Tags list items 0–50
  Tags[].Key! string length 1–128; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
  Tags[].Value! string length 0–256; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
  ExperimentConfig structure
  ExperimentConfig.ExperimentName string length 1–120; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}
  ExperimentConfig.TrialName string length 1–120; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}
  ExperimentConfig.TrialComponentDisplayName string length 1–120; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}
  ExperimentConfig.RunName string length 1–120; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}
DescribeTransformJob:
  TransformJobName! string length 1–63; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
ListTransformJobs:
  CreationTimeAfter timestamp
  CreationTimeBefore timestamp
  LastModifiedTimeAfter timestamp
  LastModifiedTimeBefore timestamp
  NameContains string length 0–63; pattern [a-zA-Z0-9\-]+
  StatusEquals string one of InProgress Completed Failed Stopping Stopped
  SortBy string one of Name CreationTime Status
  SortOrder string one of Ascending Descending
  NextToken string length 0–8192; pattern .*
  MaxResults integer value 1–100
StopTransformJob:
  TransformJobName! string length 1–63; pattern [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
AddTags:
  ResourceArn! string length 0–256; pattern arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+
  Tags! list items 0–50
  Tags[].Key! string length 1–128; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
  Tags[].Value! string length 0–256; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
ListTags:
  ResourceArn! string length 0–256; pattern arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+
  NextToken string length 0–8192; pattern .*
  MaxResults integer value 50–
DeleteTags:
  ResourceArn! string length 0–256; pattern arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+
  TagKeys! list items 1–50
  TagKeys[] string length 1–128; pattern ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)
`;

const INSTANCE_TYPES = `
  m4: xlarge 2xlarge 4xlarge 10xlarge 16xlarge
  c4: xlarge 2xlarge 4xlarge 8xlarge
  p2: xlarge 8xlarge 16xlarge
  p3: 2xlarge 8xlarge 16xlarge
  c5: xlarge 2xlarge 4xlarge 9xlarge 18xlarge
  m5: large xlarge 2xlarge 4xlarge 12xlarge 24xlarge
  m6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
  c6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
  r6i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
  m7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
  c7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
  r7i: large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
  g4dn: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
  g5: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
  trn1: 2xlarge 32xlarge
  inf2: xlarge 8xlarge 24xlarge 48xlarge
  g6: xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
`;

const INPUTS: Readonly<Record<string, StructureShape>> = {
  CreateModel: models.createModelInput,
  DescribeModel: models.describeModelInput,
  ListModels: models.listModelsInput,
  DeleteModel: models.deleteModelInput,
  CreateTransformJob: jobs.createTransformJobInput,
  DescribeTransformJob: jobs.describeTransformJobInput,
  ListTransformJobs: jobs.listTransformJobsInput,
  StopTransformJob: jobs.stopTransformJobInput,
  AddTags: tags.addTagsInput,
  ListTags: tags.listTagsInput,
  DeleteTags: tags.deleteTagsInput,
};

/** By pattern: the start of a value that matches, a character that it may go on with, and a value that does not match. */
const SAMPLES: Readonly<Record<string, readonly [string, string, string?]>> = {
  '': ['$', 'a'],
  '.*': ['a/b; ', 'é', 'a\nb'],
  '[\\S\\s]*': ['a\nb', '\n'],
  '[\\S]+': ['a', '/', 'a b'],
  '[-0-9a-zA-Z]+': ['-', '1', 'a_b'],
  '[a-zA-Z0-9-]+': ['-', '1', 'a_b'],
  '[a-zA-Z0-9\\-]+': ['-', '1', 'a_b'],
  '[A-Za-z0-9\\.\\-_]+': ['.', '_', 'a/b'],
  '[a-zA-Z0-9:/_-]*': ['arn:aws:kms', '/', 'a b'],
  '[a-zA-Z_][a-zA-Z0-9_]*': ['_', '1', '1A'],
  '[a-zA-Z_][a-zA-Z0-9_]{0,1023}': ['_', '1', '1A'],
  '[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?': ['a--', 'b', 'a-'],
  '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}': ['a--', 'b', '-a'],
  '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}': ['a--', 'b', 'a_b'],
  '[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*': ['a-', 'b', 'a--b'],
  '([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)': ['Größe 1', '@', 'a#b'],
  '(https|s3)://([^/]+)/?(.*)': ['s3://b', '/', 's3:///k'],
  'arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+': ['arn:aws:sagemaker:eu:123456789012:', 'x', 'arn:aws:s3:::b'],
  'arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+': [
    'arn:aws:iam::123456789012:role/',
    'r',
    'a'.repeat(20),
  ],
  '(arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]*:[0-9]{12}:[a-z\\-]*\\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)(\\/[0-9]{1,9})?':
    ['arn:aws:sagemaker:eu:123456789012:model-package/p/', '1', 'p-/1'],
};

interface Row {
  readonly path: string;
  readonly required: boolean;
  readonly type: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly pattern: string | undefined;
  readonly oneOf: readonly string[] | undefined;
}

function parseRow(line: string): Row {
  const [, path, mark, type, rule = ''] = /^ {2}([^ !]+)(!?) (\w+) ?(.*)$/.exec(line) ?? [];
  assert(path && type, line);
  const [, bounds, pattern] = /^((?:length|items|value) \d+–\d*)?(?:; pattern (.*))?/.exec(rule) ?? [];
  const [min, max] = (bounds ?? '')
    .replace(/^\w+ /, '')
    .split('–')
    .map((n) => (n === '' ? undefined : Number(n)));
  const oneOf = rule === 'instance type' ? instanceTypesOfTheModel() : /^one of (.*)/.exec(rule)?.[1]?.split(' ');
  assert(rule === '' || rule.startsWith('as ') || bounds || oneOf, `${line}: no such rule`);
  return { path, required: mark === '!', type, min, max, pattern, oneOf };
}

function instanceTypesOfTheModel(): string[] {
  const families = INSTANCE_TYPES.trim()
    .split(/\s*\n\s*/)
    .map((line) => line.split(': '));
  return [
    'local',
    ...families.flatMap(([family, sizes]) => (sizes ?? '').split(' ').map((size) => `ml.${family}.${size}`)),
  ];
}

function rowsByOperation(): Map<string, Row[]> {
  const operations = new Map<string, Row[]>();
  for (const block of ROWS.trim().split(/\n(?! )/)) {
    const [operation = '', ...lines] = block.split('\n');
    const rows = lines.map(parseRow);
    // `Containers[] structure as PrimaryContainer`
    for (const row of rows.filter(({ path }) => path.startsWith('PrimaryContainer.'))) {
      rows.push({ ...row, path: row.path.replace('PrimaryContainer', 'Containers[]') });
    }
    operations.set(operation.slice(0, -1), rows);
  }
  return operations;
}

function goodString({ oneOf, pattern = '' }: Row): string {
  const [prefix, filler] = SAMPLES[pattern] ?? assert.fail(`no sample for ${pattern}`);
  return oneOf?.at(-1) ?? prefix + filler;
}

/** A value for a row with everything below it; `checked` makes it into what is made with `after`. */
function good(rows: readonly Row[], row: Row, after: boolean): unknown {
  const below = (mark: string) => rows.find(({ path }) => path === row.path + mark);
  if (row.type === 'string') return goodString(row);
  if (row.type === 'integer') return row.min;
  if (row.type === 'boolean') return false;
  if (row.type === 'timestamp') return after ? 1_600_000_000_125 : 1_600_000_000.125;
  if (row.type === 'map') {
    const [key, value] = [below('{key}'), below('{value}')];
    assert(key && value, row.path);
    return { [goodString(key)]: goodString(value) };
  }
  if (row.type === 'list') {
    const item = below('[]');
    return [item?.type === 'string' ? goodString(item) : goodMembers(rows, `${row.path}[].`, after)];
  }
  assert.equal(row.type, 'structure');
  // Nobody looks into a structure without rows.
  return rows.some(({ path }) => path.startsWith(`${row.path}.`))
    ? goodMembers(rows, `${row.path}.`, after)
    : { Any: { thing: [null] } };
}

function goodMembers(rows: readonly Row[], prefix: string, after: boolean): Record<string, unknown> {
  const members = rows.filter(({ path }) => path.startsWith(prefix) && /^\w+$/.test(path.slice(prefix.length)));
  return Object.fromEntries(members.map((row) => [row.path.slice(prefix.length), good(rows, row, after)]));
}

/** Puts `value` into a good request, or takes the member out. */
function requestWith(rows: readonly Row[], path: string, value: unknown): unknown {
  const request = goodMembers(rows, '', false);
  const steps = path.replaceAll('[]', '.0').split('.');
  const last = steps.pop() ?? '';
  let at: Record<string, unknown> = request;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return request;
}

function pathOnTheWire(path: string): string {
  const names = path.replaceAll('[]', '.1.member').split('.');
  return names.map((name) => (name[0] ?? '').toLowerCase() + name.slice(1)).join('.');
}

function refusal(shape: StructureShape, request: unknown): string {
  try {
    checked(shape, request);
  } catch (error) {
    assert(error instanceof Fault && error.status === 400, String(error));
    return `${error.code}: ${error.message}`;
  }
  assert.fail(`accepted: ${JSON.stringify(request).slice(0, 200)}`);
}

const cut = (text: string): string => (text.length > 2048 ? `${text.slice(0, 2048)}...` : text);
const atMost = (max: number, what = 'length'): string => `Member must have ${what} less than or equal to ${max}`;
const atLeast = (min: number, what = 'length'): string => `Member must have ${what} greater than or equal to ${min}`;
const matching = (pattern: string): string => `Member must satisfy regular expression pattern: ${pattern}`;

function detected(path: string, shown: string, texts: readonly string[]): string {
  const list = texts.map((text) => `Value ${shown} at '${pathOnTheWire(path)}' failed to satisfy constraint: ${text}`);
  const errors = list.length === 1 ? 'error' : 'errors';
  return `ValidationException: ${list.length} validation ${errors} detected: ${list.join('; ')}`;
}

function broken({ min = 0, max, pattern, oneOf }: Row, value: string): string[] {
  const texts: string[] = [];
  if (max !== undefined && value.length > max) texts.push(atMost(max));
  if (value.length < min) texts.push(atLeast(min));
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value)) texts.push(matching(pattern));
  if (oneOf?.includes(value) === false) texts.push(`Member must satisfy enum value set: [${oneOf.join(', ')}]`);
  return texts;
}

/** Values that break one constraint each. */
function badStrings({ min = 0, max, pattern = '', oneOf }: Row): string[] {
  const [prefix, filler, bad] = SAMPLES[pattern] ?? assert.fail(`no sample for ${pattern}`);
  if (oneOf !== undefined) return ['nonsense', ''];
  const long = max === undefined ? [] : [prefix + filler.repeat(max + 1 - prefix.length)];
  return [...long, ...(min > 0 ? [''] : []), ...(bad === undefined ? [] : [bad])];
}

let cases = 0;
function expectRefusal(operation: string, rows: readonly Row[], path: string, value: unknown, message: string): void {
  cases += 1;
  const shape = INPUTS[operation] ?? assert.fail(operation);
  assert.equal(refusal(shape, requestWith(rows, path, value)), message, `${operation} ${path}`);
}

function tryStrings(operation: string, rows: readonly Row[], row: Row): void {
  const [container, mark] = [row.path.replace(/\[\]$|\{\w+\}$/, ''), /\[\]$|\{\w+\}$/.exec(row.path)?.[0]];
  for (const value of badStrings(row)) {
    const texts = broken(row, value);
    assert(texts.length > 0, `${row.path}: ${value} breaks nothing`);
    if (mark === undefined) {
      expectRefusal(operation, rows, row.path, value, detected(row.path, `'${cut(value)}'`, texts));
      continue;
    }
    // Items and entries are reported together, with every rule.
    const { min = 0, max = 0, pattern = '' } = row;
    const who = { '[]': 'Member', '{key}': 'Map keys', '{value}': 'Map value' }[mark];
    const text = `${who} must satisfy constraint: [${atMost(max)}, ${atLeast(min)}, ${matching(pattern)}]`;
    const map = mark === '{key}' ? { [value]: 'v' } : { K: value };
    const shown = mark === '[]' ? `[${value}]` : `{${Object.entries(map).map((entry) => entry.join('='))}}`;
    // The closing mark is lost with the end of a value that is cut.
    const message = detected(container, `'${cut(shown)}'`, [text]);
    expectRefusal(operation, rows, container, mark === '[]' ? [value] : map, message);
  }
}

function trySizes(operation: string, rows: readonly Row[], row: Row): void {
  const { path, type, min = 0, max } = row;
  assert(max !== undefined, path);
  if (min > 0) expectRefusal(operation, rows, path, [], detected(path, "'[]'", [atLeast(min)]));
  if (type === 'map') {
    const entries = Array.from({ length: max + 1 }, (_, index) => [`a${index}`, 'v'] as const);
    const shown = `'{${entries.map((entry) => entry.join('=')).join(', ')}}'`;
    expectRefusal(operation, rows, path, Object.fromEntries(entries), detected(path, shown, [atMost(max)]));
    return;
  }
  const items = Array.from({ length: max + 1 }, () => (good(rows, row, false) as unknown[])[0]);
  if (typeof items[0] === 'string') {
    expectRefusal(operation, rows, path, items, detected(path, `'${cut(`[${items.join(', ')}]`)}'`, [atMost(max)]));
  } else {
    cases += 1;
    const message = refusal(INPUTS[operation] ?? assert.fail(operation), requestWith(rows, path, items));
    const [before, after] = detected(path, '\0', [atMost(max)]).split('\0');
    assert(before && after && message.startsWith(`${before}'[{`) && message.endsWith(`'${after}`), message);
  }
}

/** Values with the most that a row allows, and with the least; without those that its pattern forbids anyway. */
function atBounds(rows: readonly Row[], row: Row): unknown[] {
  const { type, min = 0, max = 0, pattern = '' } = row;
  if (type === 'integer') return [min, max];
  const ends = [max, min];
  if (type === 'map')
    return ends.map((size) => Object.fromEntries(Array.from({ length: size }, (_, at) => [`a${at}`, ''])));
  if (type === 'list')
    return ends.map((size) => Array.from({ length: size }, () => (good(rows, row, false) as unknown[])[0]));
  const [prefix, filler] = SAMPLES[pattern] ?? assert.fail(`no sample for ${pattern}`);
  // A character outside the basic plane counts once, although it takes two units.
  const wide = '𝒳'.repeat(max);
  const texts = ends.map((size) => (prefix + filler.repeat(Math.max(size - prefix.length, 0))).slice(0, size));
  const holds = (text: string): boolean => pattern === '' || new RegExp(`^(?:${pattern})$`, 'u').test(text);
  return [...texts, wide].filter(holds);
}

/** A value of a wrong JSON type, and what the original's reader says. */
const WRONG_TYPES: Readonly<Record<string, readonly [unknown, string]>> = {
  string: [1, 'NUMBER_VALUE can not be converted to a String'],
  integer: ['1', 'STRING_VALUE can not be converted to an Integer'],
  boolean: [0, 'NUMBER_VALUE can not be converted to a Boolean'],
  timestamp: ['2020-09-13T12:26:40Z', 'STRING_VALUE can not be converted to milliseconds since epoch'],
  list: ['a', 'Expected list or null'],
  map: ['a', 'Expected map or null'],
  structure: ['a', 'Expected null'],
};

function tryRow(operation: string, rows: readonly Row[], row: Row): void {
  const { path, type, min, max } = row;
  if (!path.includes('{')) {
    const [value, message] = WRONG_TYPES[type] ?? assert.fail(type);
    expectRefusal(operation, rows, path, value, `SerializationException: ${message}`);
  }
  if (row.required)
    expectRefusal(operation, rows, path, undefined, detected(path, 'null', ['Member must not be null']));
  if (type === 'string') tryStrings(operation, rows, row);
  if (type === 'list' || type === 'map') trySizes(operation, rows, row);
  if (type === 'integer') {
    assert(min !== undefined, path);
    const integer = (value: number, text: string) =>
      expectRefusal(operation, rows, path, value, detected(path, `'${value}'`, [text]));
    integer(min - 1, atLeast(min, 'value'));
    if (max !== undefined) integer(max + 1, atMost(max, 'value'));
  }
}

function pathsOf(shape: Shape, path = ''): string[] {
  if (shape.kind === 'list') return [`${path}[] ${shape.item.kind}`, ...pathsOf(shape.item, `${path}[]`)];
  if (shape.kind === 'map') return [`${path}{key} string`, `${path}{value} string`];
  if (shape.kind !== 'structure') return [];
  return Object.entries(shape.members).flatMap(([name, member]) => {
    const [below, at] = [member.kind === 'required' ? member.shape : member, path === '' ? name : `${path}.${name}`];
    const type = below.kind === 'document' ? 'structure' : below.kind;
    return [`${at}${member.kind === 'required' ? '!' : ''} ${type}`, ...pathsOf(below, at)];
  });
}

for (const [operation, rows] of rowsByOperation()) {
  const shape = INPUTS[operation] ?? assert.fail(operation);

  test(`${operation}: the shape has the members of the table`, () => {
    const expected = rows.map(({ path, required, type }) => `${path}${required ? '!' : ''} ${type}`);
    const lists = rows.filter(({ type }) => type === 'list').map(({ path }) => `${path}[]`);
    const implied = lists.filter((item) => !rows.some(({ path }) => path === item)).map((item) => `${item} structure`);
    assert.deepEqual(pathsOf(shape).sort(), [...expected, ...implied].sort());
  });

  test(`${operation}: a request with every member is taken as it is`, () => {
    const request = goodMembers(rows, '', false);
    assert.deepEqual(checked(shape, request), goodMembers(rows, '', true));
    assert.deepEqual(unknownMembers(shape, request), []);
  });

  test(`${operation}: every type and constraint is checked, in the original's words`, () => {
    for (const row of rows) tryRow(operation, rows, row);
  });
}

test('all operations and constraints were tried', () => {
  assert.deepEqual([...rowsByOperation().keys()], Object.keys(INPUTS));
  assert(cases > 400, `${cases} cases`);
});

test('values at the bounds are accepted', () => {
  let values = 0;
  for (const [operation, rows] of rowsByOperation()) {
    for (const row of rows.filter(({ path, max }) => max !== undefined && !/[\]}]$/.test(path))) {
      for (const value of atBounds(rows, row)) {
        checked(INPUTS[operation] ?? assert.fail(), requestWith(rows, row.path, value));
        values += 1;
      }
    }
  }
  assert(values > 100, `${values} values`);
});

test('every value of an enum is accepted', () => {
  let values = 0;
  for (const [operation, rows] of rowsByOperation()) {
    for (const { path, oneOf = [] } of rows) {
      for (const value of oneOf) checked(INPUTS[operation] ?? assert.fail(), requestWith(rows, path, value));
      values += oneOf.length;
    }
  }
  assert(values > 150, `${values} values`);
  assert.equal(new Set(instanceTypes).size, 109);
});

test('DeleteTransformJob takes a name, as DescribeTransformJob does', () => {
  assert.deepEqual(jobs.deleteTransformJobInput, jobs.describeTransformJobInput);
});
