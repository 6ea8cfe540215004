import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure, never } from '../../test/contract/store-under-test.ts';
import type { ObjectInfo, ObjectStore } from '../objects/object-store.ts';
import { type ManifestPlace, type Place, plan } from './planner.ts';

/** A bucket of which only the names and sizes matter. */
class Names implements Pick<ObjectStore, 'list' | 'head' | 'locate' | 'nameOf'> {
  readonly bucket: string;
  readonly sizes: ReadonlyMap<string, number>;
  asking = 0;
  mostAsking = 0;
  listed = 0;

  constructor(bucket: string, keys: readonly string[]) {
    this.bucket = bucket;
    this.sizes = new Map(keys.map((key, at) => [key, at + 1]));
  }

  locate(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  nameOf(key: string): string {
    return `${this.bucket}/${key}`;
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    this.listed += 1;
    for (const [key, size] of this.sizes) if (key.startsWith(prefix)) yield { key, size };
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    signal.throwIfAborted();
    this.asking += 1;
    this.mostAsking = Math.max(this.mostAsking, this.asking);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.asking -= 1;
    const size = this.sizes.get(key);
    return size === undefined ? undefined : { key, size };
  }
}

const at = (names: Names, key: string, exact = false): Place => ({
  store: names as unknown as ObjectStore,
  key,
  exact,
  text: names.locate(key),
});
const listing = (names: Names, key: string, entries: readonly string[]): ManifestPlace => ({
  store: names as unknown as ObjectStore,
  key,
  entries,
  text: 'list.json',
});

async function pairs(input: Place | ManifestPlace, output: Place): Promise<[string, string, number][]> {
  const { objects } = await plan(input, output, never);
  return objects.map(({ inputKey, outputKey, size }) => [inputKey, outputKey, size]);
}

test('what is under a prefix is planned, folders are not', async () => {
  const names = new Names('in', ['a/', 'a/x.csv', 'a/y/', 'a/y/z.csv', 'b']);
  const planned = await plan(at(names, 'a'), at(new Names('out', []), 'o/'), never);
  assert.deepEqual(planned.objects, [
    { inputKey: 'a/x.csv', outputKey: 'o/x.csv.out', name: 'in/a/x.csv', size: 2 },
    { inputKey: 'a/y/z.csv', outputKey: 'o/y/z.csv.out', name: 'in/a/y/z.csv', size: 4 },
  ]);
  assert.deepEqual([planned.bytes, planned.skippedOutputs], [6, 0]);
  assert.deepEqual(await pairs(at(names, 'a/x.csv', true), at(names, 'o')), [['a/x.csv', 'o/x.csv.out', 2]]);
});

test('results of an earlier run are left alone: outputs, and the records that could not be transformed', async () => {
  const keys = ['x.csv', 'x.csv.out', 'x.csv.out.errors.jsonl', 'y.csv', 'y.csv.out.errors.jsonl'];
  const others = ['z.out', 'w.csv.errors.jsonl', 'v.csv.out.errors.jsonl'];
  const names = new Names('in', [...keys, ...others]);
  const planned = await plan(at(names, ''), at(names, ''), never);
  assert.deepEqual(
    planned.objects.map(({ inputKey }) => inputKey),
    ['x.csv', 'y.csv', ...others],
  );
  assert.equal(planned.skippedOutputs, 3);
  const elsewhere = await plan(at(names, ''), at(new Names('out', []), ''), never);
  assert.deepEqual([elsewhere.objects.length, elsewhere.skippedOutputs], [8, 0]);
});

test('what a manifest lists is planned in its order, each entry literally behind the prefix', async () => {
  const names = new Names('in', ['images/d/x.png', 'images//y.png', 'images-old/z', 'images/folder/']);
  const entries = ['/d/x.png', '//y.png', '-old/z', '/folder/'];
  assert.deepEqual(await pairs(listing(names, 'images', entries), at(new Names('out', []), 'out/')), [
    ['images/d/x.png', 'out/d/x.png.out', 1],
    ['images//y.png', 'out/y.png.out', 2],
    ['images-old/z', 'out/-old/z.out', 3],
  ]);
  // The row of the table of behaviour 1.
  const row = await pairs(listing(names, 'images/', ['d/x.png']), at(names, 'out'));
  assert.deepEqual(row, [['images/d/x.png', 'out/d/x.png.out', 1]]);
  assert.equal(names.listed, 0);
});

test('an object of a manifest that does not exist stays in the plan, to fail by itself', async () => {
  const names = new Names('in', ['p/a']);
  const planned = await plan(listing(names, 'p/', ['gone', 'a']), at(names, 'o'), never);
  assert.deepEqual(
    planned.objects.map(({ inputKey, size }) => [inputKey, size]),
    [
      ['p/gone', 0],
      ['p/a', 1],
    ],
  );
  assert.equal(planned.bytes, 1);
});

test('what a manifest lists is never left out as the result of an earlier run; replacing it is refused', async () => {
  const names = new Names('in', ['x', 'x.out', 'x.out.errors.jsonl']);
  const listed = listing(names, '', [...names.sizes.keys()]);
  const planned = await plan(listed, at(names, 'elsewhere'), never);
  assert.deepEqual([planned.objects.length, planned.skippedOutputs], [3, 0]);
  await assert.rejects(plan(listed, at(names, ''), never), /The result of .*x would replace .*x\.out/);
});

test('sizes are asked for sixteen at once', async () => {
  const keys = Array.from({ length: 300 }, (_, at) => `k${at}`);
  const names = new Names('in', keys);
  const planned = await plan(listing(names, '', keys), at(new Names('out', []), 'o'), never);
  assert.deepEqual(
    planned.objects.map(({ inputKey }) => inputKey),
    keys,
  );
  assert.equal(names.mostAsking, 16);
  const reason = new Error('enough');
  await assert.rejects(plan(listing(names, '', keys), at(names, 'o'), AbortSignal.abort(reason)), reason);
});

test('two inputs of one output are refused with both names, from a manifest too', async () => {
  const names = new Names('in', ['p/x', 'p//x']);
  for (const input of [at(names, 'p/'), listing(names, 'p', ['/x', '//x'])]) {
    const { details } = await failure(plan(input, at(names, 'o'), never), 'OutputCollision');
    assert.deepEqual(details, { first: 's3://in/p/x', second: 's3://in/p//x', output: 's3://in/o/x.out' });
  }
});

test('a job without an object is refused', async () => {
  const names = new Names('in', ['p/']);
  for (const input of [at(names, 'p'), at(names, 'q', true), listing(names, 'p', ['/'])]) {
    const { details } = await failure(plan(input, at(names, 'o'), never), 'NothingToDo');
    assert.equal(details.location, input.text);
  }
});
