import { printable } from '../printable.ts';
import { cliInput } from './cli-input.ts';
import { modelsOptions } from './models-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

export const modelsCreate: ServiceCommand = {
  name: 'models create',
  meaning: 'Creates a model from the JSON of its request.',
  examples: [
    'millrace models create --cli-input-json model.json',
    'millrace models create --cli-input-json - < model.json',
  ],
  options: modelsOptions.create,
  exit: '0 it is created; 1 the service refused or did not answer',
  run: create,
};

async function create({ options, service, output, surroundings }: CommandCall): Promise<number> {
  const request = await cliInput(options, surroundings.cwd);
  const answer = await service.call('sagemaker', 'CreateModel', request);
  const created = `Created ${request['ModelName']} (${answer['ModelArn']})\n`;
  await output.write(options.has('json') ? `${JSON.stringify(answer)}\n` : printable(created));
  return 0;
}
