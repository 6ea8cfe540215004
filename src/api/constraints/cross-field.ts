import { Fault } from '../fault.ts';
import type { ContainerDefinition, CreateModelRequest } from './tables/models.ts';
import type { Tag } from './tables/tags.ts';
import type { CreateTransformJobRequest } from './tables/transform-jobs.ts';

/** `MaxPayloadInMB`, and what all requests of an instance may hold together (behaviour 2). */
const MAX_PAYLOAD_MB = 100;

/**
 * What the table of CreateModel cannot say: how its members go together.
 *
 * @throws Fault `ValidationException` for the first rule that is broken, as all of these
 */
export function checkCreateModel(request: CreateModelRequest): void {
  const { PrimaryContainer: primary, Containers: containers = [], InferenceExecutionConfig: execution } = request;
  if ((primary !== undefined) === containers.length > 0) {
    throw refusal('Specify one of either PrimaryContainer or Containers.');
  }
  if (execution !== undefined && containers.length === 0) {
    throw refusal('InferenceExecutionConfig can be specified only together with Containers.');
  }
  // A list of one container is accepted: the original takes it, although its manual speaks of two to fifteen.
  for (const container of primary === undefined ? containers : [primary]) checkContainer(container);
  checkHostnames(containers, execution?.Mode === 'Direct');
  checkTags(request.Tags ?? []);
}

function checkContainer({ Image: image, ModelPackageName: modelPackage }: ContainerDefinition): void {
  if ((image === undefined) === (modelPackage === undefined)) {
    throw refusal('Specify one of either Image and Model Data URL or ModelPackageName in container definition.');
  }
  if (modelPackage !== undefined) {
    throw refusal(
      `ModelPackageName "${modelPackage}" cannot be used: model packages are not available here. Specify Image.`,
    );
  }
}

/** The names identify the containers in logs, so they are given for all or for none. A lone primary container's is ignored. */
function checkHostnames(containers: readonly ContainerDefinition[], direct: boolean): void {
  const names = containers.flatMap(({ ContainerHostname: name }) => (name === undefined ? [] : [name]));
  if (names.length < containers.length && (direct || names.length > 0)) {
    throw refusal(
      direct
        ? 'ContainerHostname must be specified for every container when the Mode of InferenceExecutionConfig is Direct.'
        : 'If ContainerHostname is specified for any container, it must be specified for every container.',
    );
  }
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw refusal(`ContainerHostname must be unique, but "${twice}" is specified more than once.`);
}

/**
 * As `checkCreateModel`, of CreateTransformJob; without the rules of data processing, which belong to whoever understands
 * filters.
 */
export function checkCreateTransformJob(request: CreateTransformJobRequest): void {
  const type = request.TransformInput.DataSource.S3DataSource.S3DataType;
  if (type !== 'S3Prefix' && type !== 'ManifestFile') {
    throw refusal(`S3DataType "${type}" is not supported for transform jobs. Specify S3Prefix or ManifestFile.`);
  }
  // 0 means unset for the one and no limit for the other: neither has a product to check.
  const { MaxPayloadInMB: payload = 0, MaxConcurrentTransforms: transforms = 0 } = request;
  if (payload > MAX_PAYLOAD_MB) {
    throw refusal(`The value of MaxPayloadInMB cannot be greater than ${MAX_PAYLOAD_MB} MB, but it is ${payload}.`);
  }
  if (payload * transforms > MAX_PAYLOAD_MB) {
    const product = `(MaxConcurrentTransforms * MaxPayloadInMB) cannot exceed ${MAX_PAYLOAD_MB} MB`;
    throw refusal(`The value of ${product}, but it is ${transforms} * ${payload} = ${transforms * payload}.`);
  }
  checkTags(request.Tags ?? []);
}

/** How many tags a resource has in the end is for the catalog to check, in the transaction that adds them. */
export function checkTags(tags: readonly Tag[]): void {
  const keys = tags.map(({ Key: key }) => key);
  checkTagKeys(keys);
  if (new Set(keys).size < keys.length) throw refusal('Duplicate tag key');
}

/** The keys of AddTags and of DeleteTags alike: system tags are out of reach, in any case of letters. */
export function checkTagKeys(keys: readonly string[]): void {
  const reserved = keys.find((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved !== undefined) throw refusal(`System prefix 'aws:' reserved for AWS usage in tag key: ${reserved}`);
}

function refusal(message: string): Fault {
  return new Fault('ValidationException', message);
}
