import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { failure, never, writeAll } from '../../test/contract/store-under-test.ts';
import { MemoryAttributes } from '../../test/memory-attributes.ts';
import { MillraceError } from '../core/errors.ts';
import type { ContainerOrder } from '../jobs/container-source.ts';
import type { JobStores } from '../jobs/job-places.ts';
import { openLocalStore } from '../objects/local/local-store.ts';
import { ImageTable } from './image-table.ts';
import { embeddedStores } from './service-stores.ts';

const nowhere = { bucket: assert.fail, sweep: assert.fail } as unknown as JobStores;

function tableOf(rules: readonly string[], some: { allowRemoteServers?: boolean } = {}): ImageTable {
  return new ImageTable({
    rules,
    allowRemoteServers: some.allowRemoteServers ?? false,
    stores: nowhere,
    environment: {},
    cwd: '.',
    folder: 'nowhere',
  });
}

function order(image: string, more: Partial<ContainerOrder> = {}): ContainerOrder {
  return { image, modelDataUrl: undefined, environment: {}, onLine: () => undefined, signal: never, ...more };
}

function fits(pattern: string, image: string): boolean {
  try {
    tableOf([`${pattern}=onnx`]).check(image);
    return true;
  } catch (error) {
    assert(error instanceof MillraceError && error.is('ImageNotMapped'), String(error));
    return false;
  }
}

/** Letter by letter, as one would explain it. */
function fitsByDefinition(pattern: string, image: string): boolean {
  if (pattern === '') return image === '';
  const [first] = pattern;
  if (first === '*')
    return fitsByDefinition(pattern.slice(1), image) || (image !== '' && fitsByDefinition(pattern, image.slice(1)));
  return image.startsWith(first ?? '') && fitsByDefinition(pattern.slice(1), image.slice(1));
}

test('* stands for anything, and every other character for itself', async () => {
  const text = (units: readonly string[]) => fc.string({ unit: fc.constantFrom(...units), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(text(['*', 'a', 'b', '.', '*']), text(['a', 'b', '.']), (pattern, image) => {
      assert.equal(fits(pattern, image), fitsByDefinition(pattern, image));
    }),
    { numRuns: 1000 },
  );
  for (const pattern of [
    'a.b',
    'a+b',
    'a?b',
    '^a$',
    '(a)',
    'a|b',
    '[ab]',
    'a{2}',
    'a\\d',
    '.',
    'a/b:1@sha256-x',
    '\\',
  ]) {
    assert.equal(fits(pattern, pattern), true, pattern);
    assert.equal(fits(`*${pattern}*`, `x${pattern}y`), true, pattern);
    assert.equal(fits(pattern, 'a'), false, pattern);
    assert.equal(fits(pattern, 'ab'), false, pattern);
    assert.equal(fits(pattern, 'aab'), false, pattern);
    assert.equal(fits(pattern, 'axb'), false, pattern);
  }
  assert.equal(fits('ab*bc', 'abc'), false, 'nothing is used twice');
  assert.equal(fits('*', 'any/thing:at@all'), true);
});

test('no image takes long to look up, whatever the pattern', { timeout: 5000 }, () => {
  // As a regular expression this one took a minute and more.
  assert.equal(fits(`${'*-'.repeat(12)}*:x`, '-'.repeat(255)), false);
  assert.equal(fits(`${'*-'.repeat(12)}*:x`, `${'-'.repeat(253)}:x`), true);
});

test('the first rule that fits counts, and onnx is there for nothing', async (t) => {
  const folder = await ownFolder(t);
  const lines: string[] = [];
  const rules = ['*special*=echo special', 'a*=echo first', '*=echo rest'];
  const images = new ImageTable({
    rules,
    allowRemoteServers: false,
    stores: nowhere,
    environment: process.env as Record<string, string>,
    cwd: folder,
    folder,
  });
  for (const image of ['a-special', 'abc', 'onnx']) {
    const { driver, dispose } = await images.prepare(order(image, { onLine: (line) => lines.push(line) }));
    const instance = await driver.launch(never);
    await instance.exited;
    await instance.stop(never);
    await dispose();
  }
  assert.deepEqual(lines, ['special', 'first', 'rest']);
  tableOf([]).check('onnx');
  for (const image of ['onnx2', 'ONNX', 'my-onnx', '']) assert.throws(() => tableOf([]).check(image), /Nothing says/);
});

test('rules that are none are refused with what they should be', () => {
  for (const rule of [
    '',
    'onnx',
    '=onnx',
    'a=',
    'a= ',
    'a b=onnx',
    'a=https://host:1',
    'a=http://host/path',
    'a=http://',
  ])
    assert.throws(
      () => tableOf([rule]),
      (error) => error instanceof MillraceError && error.is('InvalidOption') && error.details.value === rule,
      rule,
    );
  tableOf(['a=serve --x=y', 'a= onnx-serve', 'b=http://192.0.2.1:80']);
});

test('an image may be a server that runs: of this machine, or of any where that is allowed', async () => {
  const here = [
    'http://127.0.0.1:1',
    'http://localhost:8080/',
    'http://[::1]:80',
    'http://127.1:1',
    'http://a.localhost',
  ];
  const elsewhere = [
    'http://192.0.2.1:80',
    'http://host',
    'http://localhost.evil:1',
    'http://0.0.0.0:1',
    'http://[::]:1',
  ];
  const never_ = [
    'https://127.0.0.1:1',
    'http://127.0.0.1:1/x',
    'http://u:p@127.0.0.1:1',
    'http://127.0.0.1:99999',
    'http://',
  ];
  // Not even a rule that fits everything makes an address another thing.
  const [own, all] = [tableOf(['*=onnx']), tableOf(['*=onnx'], { allowRemoteServers: true })];
  for (const image of here) {
    const { driver, dispose } = await own.prepare(order(image));
    assert.equal((await driver.launch(never)).url.href, new URL(image).href);
    await dispose();
  }
  for (const image of [...elsewhere, ...never_]) {
    assert.throws(() => own.check(image), /is not run here/, image);
    await failure(own.prepare(order(image)), 'ImageRefused');
  }
  for (const image of elsewhere) all.check(image);
  for (const image of never_) assert.throws(() => all.check(image), /is not run here/, image);
});

test('a rule may name a server that runs, and needs no model', async () => {
  const prepared = await tableOf(['x*=http://192.0.2.1:80']).prepare(order('xyz', { modelDataUrl: 's3://models/m' }));
  assert.equal((await prepared.driver.launch(never)).url.href, 'http://192.0.2.1/');
});

async function ownFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-images-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function withModels(t: TestContext, rules: readonly string[]) {
  const [root, folder] = [await ownFolder(t), await ownFolder(t)];
  const store = await openLocalStore(root, new MemoryAttributes());
  await store.createBucket('models');
  const stores = embeddedStores(store);
  await writeAll(await stores.bucket('models', undefined), 'm/weights.bin', Buffer.from('the weights'));
  const environment = { PATH: process.env['PATH'] ?? '', SHARED: 'machine', MACHINE: '1', SM_MODEL_DIR: 'no' };
  const images = new ImageTable({ rules, allowRemoteServers: false, stores, environment, cwd: folder, folder });
  return { images, folder };
}

test('a command has the model in its folder and the environment of machine and job, the job first', async (t) => {
  const { images, folder } = await withModels(t, [
    'x=echo "$SHARED $MACHINE $JOB"; cat "$SM_MODEL_DIR/weights.bin"; echo',
  ]);
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const environment = { SHARED: 'job', JOB: '2' };
  const { driver, dispose } = await images.prepare(order('x', { modelDataUrl: 's3://models/m', environment, onLine }));
  const [model = ''] = await readdir(folder);
  assert.equal((await readFile(join(folder, model, 'weights.bin'))).toString(), 'the weights');
  const instance = await driver.launch(never);
  assert.equal(await instance.exited, 'exited with code 0');
  await instance.stop(never);
  assert.deepEqual(lines, ['job 1 2', 'the weights']);
  await dispose();
  assert.deepEqual(await readdir(folder), [], 'what was fetched is gone');
});

test('a command without a model has an empty folder', async (t) => {
  const { images, folder } = await withModels(t, ['x=true']);
  const { dispose } = await images.prepare(order('x'));
  const [model = ''] = await readdir(folder);
  assert.deepEqual(await readdir(join(folder, model)), []);
  await dispose();
  assert.deepEqual(await readdir(folder), []);
});

test('a model that cannot be had leaves nothing behind', async (t) => {
  const { images, folder } = await withModels(t, ['x=true']);
  for (const [image, modelDataUrl, code] of [
    ['x', 's3://models/nothing', 'ModelNotFound'],
    ['x', 's3://nobodys/m', 'BucketNotFound'],
    ['x', 'm/weights.bin', 'InvalidOption'],
    ['onnx', 's3://models/m', 'ModelNotFound'],
    ['onnx', undefined, 'ModelNotFound'],
    ['other', 's3://models/m', 'ImageNotMapped'],
  ] as const) {
    await failure(images.prepare(order(image, { modelDataUrl })), code);
    assert.deepEqual(await readdir(folder), [], `${image} ${modelDataUrl}`);
  }
});
