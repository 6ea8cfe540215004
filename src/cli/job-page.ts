import { type Fact, factSheet } from './fact-sheet.ts';
import { type JobDescription, statusText, type TransformProgress } from './job-description.ts';
import { zonedTime } from './local-time.ts';
import { bytes, count, duration } from './numbers.ts';

/** A job as a page to read: settings as their API members, which is where they can be looked up. */
export function jobPage(job: JobDescription, columns: number): string {
  const { TransformInput: input = {}, TransformOutput: output = {}, TransformProgress: counts } = job;
  const { S3DataType: kind, S3Uri: from } = input.DataSource?.S3DataSource ?? {};
  const facts: Fact[] = [
    ['Name', job.TransformJobName],
    ['ARN', job.TransformJobArn],
    ['Status', statusText(job)],
    ['Failure', job.FailureReason],
    ['Model', job.ModelName],
    ['Input', from && (kind === 'S3Prefix' ? from : `${from} (${kind})`)],
    ['Output', output.S3OutputPath],
    ['Capture', job.DataCaptureConfig?.DestinationS3Uri],
    ['Data', settings({ ...input, ...output, DataSource: undefined, S3OutputPath: undefined, KmsKeyId: undefined })],
    ['Processing', processing(job)],
    ['Settings', settings({ ...requests(job), ...job.ModelClientConfig })],
    ['Environment', Object.entries(job.Environment ?? {}).map(([name, value]) => `${name}=${value}`)],
    ['Instances', instances(job)],
    ...times(job),
    ...(counts === undefined ? [] : progressFacts(counts)),
  ];
  return factSheet(facts, columns);
}

function processing({ DataProcessing: processing, DataCaptureConfig: capture }: JobDescription): string {
  const { InputFilter = '$', OutputFilter = '$', JoinSource = 'None' } = processing ?? {};
  return settings({
    InputFilter: InputFilter === '$' ? undefined : InputFilter,
    JoinSource: JoinSource === 'None' ? undefined : JoinSource,
    OutputFilter: OutputFilter === '$' ? undefined : OutputFilter,
    GenerateInferenceId: capture?.GenerateInferenceId,
  });
}

function requests({ BatchStrategy, MaxPayloadInMB, MaxConcurrentTransforms }: JobDescription): object {
  return { BatchStrategy, MaxPayloadInMB, MaxConcurrentTransforms };
}

function instances({ TransformResources: { InstanceCount, InstanceType } = {} }: JobDescription): string | undefined {
  return InstanceType && `${InstanceCount ?? 1} × ${InstanceType}`;
}

/** `SplitType Line, AssembleWith None`; what was not said is left out. */
function settings(members: object): string {
  return Object.entries(members)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function times({ CreationTime, TransformStartTime, TransformEndTime }: JobDescription): Fact[] {
  const after = (from: number | undefined, to: number): string =>
    from === undefined ? '' : `, ${duration((to - from) * 1000)} later`;
  const time = (at: number, from?: number): string => `${zonedTime(at * 1000)}${after(from, at)}`;
  return [
    ['Created', CreationTime && time(CreationTime)],
    ['Started', TransformStartTime && time(TransformStartTime, CreationTime)],
    ['Ended', TransformEndTime && time(TransformEndTime, TransformStartTime ?? CreationTime)],
  ].map(([name, said]): Fact => [String(name), said ? String(said) : undefined]);
}

function progressFacts(counts: TransformProgress): Fact[] {
  const { Objects = 0, ObjectsCompleted = 0, ObjectsFailed = 0, Records = 0, BadRecords = 0 } = counts;
  const { Bytes = 0, BytesTransformed = 0, OutputBytes = 0, Requests = 0, Retries = 0 } = counts;
  const also = (number: number, what: string): string => (number === 0 ? '' : `, ${count(number)} ${what}`);
  return [
    ['Objects', `${count(ObjectsCompleted)} of ${count(Objects)} done${also(ObjectsFailed, 'failed')}`],
    ['Records', `${count(Records)}${also(BadRecords, 'of them bad')}`],
    ['Bytes', `${bytes(BytesTransformed)} of ${bytes(Bytes)}, ${bytes(OutputBytes)} of results`],
    ['Requests', `${count(Requests)}${also(Retries, 'retried')}`],
  ];
}
