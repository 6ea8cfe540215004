import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure, never } from '../../test/contract/store-under-test.ts';
import { jobsUnderTest } from '../../test/jobs-under-test.ts';
import { MillraceError } from '../core/errors.ts';
import type { JobStores } from '../jobs/job-places.ts';
import { Fault } from './fault.ts';
import { checkModelData } from './model-data.ts';
import type { ModelDefinition } from './model-definition.ts';

const model = (ModelDataUrl: string): ModelDefinition => ({
  ModelName: 'm',
  PrimaryContainer: { Image: 'onnx', ModelDataUrl },
});

async function refusal(checking: Promise<void>): Promise<string> {
  const error = await checking.then(
    () => assert.fail('accepted'),
    (reason: unknown) => reason,
  );
  assert(error instanceof Fault && error.code === 'ValidationException', String(error));
  return error.message;
}

test('model data are an object, or anything below a prefix that is a folder', async (t) => {
  const under = await jobsUnderTest(t);
  const { stores } = under;
  await under.put({ 'model.tar.gz': 'x', 'm/v1/weights.bin': 'y' });
  for (const url of [
    's3://data/model.tar.gz',
    's3://data/m',
    's3://data/m/',
    's3://data/m/v1',
    's3://data/m/v1/weights.bin',
    's3://data',
    's3://data/',
    'https://data.s3.amazonaws.com/m%2Fv1/',
  ])
    await checkModelData(model(url), stores, never);
  for (const url of [
    's3://data/model.tar',
    's3://data/model.tar.gz/',
    's3://data/m/v',
    's3://data/mm/',
    's3://results/',
    's3://nobodys/m',
  ])
    assert.equal(await refusal(checkModelData(model(url), stores, never)), `Could not find model data at ${url}.`);
});

test('every container of a pipeline is looked at, and one without data needs none', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ m: 'x' });
  const containers = (...urls: readonly (string | undefined)[]): ModelDefinition => ({
    ModelName: 'm',
    Containers: urls.map((url) => ({ Image: 'onnx', ...(url === undefined ? {} : { ModelDataUrl: url }) })),
  });
  await checkModelData({ ModelName: 'm', PrimaryContainer: { Image: 'onnx' } }, under.stores, never);
  await checkModelData(containers('s3://data/m', undefined, 's3://data/m'), under.stores, never);
  const message = await refusal(checkModelData(containers('s3://data/m', 's3://data/n'), under.stores, never));
  assert.equal(message, 'Could not find model data at s3://data/n.');
});

test('what is no address is told apart from what is not there', async (t) => {
  const { stores } = await jobsUnderTest(t);
  const { details } = await failure(checkModelData(model('https://host/m'), stores, never), 'InvalidOption');
  assert.deepEqual([details.option, details.value], ['ModelDataUrl', 'https://host/m']);
});

test('a store that does not answer is not a model that is not there', async () => {
  const down = new MillraceError('StoreUnavailable', { location: 's3://data', cause: 'timeout' });
  const stores = {
    bucket: async () => ({ head: () => Promise.reject(down) }),
    sweep: assert.fail,
  } as unknown as JobStores;
  await assert.rejects(checkModelData(model('s3://data/m'), stores, never), down);
});
