import type { BatchStrategy } from '../agent/mini-batch.ts';
import { MAX_OPEN_MB, type RequestedSettings } from '../agent/settings.ts';
import { MillraceError } from '../core/errors.ts';
import type { JobWishes } from './job-wishes.ts';

/** The settings of requests that the user asked for. @throws MillraceError `InvalidOption` (behaviour 2) */
export function requestedSettings(wishes: JobWishes): RequestedSettings {
  const concurrent = wishes.number('max-concurrent-transforms') || undefined; // 0 counts as unset (behaviour 3)
  const payload = wishes.number('max-payload-in-mb');
  if (concurrent !== undefined && payload !== undefined && concurrent * payload > MAX_OPEN_MB) {
    const rule = `times --max-concurrent-transforms (${concurrent}) it may be ${MAX_OPEN_MB} at the most.`;
    throw new MillraceError('InvalidOption', { option: '--max-payload-in-mb', value: String(payload), rule });
  }
  const strategy = wishes.text('batch-strategy') as BatchStrategy | undefined;
  return {
    ...(concurrent === undefined ? {} : { maxConcurrentTransforms: concurrent }),
    ...(payload === undefined ? {} : { maxPayloadInMB: payload }),
    ...(strategy === undefined ? {} : { batchStrategy: strategy }),
  };
}
