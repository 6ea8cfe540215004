import { type Fact, factSheet } from '../fact-sheet.ts';
import { zonedTime } from '../local-time.ts';
import { modelsOptions } from './models-options.ts';
import type { CommandCall, ServiceCommand } from './service-command.ts';

const COLUMNS = 100;

interface ModelDescription {
  readonly ModelName?: string;
  readonly ModelArn?: string;
  readonly CreationTime?: number;
  readonly ExecutionRoleArn?: string;
  readonly PrimaryContainer?: Container;
  readonly Containers?: readonly Container[];
}

interface Container {
  readonly ContainerHostname?: string;
  readonly Image?: string;
  readonly ModelPackageName?: string;
  readonly ModelDataUrl?: string;
  readonly Environment?: Readonly<Record<string, string>>;
}

export const modelsDescribe: ServiceCommand = {
  name: 'models describe',
  meaning: 'What a model is made of: images, model data, environment.',
  about: { value: 'NAME', meaning: 'the name of the model.' },
  examples: ['millrace models describe diamonds'],
  options: modelsOptions.describe,
  exit: '0 there is such a model; 1 the service refused or did not answer',
  run: describe,
};

async function describe({ about: name, options, service, output }: CommandCall): Promise<number> {
  const answer = await service.call('sagemaker', 'DescribeModel', { ModelName: name });
  const columns = Math.min(output.columns ?? COLUMNS, COLUMNS);
  await output.write(options.has('json') ? `${JSON.stringify(answer)}\n` : modelPage(answer, columns));
  return 0;
}

function modelPage(model: ModelDescription, columns: number): string {
  const { CreationTime, PrimaryContainer, Containers = [] } = model;
  const containers = PrimaryContainer === undefined ? Containers : [PrimaryContainer];
  const facts: Fact[] = [
    ['Name', model.ModelName],
    ['ARN', model.ModelArn],
    ['Created', CreationTime === undefined ? undefined : zonedTime(CreationTime * 1000)],
    ['Role', model.ExecutionRoleArn],
    ...containers.flatMap((container, at) => [
      ...(containers.length > 1 ? [['Container', String(at + 1)] as const] : []),
      ...containerFacts(container),
    ]),
  ];
  return factSheet(facts, columns);
}

function containerFacts({ ContainerHostname, Image, ModelPackageName, ModelDataUrl, Environment }: Container): Fact[] {
  return [
    ['Hostname', ContainerHostname],
    ['Image', Image],
    ['Package', ModelPackageName],
    ['Model data', ModelDataUrl],
    ['Environment', Object.entries(Environment ?? {}).map(([name, value]) => `${name}=${value}`)],
  ];
}
