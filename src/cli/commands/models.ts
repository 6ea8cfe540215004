import type { CommandGroup } from './command-group.ts';
import { modelsCreate } from './models-create.ts';
import { modelsDelete } from './models-delete.ts';
import { modelsDescribe } from './models-describe.ts';
import { modelsList } from './models-list.ts';

export const models: CommandGroup = {
  name: 'models',
  meaning: 'look after the models of a service',
  commands: [modelsList, modelsDescribe, modelsDelete, modelsCreate],
};
