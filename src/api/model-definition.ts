import type { ModelRow } from '../catalog/catalog.ts';
import type { ContainerDefinition } from '../jobs/job-definition.ts';
import type { Infer } from './constraints/shape.ts';
import type { createModelInput } from './constraints/tables/models.ts';
import { Fault } from './fault.ts';

/** A model as the catalog keeps it: what was sent to CreateModel, without its tags. */
export type ModelDefinition = Omit<Infer<typeof createModelInput>, 'Tags'>;
type ContainerMember = NonNullable<ModelDefinition['PrimaryContainer']>;

export function readModel({ definition }: Pick<ModelRow, 'definition'>): ModelDefinition {
  return JSON.parse(definition) as ModelDefinition;
}

/** The containers of a model in the order in which they are called. */
export function containerMembers({ PrimaryContainer, Containers }: ModelDefinition): readonly ContainerMember[] {
  return PrimaryContainer === undefined ? (Containers ?? []) : [PrimaryContainer];
}

export function containersOf(model: ModelDefinition): readonly ContainerDefinition[] {
  const members = containerMembers(model);
  return members.map(({ ContainerHostname, Image, ModelDataUrl, Environment }, at) => ({
    ...(members.length > 1 ? { name: ContainerHostname ?? `container-${at + 1}` } : {}),
    image: Image ?? '',
    ...(ModelDataUrl === undefined ? {} : { modelDataUrl: ModelDataUrl }),
    environment: Environment ?? {},
  }));
}

/** @throws Fault `ValidationException` for models that only endpoints can have */
export function checkTransformable(model: ModelDefinition): void {
  const refuse = (message: string): never => {
    throw new Fault('ValidationException', message);
  };
  for (const { ModelDataSource, Mode } of containerMembers(model)) {
    if (ModelDataSource !== undefined)
      refuse(
        "SageMaker Batch currently doesn't support Model entity with container definitions which use ModelDataSource attribute",
      );
    if (Mode === 'MultiModel') refuse('A transform job needs containers whose Mode is SingleModel.');
  }
  if (model.InferenceExecutionConfig?.Mode === 'Direct')
    refuse('A transform job calls the containers of a model in order: InferenceExecutionConfig.Mode has to be Serial.');
}
