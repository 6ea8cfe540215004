import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure, never } from '../../test/contract/store-under-test.ts';
import { jobsUnderTest } from '../../test/jobs-under-test.ts';
import { bucketOf, bucketPlace, type JobStores, jobPlaces, sweepOutputs } from './job-places.ts';

const output = { uri: 's3://results/out/' };

test('places are buckets with the keys as they were written', async (t) => {
  const { stores } = await jobsUnderTest(t);
  const input = { kind: 'S3Prefix', uri: 's3://data/in/some prefix%20' } as const;
  const capture = { uri: 'https://results.s3.eu-west-1.amazonaws.com/captured/%C3%A9' };
  const places = await jobPlaces({ input, output, capture }, stores, never);
  assert.deepEqual(
    [places.input, places.output, places.capture].map((place) => [place?.store.locate(''), place?.key, place?.text]),
    [
      ['s3://data/', 'in/some prefix%20', input.uri],
      ['s3://results/', 'out/', output.uri],
      ['s3://results/', 'captured/é', capture.uri],
    ],
  );
  assert(!('entries' in places.input) && !places.input.exact);
  assert.equal((await jobPlaces({ input, output }, stores, never)).capture, undefined);
});

test('only what is written is encrypted', async () => {
  const asked: (readonly [bucket: string, key: string | undefined])[] = [];
  const stores = {
    bucket: async (name: string, key: string | undefined) => {
      asked.push([name, key]);
      return undefined;
    },
    sweep: assert.fail,
  } as unknown as JobStores;
  const input = { kind: 'S3Prefix', uri: 's3://data/' } as const;
  const places = { input, output: { ...output, kmsKeyId: 'one' }, capture: { uri: 's3://capture', kmsKeyId: 'two' } };
  await jobPlaces(places, stores, never);
  assert.deepEqual(asked, [
    ['data', undefined],
    ['results', 'one'],
    ['capture', 'two'],
  ]);
});

test('a manifest is read, and its prefix says where the objects are', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({ 'lists/one.json': '[{"prefix": "s3://results/pre/fix-"}, "a", "b/c"]' });
  const input = { kind: 'ManifestFile', uri: 's3://data/lists/one.json' } as const;
  const { input: place } = await jobPlaces({ input, output }, under.stores, never);
  assert('entries' in place);
  assert.deepEqual([place.store.locate(''), place.key, place.text], ['s3://results/', 'pre/fix-', input.uri]);
  assert.deepEqual(place.entries, ['a', 'b/c']);
});

test('a manifest that is none, or lists what is no object of a bucket, is refused', async (t) => {
  const under = await jobsUnderTest(t);
  await under.put({
    'text.json': 'a list',
    'path.json': '[{"prefix": "/data/"}, "a"]',
    'http.json': '[{"prefix": "http://host/"}, "a"]',
  });
  const read = (key: string) =>
    jobPlaces({ input: { kind: 'ManifestFile', uri: `s3://data/${key}` }, output }, under.stores, never);
  await failure(read('text.json'), 'ManifestInvalid');
  const { details } = await failure(read('path.json'), 'ManifestInvalid');
  assert.equal(details.cause, 'its prefix "/data/" cannot be: it is not an address like s3://bucket/prefix');
  await failure(read('http.json'), 'ManifestInvalid');
  await failure(read('missing.json'), 'InputNotFound');
  await failure(read(''), 'InputNotFound');
});

test('an address that is none of a bucket names the setting that it is of', async (t) => {
  const { stores } = await jobsUnderTest(t);
  for (const text of ['', '/data/in', 'data/in', 'file:///data', 'ftp://host/x', 's3://', 's3:///key', 's3://a b/c']) {
    const { details } = await failure(bucketPlace('--output', text, stores), 'InvalidOption');
    assert.deepEqual([details.option, details.value], ['--output', text]);
  }
  const places = { input: { kind: 'S3Prefix', uri: 'here' }, output } as const;
  assert.equal((await failure(jobPlaces(places, stores, never), 'InvalidOption')).details.option, '--input');
  const capture = { uri: 'there' };
  const captured = jobPlaces({ input: { kind: 'S3Prefix', uri: 's3://data/' }, output, capture }, stores, never);
  assert.equal((await failure(captured, 'InvalidOption')).details.option, '--data-capture-destination');
});

test('what is swept are the outputs that are still to be made, and what tells of their bad records', async () => {
  const asked: string[] = [];
  const candidates = ['out/a.out', 'out/a.out.errors.jsonl', 'out/b.out', 'out/a.out.errors.jsonl.x', 'a.out'];
  const stores: JobStores = {
    bucket: assert.fail,
    sweep: async (bucket, prefix, isOurs, signal) => {
      assert.equal(signal, never);
      asked.push(`${bucket}:${prefix}`, ...candidates.filter(isOurs));
    },
  };
  for (const uri of ['s3://results/out', 's3://results/out//']) {
    await sweepOutputs({ output: { uri } }, new Set(['out/a.out']), stores, never);
  }
  const found = ['results:out', 'out/a.out', 'out/a.out.errors.jsonl'];
  assert.deepEqual(asked, [...found, ...found]);
});

test('an address has a bucket, however it is written', () => {
  for (const text of [
    's3://data',
    's3://data/a/b',
    'https://s3.amazonaws.com/data/x',
    'https://data.s3.amazonaws.com/x',
  ])
    assert.equal(bucketOf(text), 'data', text);
  for (const text of ['', 'data', '/data', 'file:///data', 's3://', 'https://host/data'])
    assert.equal(bucketOf(text), undefined);
});
