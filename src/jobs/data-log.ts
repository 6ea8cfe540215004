import type { DataSpec } from '../agent/agent.ts';
import { limitText } from '../agent/bad-records.ts';
import type { Settings } from '../agent/settings.ts';
import type { MillraceError } from '../core/errors.ts';

/** Lines of a refusal's body in the data log, at the most. */
const MAX_BODY_LINES = 20;

/** A moment as the data log has it: UTC, milliseconds, no `Z` (behaviour 7). */
function stamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, -1)}:[sagemaker logs]: `;
}

/** The first lines of a data log: the values in force, in the original's words, and then what it has no words for. */
export function settingsLines(settings: Settings, data: DataSpec, now: number): string[] {
  const strategy = settings.batchStrategy === 'MultiRecord' ? 'MULTI_RECORD' : 'SINGLE_RECORD';
  const original = `MaxConcurrentTransforms=${settings.maxConcurrentTransforms}, MaxPayloadInMB=${settings.maxPayloadInMB}, BatchStrategy=${strategy}`;
  const more = dataSettings(data)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  return [original, ...(more.length > 0 ? [more.join(', ')] : [])].map((line) => stamp(now) + line);
}

/** The settings of the data under the names of the API, `undefined` where they are off. */
function dataSettings(data: DataSpec): [name: string, value: string | number | undefined][] {
  const { badRecords, compressionType, joinSource } = data;
  return [
    ['CompressionType', compressionType === 'None' ? undefined : compressionType],
    ['InputFilter', data.inputFilter?.text],
    ['JoinSource', joinSource === 'None' ? undefined : joinSource],
    ['OutputFilter', data.outputFilter?.text],
    ['GenerateInferenceId', data.inferenceIds === undefined ? undefined : 'true'],
    ['CsvHeader', data.csvHeader],
    ['CsvQuotedNewlines', data.quotedNewlines ? 'true' : undefined],
    ['MaxRecordsPerMiniBatch', data.maxRecordsPerMiniBatch],
    ['OnBadRecord', badRecords === undefined ? undefined : 'placeholder'],
    ['BadRecordPlaceholder', badRecords === undefined ? undefined : JSON.stringify(badRecords.placeholder)],
    ['MaxBadRecords', badRecords?.limit === undefined ? undefined : limitText(badRecords.limit)],
  ];
}

/** The block of one failed object, in the original's words (behaviour 7) and then in ours, which say where it is. */
export function failureLines(object: string, failure: MillraceError, now: number): string[] {
  return words(failure).map((line) => `${stamp(now)}${object}: ${line}`);
}

function words(failure: MillraceError): string[] {
  if (failure.is('ModelRefused')) {
    const { status, body, record, offset, container } = failure.details;
    const by = container === undefined ? '' : `the container "${container}" said it; `;
    const lines = body.split(/\r?\n/);
    const shown = lines.slice(0, MAX_BODY_LINES);
    const omitted = lines.length - shown.length;
    return [
      `ClientError: ${status}`,
      '',
      'Message:',
      ...shown,
      ...(omitted > 0 ? [`(${omitted} more lines)`] : []),
      `(${by}the mini-batch starts with record ${record + 1} at byte ${offset})`,
    ];
  }
  if (failure.is('ModelFailed'))
    return [`Bad HTTP status received from algorithm: ${failure.details.status}`, failure.message];
  if (failure.is('ModelUnreachable')) return ['Unable to get response from algorithm', failure.message];
  if (failure.is('ModelTimeout')) {
    const { seconds } = failure.details;
    return [`Model server did not respond to /invocations request within ${seconds} seconds`, failure.message];
  }
  if (failure.is('MismatchedCount'))
    return ['Fail to join data: mismatched line count between the input and the output', failure.message];
  if (failure.is('RecordTooLarge') || failure.is('ObjectTooLarge'))
    return ['Too much data for max payload size', failure.message];
  return failure.message.split('\n');
}
