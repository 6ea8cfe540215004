import type { JobDescription } from './job-description.ts';
import { bytes, count, counted, duration } from './numbers.ts';
import { printable } from './printable.ts';

/** How a job ended, as the summary of `millrace transform` has it. */
export function jobOutcome(job: JobDescription): string {
  const { TransformJobStatus: status, FailureReason, TransformProgress: counts = {}, TransformOutput } = job;
  const { TransformStartTime, CreationTime, TransformEndTime } = job;
  const { Objects = 0, ObjectsCompleted = 0, Records = 0, BytesTransformed = 0, OutputBytes = 0 } = counts;
  const { Retries = 0, BadRecords = 0 } = counts;
  const start = TransformStartTime ?? CreationTime;
  const ms = start === undefined || TransformEndTime === undefined ? undefined : (TransformEndTime - start) * 1000;
  const parts: string[] = [];
  if (Objects > 0) {
    const all = ObjectsCompleted === Objects;
    parts.push(all ? counted(Objects, 'object') : `${count(ObjectsCompleted)} of ${counted(Objects, 'object')} done`);
    parts.push(counted(Records, 'record'), bytes(BytesTransformed));
  }
  const rate = ms && Records > 0 ? [`${count((Records / ms) * 1000)} records/s`] : [];
  const notes = [...rate, ...(Retries > 0 ? [`${count(Retries)} retried`] : [])];
  const took = ms === undefined ? '' : ` in ${duration(ms)}`;
  const noted = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  const rows = [`${status}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}${took}${noted}`];
  if (ObjectsCompleted > 0 || (Objects === 0 && status === 'Completed'))
    rows.push(`Results: ${TransformOutput?.S3OutputPath}${Objects === 0 ? '' : ` (${bytes(OutputBytes)})`}`);
  if (BadRecords > 0) {
    const some = BadRecords === 1 ? 'record has' : 'records have';
    const where = '<output>.errors.jsonl tells what was wrong';
    rows.push(`Warning: ${count(BadRecords)} bad ${some} a placeholder in place of a result; ${where}.`);
  }
  if (FailureReason !== undefined) rows.push(FailureReason);
  if (status === 'Failed') rows.push(`Its logs: millrace jobs logs ${job.TransformJobName}`);
  return `${printable(rows.join('\n'))}\n`;
}
