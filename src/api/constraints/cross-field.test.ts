import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../fault.ts';
import { checkCreateModel, checkCreateTransformJob, checkTagKeys, checkTags } from './cross-field.ts';
import type { ContainerDefinition, CreateModelRequest } from './tables/models.ts';
import type { CreateTransformJobRequest } from './tables/transform-jobs.ts';

function refused(check: () => void, message: string): void {
  assert.throws(check, (error) => {
    assert(error instanceof Fault && error.code === 'ValidationException' && error.status === 400, String(error));
    assert.equal(error.message, message);
    return true;
  });
}

const image: ContainerDefinition = { Image: 'image' };
const a: ContainerDefinition = { Image: 'image', ContainerHostname: 'a' };
const b: ContainerDefinition = { Image: 'image', ContainerHostname: 'b' };
const model = (request: Omit<CreateModelRequest, 'ModelName'>) => (): void =>
  checkCreateModel({ ModelName: 'm', ...request });

test('a model has a primary container or a list of containers', () => {
  model({ PrimaryContainer: image })();
  model({ PrimaryContainer: image, Containers: [] })();
  model({ Containers: [image] })();
  model({ Containers: Array.from({ length: 15 }, () => image) })();
  const message = 'Specify one of either PrimaryContainer or Containers.';
  refused(model({}), message);
  refused(model({ Containers: [] }), message);
  refused(model({ PrimaryContainer: image, Containers: [image] }), message);
});

test('a container has an image; model packages are not available', () => {
  const message = 'Specify one of either Image and Model Data URL or ModelPackageName in container definition.';
  refused(model({ PrimaryContainer: {} }), message);
  refused(model({ Containers: [image, { ModelDataUrl: 's3://b/k' }] }), message);
  refused(model({ PrimaryContainer: { Image: 'image', ModelPackageName: 'p' } }), message);
  refused(
    model({ Containers: [{ ModelPackageName: 'p' }] }),
    'ModelPackageName "p" cannot be used: model packages are not available here. Specify Image.',
  );
});

test('how containers are run is said of a list of containers only', () => {
  model({ Containers: [image, image], InferenceExecutionConfig: { Mode: 'Serial' } })();
  refused(
    model({ PrimaryContainer: image, InferenceExecutionConfig: { Mode: 'Serial' } }),
    'InferenceExecutionConfig can be specified only together with Containers.',
  );
});

test('hostnames are unique, and given for all containers or for none', () => {
  model({ Containers: [a, b], InferenceExecutionConfig: { Mode: 'Direct' } })();
  model({ PrimaryContainer: a })();
  refused(
    model({ Containers: [a, b, a, b] }),
    'ContainerHostname must be unique, but "a" is specified more than once.',
  );
  refused(
    model({ Containers: [a, image] }),
    'If ContainerHostname is specified for any container, it must be specified for every container.',
  );
  const direct = { Mode: 'Direct' } as const;
  const message =
    'ContainerHostname must be specified for every container when the Mode of InferenceExecutionConfig is Direct.';
  refused(model({ Containers: [image, image], InferenceExecutionConfig: direct }), message);
  refused(model({ Containers: [a, image], InferenceExecutionConfig: direct }), message);
});

function job(changes: Partial<CreateTransformJobRequest>, type: 'S3Prefix' | 'ManifestFile' | 'Converse' = 'S3Prefix') {
  return (): void =>
    checkCreateTransformJob({
      TransformJobName: 'j',
      ModelName: 'm',
      TransformInput: { DataSource: { S3DataSource: { S3DataType: type, S3Uri: 's3://b/k' } } },
      TransformOutput: { S3OutputPath: 's3://b/o' },
      TransformResources: { InstanceType: 'local', InstanceCount: 1 },
      ...changes,
    });
}

test('a transform job reads objects under a prefix or in a manifest', () => {
  job({})();
  job({}, 'ManifestFile')();
  refused(
    job({}, 'Converse'),
    'S3DataType "Converse" is not supported for transform jobs. Specify S3Prefix or ManifestFile.',
  );
  const DataSource = { S3DataSource: { S3DataType: 'AugmentedManifestFile', S3Uri: 's3://b/k' } } as const;
  refused(
    job({ TransformInput: { DataSource } }),
    'S3DataType "AugmentedManifestFile" is not supported for transform jobs. Specify S3Prefix or ManifestFile.',
  );
});

test('the payloads under way have 100 MB together', () => {
  job({ MaxPayloadInMB: 100 })();
  job({ MaxPayloadInMB: 100, MaxConcurrentTransforms: 1 })();
  job({ MaxPayloadInMB: 6, MaxConcurrentTransforms: 16 })();
  // Unset, no limit, and a payload that the container decides about.
  job({ MaxPayloadInMB: 100, MaxConcurrentTransforms: 0 })();
  job({ MaxPayloadInMB: 0, MaxConcurrentTransforms: 1000 })();
  job({ MaxConcurrentTransforms: 1000 })();
  refused(job({ MaxPayloadInMB: 101 }), 'The value of MaxPayloadInMB cannot be greater than 100 MB, but it is 101.');
  refused(
    job({ MaxPayloadInMB: 6, MaxConcurrentTransforms: 17 }),
    'The value of (MaxConcurrentTransforms * MaxPayloadInMB) cannot exceed 100 MB, but it is 17 * 6 = 102.',
  );
});

test('tags have keys of their own, outside of what the system keeps for itself', () => {
  const tag = (Key: string) => ({ Key, Value: 'v' });
  checkTags([]);
  checkTags([tag('a'), tag('A'), tag('aws'), tag('xaws:')]);
  refused(() => checkTags([tag('a'), tag('b'), tag('a')]), 'Duplicate tag key');
  for (const key of ['aws:cloudformation:stack-name', 'AWS:x']) {
    const message = `System prefix 'aws:' reserved for AWS usage in tag key: ${key}`;
    refused(() => checkTags([tag('a'), tag(key)]), message);
    refused(() => checkTagKeys(['a', key]), message);
    refused(model({ PrimaryContainer: image, Tags: [tag(key)] }), message);
    refused(job({ Tags: [tag(key)] }), message);
  }
});
