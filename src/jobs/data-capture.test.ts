import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { never } from '../../test/contract/store-under-test.ts';
import { Stores } from '../cli/stores.ts';
import type { ObjectStore, ObjectWriter } from '../objects/object-store.ts';
import { type DataCapture, writeDataCapture } from './data-capture.ts';
import { parseManifest } from './manifest.ts';
import { type Place, plan } from './planner.ts';

const UUID = '0d7c1a2e-0000-4000-8000-000000000001';
const STARTED = Date.UTC(2022, 7, 30, 0, 49, 15);

/** A bucket in memory, of which only writing matters. */
class Bucket implements Pick<ObjectStore, 'create' | 'locate' | 'address' | 'remove'> {
  readonly name: string;
  readonly objects = new Map<string, string>();
  failing: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  locate(key: string): string {
    return `s3://${this.name}/${key}`;
  }

  address(key: string): string {
    return this.locate(key);
  }

  async create(key: string): Promise<ObjectWriter> {
    if (this.failing !== undefined && key.startsWith(this.failing)) throw new Error('full');
    let text = '';
    return {
      write: async (bytes) => {
        text += Buffer.from(bytes).toString();
      },
      commit: async () => {
        this.objects.set(key, text);
      },
      abort: async () => undefined,
    };
  }

  async remove(key: string): Promise<void> {
    this.objects.delete(key);
  }
}

const at = (bucket: Bucket, key: string): Place => ({
  store: bucket as unknown as ObjectStore,
  key,
  exact: false,
  text: bucket.locate(key),
});

function captureIn(bucket: Bucket, some: Partial<DataCapture>): Promise<unknown> {
  return writeDataCapture({
    destination: at(bucket, 'capture/'),
    uuid: UUID,
    startedAt: STARTED,
    input: at(bucket, 'in/pre'),
    output: at(bucket, 'out'),
    objects: [{ inputKey: 'in/prefix/x.csv', outputKey: 'out/fix/x.csv.out' }],
    signal: never,
    ...some,
  });
}

test('two manifests of one name are written below the hour in which the job started', async () => {
  const bucket = new Bucket('b');
  const written = await captureIn(bucket, {});
  const [input, output] = [`capture/input/2022/08/30/00/${UUID}.json`, `capture/output/2022/08/30/00/${UUID}.json`];
  assert.deepEqual(written, { input: `s3://b/${input}`, output: `s3://b/${output}` });
  assert.deepEqual([...bucket.objects.keys()], [input, output]);
  const parsed = [input, output].map((key) => parseManifest(bucket.objects.get(key) ?? '', key));
  assert.deepEqual(parsed, [
    { prefix: 's3://b/in/', entries: ['prefix/x.csv'] },
    { prefix: 's3://b/out/', entries: ['fix/x.csv.out'] },
  ]);
});

test('the manifests begin where the folder of the input, and the output, begin', async () => {
  const rows: [
    input: string,
    inputKey: string,
    output: string,
    outputKey: string,
    prefixes: string[],
    rest: string[],
  ][] = [
    ['x.csv', 'x.csv', '', 'x.csv.out', ['s3://b/', 's3://b/'], ['x.csv', 'x.csv.out']],
    ['d/', 'd/e/x', 'o/p/', 'o/p/e/x.out', ['s3://b/d/', 's3://b/o/p/'], ['e/x', 'e/x.out']],
    ['d/x', 'd/x', '//', 'x.out', ['s3://b/d/', 's3://b/'], ['x', 'x.out']],
    ['d', 'd//x', 'o', 'o/x.out', ['s3://b/', 's3://b/o/'], ['d//x', 'x.out']],
  ];
  for (const [input, inputKey, output, outputKey, prefixes, rest] of rows) {
    const bucket = new Bucket('b');
    const [from, to] = [at(bucket, input), at(bucket, output)];
    await captureIn(bucket, {
      destination: at(bucket, ''),
      input: from,
      output: to,
      objects: [{ inputKey, outputKey }],
    });
    const parsed = [...bucket.objects].map(([key, text]) => parseManifest(text, key));
    assert.deepEqual(
      parsed,
      prefixes.map((prefix, at) => ({ prefix, entries: [rest[at]] })),
    );
    assert.match([...bucket.objects.keys()].join(), /^input\/.*,output\//);
  }
});

test('both are written or none, and none when no object was transformed', async () => {
  const bucket = new Bucket('b');
  assert.equal(await captureIn(bucket, { objects: [] }), undefined);
  bucket.failing = 'capture/output';
  await assert.rejects(captureIn(bucket, {}), /full/);
  assert.equal(bucket.objects.size, 0);
});

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-capture-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test('what was written for files is read again as the input of another job, wherever that is started', async (t) => {
  const cwd = await folder(t);
  const names = ['a b.csv', 'c%20d.csv', 'é/日本.csv', 'x"y\n.csv', 'z.csv'];
  for (const name of names) {
    await mkdir(join(cwd, 'data/é'), { recursive: true });
    await writeFile(join(cwd, 'data', name), name);
  }
  const stores = new Stores({ cwd, environment: {}, endpointUrl: undefined });
  const [input, output] = [await stores.input('--input', 'data'), await stores.output('--output', 'out')];
  const destination = await stores.output('--data-capture', 'capture');
  const { objects } = await plan(input, output, never);
  assert.equal(objects.length, names.length);
  const capture = { destination, uuid: UUID, startedAt: STARTED, input, output, objects, signal: never };
  const written = await writeDataCapture(capture);
  assert(written !== undefined);
  assert.equal(written.input, `capture/input/2022/08/30/00/${UUID}.json`);
  assert.deepEqual(parseManifest(await readFile(join(cwd, written.input), 'utf8'), 'm').prefix, `${cwd}/data/`);

  const elsewhere = new Stores({ cwd: '/', environment: {}, endpointUrl: undefined });
  for (const side of ['input', 'output'] as const) {
    const again = await elsewhere.manifest('--input', join(cwd, written[side]), never);
    const planned = await plan(again, await elsewhere.output('--output', join(cwd, 'again')), never);
    const keys = objects.map((object) => (side === 'input' ? object.inputKey : object.outputKey));
    assert.deepEqual(
      planned.objects.map(({ inputKey }) => inputKey),
      keys,
    );
    if (side === 'input') assert.equal(planned.bytes, Buffer.byteLength(names.join('')));
  }
});

test('a place that cannot be written is told, and nothing stays there', async (t) => {
  const cwd = await folder(t);
  await mkdir(join(cwd, 'capture'));
  await writeFile(join(cwd, 'capture/output'), 'a file where a folder has to be');
  const stores = new Stores({ cwd, environment: {}, endpointUrl: undefined });
  const place = await stores.output('--output', 'o');
  const destination = await stores.output('--data-capture', 'capture');
  const objects = [{ inputKey: 'o/x', outputKey: 'o/x.out' }];
  const capture = { destination, uuid: UUID, startedAt: 0, input: place, output: place, objects, signal: never };
  await assert.rejects(writeDataCapture(capture), /Writing capture\/output\/.* failed/);
  assert.deepEqual(
    (await readdir(join(cwd, 'capture'), { recursive: true })).filter((name) => name.endsWith('.json')),
    [],
  );
});
