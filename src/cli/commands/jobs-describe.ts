import { describeJob } from '../job-description.ts';
import { jobPage } from '../job-page.ts';
import { jobsOptions } from './jobs-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const COLUMNS = 100;

export const jobsDescribe: ServiceCommand = {
  name: 'jobs describe',
  meaning: 'What a transform job does, how far it has come, and why it failed.',
  about: { value: 'NAME', meaning: 'the name of the job.' },
  examples: ['millrace jobs describe diamonds-1', 'millrace jobs describe diamonds-1 --json | jq .TransformProgress'],
  options: jobsOptions.describe,
  exit: '0 also when the job failed; 1 the service refused or did not answer',
  run: describe,
};

async function describe({ about: name, options, service, output }: CommandCall): Promise<number> {
  const job = await describeJob(service, name);
  const text = options.has('json')
    ? `${JSON.stringify(job)}\n`
    : jobPage(job, Math.min(output.columns ?? COLUMNS, COLUMNS));
  await output.write(text);
  return 0;
}
