import assert from 'node:assert/strict';
import { DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  type ContainerDefinition,
  CreateModelCommand,
  CreateTransformJobCommand,
  type CreateTransformJobCommandInput,
  DescribeTransformJobCommand,
  type DescribeTransformJobCommandOutput,
} from '@aws-sdk/client-sagemaker';
import { create } from 'tar';
import { eventually } from './eventually.ts';
import type { Service } from './service.ts';

export const LOG_GROUP = '/aws/sagemaker/TransformJobs';
export const ROLE = 'arn:aws:iam::123456789012:role/batch';

/** Buckets that are there afterwards. */
export async function makeBuckets(service: Service, ...names: string[]): Promise<void> {
  for (const Bucket of names) await service.s3.send(new CreateBucketCommand({ Bucket }));
}

/** Puts objects into a bucket, by their keys. */
export async function put(
  { s3 }: Service,
  Bucket: string,
  objects: Readonly<Record<string, string | Buffer>>,
): Promise<void> {
  for (const [Key, Body] of Object.entries(objects)) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

/** All objects below a prefix with their texts, in the order of their keys. */
export async function objectsUnder({ s3 }: Service, Bucket: string, Prefix: string): Promise<Record<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const found: Record<string, string> = {};
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    found[Key] = (await Body?.transformToString()) ?? '';
  }
  return found;
}

/** A model of one container, or of several in order. */
export async function makeModel(
  { sagemaker }: Service,
  ModelName: string,
  ...containers: [ContainerDefinition, ...ContainerDefinition[]]
): Promise<void> {
  const members = containers.length === 1 ? { PrimaryContainer: containers[0] } : { Containers: containers };
  await sagemaker.send(new CreateModelCommand({ ModelName, ExecutionRoleArn: ROLE, ...members }));
}

export interface JobWish extends Omit<Partial<CreateTransformJobCommandInput>, 'TransformInput' | 'TransformOutput'> {
  readonly model: string;
  /** A prefix, or a manifest with `S3DataType` in `TransformInput`. */
  readonly input: string;
  readonly output: string;
  readonly TransformInput?: Partial<CreateTransformJobCommandInput['TransformInput']>;
  readonly TransformOutput?: Partial<CreateTransformJobCommandInput['TransformOutput']>;
}

/** CreateTransformJob of CSV lines, with what a test adds to it. */
export function jobRequest(name: string, wish: JobWish): CreateTransformJobCommandInput {
  const { model, input, output, TransformInput, TransformOutput, ...more } = wish;
  return {
    TransformJobName: name,
    ModelName: model,
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: input } },
      ContentType: 'text/csv',
      SplitType: 'Line',
      ...TransformInput,
    },
    TransformOutput: { S3OutputPath: output, AssembleWith: 'Line', ...TransformOutput },
    TransformResources: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1 },
    ...more,
  };
}

export async function startJob({ sagemaker }: Service, name: string, wish: JobWish): Promise<void> {
  await sagemaker.send(new CreateTransformJobCommand(jobRequest(name, wish)));
}

export function describeJob({ sagemaker }: Service, name: string): Promise<DescribeTransformJobCommandOutput> {
  return sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name }));
}

/** A job when it has come to one of these ends, or into one of these statuses. */
export function jobIn(
  service: Service,
  name: string,
  ...statuses: string[]
): Promise<DescribeTransformJobCommandOutput> {
  return eventually(`job ${name} is ${statuses.join(' or ')}`, async () => {
    const job = await describeJob(service, name);
    return statuses.includes(job.TransformJobStatus ?? '') && job;
  });
}

/** A job when it has ended, in whatever way. */
export function endedJob(service: Service, name: string): Promise<DescribeTransformJobCommandOutput> {
  return jobIn(service, name, 'Completed', 'Failed', 'Stopped');
}

/** Starts a job and waits for its end. */
export async function runJob(
  service: Service,
  name: string,
  wish: JobWish,
): Promise<DescribeTransformJobCommandOutput> {
  await startJob(service, name, wish);
  return endedJob(service, name);
}

/** What a job has done so far, which is ours and not in the SDK's model of the API. */
export async function progressOf(service: Service, name: string): Promise<Readonly<Record<string, number>>> {
  const { body } = await service.call('DescribeTransformJob', { TransformJobName: name });
  return body['TransformProgress'] as Record<string, number>;
}

/** `model.tar.gz` of one file. */
export async function modelArchive(folder: string, file: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of create({ gzip: true, cwd: folder }, [file])) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What a log stream of a job says, from its first line on. */
export async function logOf({ logs }: Service, logStreamName: string): Promise<string[]> {
  const events = await logs.send(
    new GetLogEventsCommand({ logGroupName: LOG_GROUP, logStreamName, startFromHead: true }),
  );
  return (events.events ?? []).map(({ message = '' }) => message);
}

/** The log streams of a job: `<job>/<instance>` first, what it says of its data behind it. */
export async function logStreamsOf({ logs }: Service, job: string): Promise<string[]> {
  const found = await logs.send(
    new DescribeLogStreamsCommand({ logGroupName: LOG_GROUP, logStreamNamePrefix: `${job}/` }),
  );
  assert.equal(found.nextToken, undefined, 'a client that follows a job asks again and again while there is a token');
  return (found.logStreams ?? []).map(({ logStreamName = '' }) => logStreamName);
}
