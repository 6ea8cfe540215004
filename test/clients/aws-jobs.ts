import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsAnswer } from './aws-answer.ts';
import type { AwsCommand } from './aws-command.ts';

export const ROLE = 'arn:aws:iam::123456789012:role/Batch';
const TRIES = 60;

/** Models and jobs by way of the command line. */
export class AwsJobs {
  readonly #aws: AwsCommand;

  constructor(aws: AwsCommand) {
    this.#aws = aws;
  }

  /** A bucket with objects under `in/`. */
  async fill(bucket: string, objects: Readonly<Record<string, string>>): Promise<void> {
    await this.#aws.run(['s3', 'mb', `s3://${bucket}`]);
    for (const [name, input] of Object.entries(objects)) {
      await this.#aws.run(['s3', 'cp', '-', `s3://${bucket}/in/${name}`], { input });
    }
  }

  /** @param container as the option takes it: `Image=…` */
  createModel(name: string, container: string): Promise<AwsAnswer> {
    // Older command lines require a role, newer ones and the service do not.
    const role = ['--execution-role-arn', ROLE];
    return this.#call('create-model', '--model-name', name, '--primary-container', container, ...role);
  }

  /** A job over `in/` of a bucket, by lines, with further options. */
  create(name: string, model: string, bucket: string, ...options: string[]): Promise<AwsAnswer> {
    const source = { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${bucket}/in/` } };
    return this.#call(
      'create-transform-job',
      ...['--transform-job-name', name, '--model-name', model],
      ...['--transform-input', JSON.stringify({ DataSource: source, SplitType: 'Line' })],
      ...['--transform-output', `S3OutputPath=s3://${bucket}/out/${name}`],
      ...['--transform-resources', 'InstanceType=ml.m5.large,InstanceCount=1', ...options],
    );
  }

  describe(name: string): Promise<AwsAnswer> {
    return this.#call('describe-transform-job', '--transform-job-name', name);
  }

  /** What a job is when it has ended. `aws sagemaker wait` would look once a minute. */
  async ended(name: string): Promise<AwsAnswer> {
    for (let tries = 1; ; tries += 1) {
      const job = await this.describe(name);
      if (!['InProgress', 'Stopping'].includes(String(job['TransformJobStatus'])) || tries === TRIES) return job;
      await sleep(100);
    }
  }

  #call(command: string, ...args: string[]): Promise<AwsAnswer> {
    return this.#aws.json(['sagemaker', command, ...args]);
  }
}
