import { printable } from '../printable.ts';
import { cliInput } from './cli-input.ts';
import { jobsOptions } from './jobs-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

export const jobsCreate: ServiceCommand = {
  name: 'jobs create',
  meaning: 'Creates a transform job from the JSON of its request.',
  examples: [
    'millrace jobs create --cli-input-json job.json',
    'aws sagemaker create-transform-job --generate-cli-skeleton > job.json',
  ],
  options: jobsOptions.create,
  exit: '0 it is created; 1 the service refused or did not answer',
  run: create,
};

async function create({ options, service, output, surroundings }: CommandCall): Promise<number> {
  const request = await cliInput(options, surroundings.cwd);
  const answer = await service.call('sagemaker', 'CreateTransformJob', request);
  if (options.has('json')) {
    await output.write(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  const name = String(request['TransformJobName']);
  await output.write(printable(`Created ${name} (${answer['TransformJobArn']})\n`));
  surroundings.target.write(printable(`millrace jobs watch ${name} shows its progress.\n`));
  return 0;
}
