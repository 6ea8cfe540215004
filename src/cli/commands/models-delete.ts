import { modelsOptions } from './models-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

export const modelsDelete: ServiceCommand = {
  name: 'models delete',
  meaning: 'Removes a model; its data and its jobs stay.',
  about: { value: 'NAME', meaning: 'the name of the model.' },
  examples: ['millrace models delete diamonds'],
  options: modelsOptions.delete,
  exit: '0 it is removed; 1 the service refused or did not answer',
  run: remove,
};

async function remove({ about: name, options, service, output }: CommandCall): Promise<number> {
  const answer = await service.call('sagemaker', 'DeleteModel', { ModelName: name });
  await output.write(options.has('json') ? `${JSON.stringify(answer)}\n` : `Deleted ${name}\n`);
  return 0;
}
