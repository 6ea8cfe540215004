import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelInput } from './tables/models.ts';
import { createTransformJobInput } from './tables/transform-jobs.ts';
import { unknownMembers } from './unknown-members.ts';

test('members that no table knows are named where they are', () => {
  const input = {
    TransformJobName: 'j',
    transformInput: {},
    TransformInput: { SplitTyp: 'Line', DataSource: { S3DataSource: { S3Url: 's3://b', S3Uri: null } } },
    Environment: { ANY: 'key is known' },
    Tags: [{ Key: 'a', Value: 'b' }, { Key: 'a', Val: 'b' }, 'no tag'],
    toString: 1,
  };
  assert.deepEqual(unknownMembers(createTransformJobInput, input), [
    'transformInput',
    'TransformInput.SplitTyp',
    'TransformInput.DataSource.S3DataSource.S3Url',
    'Tags[1].Val',
    'toString',
  ]);
});

test('a structure that is kept as it came has no unknown members', () => {
  const input = { PrimaryContainer: { ModelDataSource: { S3DataSource: { Any: 1 } }, Images: 'i' } };
  assert.deepEqual(unknownMembers(createModelInput, input), ['PrimaryContainer.Images']);
});

test('what is no request has none', () => {
  for (const input of [null, undefined, 'text', 1, [], [{ a: 1 }], { Tags: 'no list', PrimaryContainer: [1] }]) {
    assert.deepEqual(unknownMembers(createModelInput, input), []);
  }
});

test('there are at most 20, with names of at most 128 characters, of any depth', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level++) deep = { deep };
  const tags = Array.from({ length: 100_000 }, () => ({ ['x'.repeat(200)]: deep }));
  const found = unknownMembers(createModelInput, { Deep: deep, Tags: tags, Last: 1 });
  assert.deepEqual(found, ['Deep', ...Array.from({ length: 19 }, (_, index) => `Tags[${index}].${'x'.repeat(128)}`)]);
});
