import { limitText } from '../agent/bad-records.ts';
import type { Progress } from '../agent/progress.ts';
import type { JobOutcome, TransformJobSpec } from '../jobs/transform-job.ts';
import { bytes, count, counted, duration } from './numbers.ts';
import { printable } from './printable.ts';

/** Failed objects that are named in the summary for people; `--json` has more. */
const FAILURES_SHOWN = 10;

export interface SummaryInput {
  readonly spec: TransformJobSpec;
  readonly containers: readonly { readonly name: string | undefined; readonly model: string }[];
  readonly outcome: JobOutcome;
  readonly progress: Progress;
}

/** The summary for programs. Its field names are stable; `docs/reference/summary.md` explains them. */
export function jsonSummary({ spec, containers, outcome, progress }: SummaryInput): Record<string, unknown> {
  const { settings } = outcome;
  const { data } = spec;
  const seconds = outcome.transformMs / 1000;
  return {
    status: outcome.status,
    failureReason: outcome.failureReason ?? null,
    model: containers.map(({ model }) => model).join(' → '),
    containers: containers.map(({ name, model }) => ({ name: name ?? null, model })),
    input: spec.input.text,
    output: spec.output.text,
    settings: {
      contentType: data.contentType ?? null,
      accept: data.accept ?? null,
      splitType: data.splitType,
      assembleWith: data.assembleWith,
      batchStrategy: settings?.batchStrategy ?? null,
      maxPayloadInMB: settings?.maxPayloadInMB ?? null,
      maxConcurrentTransforms: settings?.maxConcurrentTransforms ?? null,
      compressionType: data.compressionType,
      inputFilter: data.inputFilter?.text ?? null,
      joinSource: data.joinSource,
      outputFilter: data.outputFilter?.text ?? null,
      generateInferenceId: data.inferenceIds !== undefined,
      csvHeader: data.csvHeader ?? null,
      csvQuotedNewlines: data.quotedNewlines,
      maxRecordsPerMiniBatch: data.maxRecordsPerMiniBatch ?? null,
      onBadRecord: data.badRecords === undefined ? 'fail' : 'placeholder',
      badRecordPlaceholder: data.badRecords?.placeholder ?? null,
      maxBadRecords: data.badRecords?.limit === undefined ? null : limitText(data.badRecords.limit),
    },
    objects: {
      total: progress.objectsTotal,
      succeeded: progress.objectsDone,
      failed: progress.objectsFailed,
      notBegun: outcome.notBegun,
    },
    records: progress.records,
    badRecords: progress.badRecords,
    inputBytes: progress.bytes,
    outputBytes: progress.outputBytes,
    requests: progress.requests,
    retries: progress.retries,
    miscountedResponses: progress.miscounted,
    startupSeconds: outcome.startupMs / 1000,
    seconds,
    recordsPerSecond: seconds > 0 ? Math.round(progress.records / seconds) : 0,
    dataCapture: outcome.capture ?? null,
    failures: outcome.failures.map(({ object, output, failure }) => ({
      object,
      output,
      code: failure.code,
      fault: failure.fault,
      message: failure.message,
      details: failure.details,
    })),
  };
}

/** The summary for people. */
export function textSummary({ spec, outcome, progress }: SummaryInput): string {
  const { objectsTotal, objectsDone, objectsFailed, records, retries } = progress;
  const seconds = Math.max(outcome.transformMs, 1) / 1000;
  const all = objectsDone === objectsTotal;
  const rows = [
    `${outcome.status}: ${all ? counted(objectsDone, 'object') : `${count(objectsDone)} of ${counted(objectsTotal, 'object')} done`}, ${counted(records, 'record')}, ${bytes(progress.bytes)} in ${duration(outcome.transformMs)} (${count(records / seconds)} records/s${retries > 0 ? `, ${retries} retried` : ''})`,
  ];
  if (objectsDone > 0) rows.push(`Results: ${spec.output.text} (${bytes(progress.outputBytes)})`);
  if (progress.badRecords > 0) {
    const placeholder = spec.data.badRecords?.placeholder ?? '';
    const some = progress.badRecords === 1 ? 'record has' : 'records have';
    rows.push(
      `Warning: ${count(progress.badRecords)} bad ${some} the placeholder ${JSON.stringify(placeholder)} in place of a result; <output>.errors.jsonl tells what was wrong.`,
    );
  }
  if (outcome.capture !== undefined) rows.push(`Captured: ${outcome.capture.input} and ${outcome.capture.output}`);
  if (outcome.jobFailure !== undefined) rows.push(outcome.failureReason ?? outcome.jobFailure.message);
  if (objectsFailed > 0)
    rows.push(`${counted(objectsFailed, 'object')} without a new result (one of an earlier run is left as it was):`);
  for (const { object, failure } of outcome.failures.slice(0, FAILURES_SHOWN))
    rows.push(`  ${object}: ${failure.message}`);
  if (objectsFailed > FAILURES_SHOWN)
    rows.push(`  … and ${count(objectsFailed - FAILURES_SHOWN)} more (--json lists 100)`);
  const first = progress.firstMiscounted;
  if (first !== undefined) {
    rows.push(
      `Warning: ${counted(progress.miscounted, 'response')} had more or fewer lines than records were sent, first in ${first.object} at record ${first.record + 1}. Results behind it belong to other records.`,
    );
  }
  if (outcome.notBegun > 0) rows.push(`${counted(outcome.notBegun, 'object')} not begun.`);
  return printable(rows.join('\n'));
}
