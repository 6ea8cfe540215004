import type { JobWishes } from './job-wishes.ts';

/** What a model server is told in its environment (behaviour 3); of the settings those that the user asked for. */
export function serverVariables(wishes: JobWishes): Record<string, string> {
  const asked = {
    SAGEMAKER_MAX_PAYLOAD_IN_MB: wishes.text('max-payload-in-mb'),
    SAGEMAKER_BATCH_STRATEGY: wishes.text('batch-strategy')?.replace('Record', '_RECORD').toUpperCase(),
    SAGEMAKER_MAX_CONCURRENT_TRANSFORMS: wishes.number('max-concurrent-transforms')
      ? wishes.text('max-concurrent-transforms')
      : undefined,
  };
  const variables: Record<string, string> = { SAGEMAKER_BATCH: 'true' };
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) variables[name] = value;
  return variables;
}
