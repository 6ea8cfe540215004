import type { DataDefaults } from './content-defaults.ts';
import { dataSpec } from './data-spec.ts';
import type { JobWishes } from './job-wishes.ts';
import { requestedSettings } from './requested-settings.ts';
import type { TransformJobSpec } from './transform-job.ts';

/**
 * What a job is told to do, from what was asked of it.
 *
 * @param defaults what is assumed of the data where nothing was asked
 * @param startedAt of the job, in milliseconds since the epoch
 * @throws MillraceError of the kind `usage`
 */
export function transformSpec(
  wishes: JobWishes,
  places: Pick<TransformJobSpec, 'input' | 'output' | 'capture'>,
  defaults: DataDefaults,
  startedAt: number,
): TransformJobSpec {
  return {
    ...places,
    data: dataSpec(wishes, defaults, startedAt),
    requested: requestedSettings(wishes),
    startedAt,
    invocationsTimeoutMs: (wishes.number('invocations-timeout-in-seconds') ?? 600) * 1000,
    invocationsMaxRetries: wishes.number('invocations-max-retries') ?? 3,
    startupTimeoutMs: (wishes.number('startup-timeout-in-seconds') ?? 1800) * 1000,
  };
}
