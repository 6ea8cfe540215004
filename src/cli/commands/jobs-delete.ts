import { jobsOptions } from './jobs-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

export const jobsDelete: ServiceCommand = {
  name: 'jobs delete',
  meaning: 'Removes a job that has ended, with its logs; its results stay. Not in the original.',
  about: { value: 'NAME', meaning: 'the name of the job.' },
  examples: ['millrace jobs delete diamonds-1'],
  options: jobsOptions.delete,
  exit: '0 it is removed; 1 the service refused or did not answer',
  run: remove,
};

async function remove({ about: name, options, service, output }: CommandCall): Promise<number> {
  const answer = await service.call('sagemaker', 'DeleteTransformJob', { TransformJobName: name });
  await output.write(options.has('json') ? `${JSON.stringify(answer)}\n` : `Deleted ${name}\n`);
  return 0;
}
