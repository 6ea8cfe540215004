import type { Settings } from '../agent/settings.ts';
import type { MillraceError } from '../core/errors.ts';

/** Lines of a refusal's body in the data log, at the most. */
const MAX_BODY_LINES = 20;

/** A moment as the data log has it: UTC, milliseconds, no `Z` (behaviour 7). */
function stamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, -1)}:[sagemaker logs]: `;
}

/** The first line of a data log: the values in force. */
export function settingsLine(settings: Settings, now: number): string {
  const strategy = settings.batchStrategy === 'MultiRecord' ? 'MULTI_RECORD' : 'SINGLE_RECORD';
  return `${stamp(now)}MaxConcurrentTransforms=${settings.maxConcurrentTransforms}, MaxPayloadInMB=${settings.maxPayloadInMB}, BatchStrategy=${strategy}`;
}

/** The block of one failed object, in the original's words (behaviour 7) and then in ours, which say where it is. */
export function failureLines(object: string, failure: MillraceError, now: number): string[] {
  return words(failure).map((line) => `${stamp(now)}${object}: ${line}`);
}

function words(failure: MillraceError): string[] {
  if (failure.is('ModelRefused')) {
    const { status, body, record, offset } = failure.details;
    const lines = body.split(/\r?\n/);
    const shown = lines.slice(0, MAX_BODY_LINES);
    const omitted = lines.length - shown.length;
    return [
      `ClientError: ${status}`,
      '',
      'Message:',
      ...shown,
      ...(omitted > 0 ? [`(${omitted} more lines)`] : []),
      `(the mini-batch starts with record ${record + 1} at byte ${offset})`,
    ];
  }
  if (failure.is('ModelFailed'))
    return [`Bad HTTP status received from algorithm: ${failure.details.status}`, failure.message];
  if (failure.is('ModelUnreachable')) return ['Unable to get response from algorithm', failure.message];
  if (failure.is('ModelTimeout')) {
    const { seconds } = failure.details;
    return [`Model server did not respond to /invocations request within ${seconds} seconds`, failure.message];
  }
  if (failure.is('RecordTooLarge') || failure.is('ObjectTooLarge'))
    return ['Too much data for max payload size', failure.message];
  return failure.message.split('\n');
}
