import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all } from '../../test/contract/catalog-under-test.ts';
import { failure, never } from '../../test/contract/store-under-test.ts';
import { jobsUnderTest, START } from '../../test/jobs-under-test.ts';
import type { ErrorCode } from '../core/errors.ts';
import { createJob } from './create-job.ts';
import type { JobDefinition } from './job-definition.ts';

test('a job has its work from the beginning, in the order of the input', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/b': '12', 'in/a/x': '1', 'in/c': '', 'in/': '', other: 'y' });
  const job = await under.create('a');
  assert.deepEqual([job.status, job.createdAt, job.startedAt], ['InProgress', START, undefined]);
  const shards = await all(under.catalog.shards.pending(job.id));
  assert.deepEqual(
    shards.map(({ number, inputKey, outputKey, name, size }) => [number, inputKey, outputKey, name, size]),
    [
      [0, 'in/a/x', 'a/a/x.out', 'data/in/a/x', 1],
      [1, 'in/b', 'a/b.out', 'data/in/b', 2],
      [2, 'in/c', 'a/c.out', 'data/in/c', 0],
    ],
  );
  assert.deepEqual(await under.objects(), {}, 'nothing is written yet');
});

test('the definition is kept as it is, and tags with it', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x' });
  const definition: JobDefinition = {
    wishes: { 'split-type': 'Line' },
    input: { kind: 'S3Prefix', uri: 's3://data/in' },
    output: { uri: 's3://results/out' },
    capture: { uri: 's3://results/capture' },
    environment: { A: 'b' },
    containers: [{ name: 'one', image: 'model', modelDataUrl: 's3://models/m.tar.gz', environment: {} }],
  };
  const tags = [{ key: 'k', value: 'v' }];
  const order = { name: 'Job', arn: 'arn:job', createdAt: 5, request: '{"sent":1}', definition, tags };
  const job = await createJob(order, under, never);
  assert.deepEqual(JSON.parse(job?.definition ?? ''), definition);
  assert.equal(job?.request, '{"sent":1}');
  assert.deepEqual(
    (await under.catalog.tags.list('arn:job')).map((tag) => ({ ...tag })),
    tags,
  );
  assert.equal(await createJob({ ...order, name: 'job', tags: [] }, under, never), undefined, 'it has the same ARN');
  assert.equal((await under.catalog.tags.list('arn:job')).length, 1);
});

test('a manifest is read once: what becomes of it later changes nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x', list: '[{"prefix": "s3://data/in/"}, "a"]' });
  const job = await under.create('a', { input: { kind: 'ManifestFile', uri: 's3://data/list' } });
  const { input } = JSON.parse(job.definition) as JobDefinition;
  assert.deepEqual(input, { kind: 'S3Prefix', uri: 's3://data/in/' });
});

for (const [what, some, code] of [
  ['an image that nobody knows', { containers: [{ image: 'other', environment: {} }] }, 'ImageNotMapped'],
  [
    'the second image of a pipeline',
    { containers: ['model', 'no'].map((image) => ({ image, environment: {} })) },
    'ImageNotMapped',
  ],
  ['an input without objects', { input: { kind: 'S3Prefix', uri: 's3://data/nothing' } }, 'NothingToDo'],
  ['an input bucket that is not there', { input: { kind: 'S3Prefix', uri: 's3://nobodys/in' } }, 'BucketNotFound'],
  ['an output bucket that is not there', { output: { uri: 's3://nobodys/out' } }, 'BucketNotFound'],
  ['a capture bucket that is not there', { capture: { uri: 's3://nobodys/out' } }, 'BucketNotFound'],
  ['an output that is no address', { output: { uri: 'out' } }, 'InvalidOption'],
  ['a manifest that is none', { input: { kind: 'ManifestFile', uri: 's3://data/in/a' } }, 'ManifestInvalid'],
  ['outputs over each other', { input: { kind: 'ManifestFile', uri: 's3://data/twice.json' } }, 'OutputCollision'],
  [
    'settings that do not go together',
    { wishes: { 'join-source': 'Input', 'assemble-with': 'None' } },
    'InvalidCombination',
  ],
  ['a filter that is none', { wishes: { 'input-filter': '$[' } }, 'InvalidJsonPath'],
  ['too much at once', { wishes: { 'max-payload-in-mb': '11', 'max-concurrent-transforms': '10' } }, 'InvalidOption'],
] as const satisfies readonly (readonly [string, Partial<JobDefinition>, ErrorCode])[]) {
  test(`${what}: refused, and nothing is kept`, async (t) => {
    const under = await jobsUnderTest(t);
    await under.put({ 'in/a': 'x', 'twice.json': '[{"prefix": "s3://data/in/"}, "a", "/a"]' });
    await failure(under.create('a', some), code);
    assert.equal(await under.catalog.jobs.get('a'), undefined);
    assert.equal(under.containers.orders.length, 0);
  });
}

test('whoever goes away while the input is listed leaves nothing', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'in/a': 'x' });
  const { definition } = await under.create('first');
  const order = { name: 'gone', arn: 'arn:gone', createdAt: 1, request: '{}', tags: [] };
  const signal = AbortSignal.abort(new Error('the client has gone'));
  const creating = createJob({ ...order, definition: JSON.parse(definition) as JobDefinition }, under, signal);
  await assert.rejects(creating, /the client has gone/);
  assert.equal(await under.catalog.jobs.get('gone'), undefined);
});
