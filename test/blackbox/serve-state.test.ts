import assert from 'node:assert/strict';
import { cp, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, type TestContext, test } from 'node:test';
import { ListModelsCommand } from '@aws-sdk/client-sagemaker';
import { eventually } from './eventually.ts';
import { serveLines } from './serve-command.ts';
import { ServiceHome } from './service.ts';
import { endedJob, makeBuckets, makeModel, modelArchive, progressOf, put, startJob } from './service-jobs.ts';

const DATABASE = 'data/millrace.db';

/** A data folder with a history: enough models that the database has many pages. Made once, for the tests to copy. */
const history = new ServiceHome();
before(async () => {
  const service = await history.serve();
  await makeBuckets(service, 'data');
  await put(service, 'data', { 'in/a.csv': '1\n' });
  const Environment = { LONG: 'x'.repeat(1024) };
  for (let at = 0; at < 40; at++) await makeModel(service, `m${at}`, { Image: 'http://127.0.0.1:9', Environment });
  await service.stop();
});
after(() => history.close());

async function withHistory(t: TestContext): Promise<ServiceHome> {
  const home = new ServiceHome(t);
  await cp(history.path('data'), home.path('data'), { recursive: true });
  return home;
}

/** All files with their bytes. */
async function contents(home: ServiceHome): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of await home.files('data')) found.set(file, await readFile(home.path('data', file), 'base64'));
  return found;
}

async function overwrite(file: string, at: number, bytes: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(bytes, 0xa5), 0, bytes, at);
  await handle.close();
}

async function sizeOf(file: string): Promise<number> {
  return (await readFile(file)).length;
}

describe('a data folder that is in use', () => {
  test('a second service is refused, and the first does not notice', async (t) => {
    const home = new ServiceHome(t);
    const args = ['--image', `lines=${serveLines('--hang-at', '2')}`, '--drain-timeout-in-seconds', '0'];
    const first = await home.serve({ args });
    await makeBuckets(first, 'data');
    await home.write('weights', 'any');
    await put(first, 'data', {
      'in/a.csv': '1\n',
      'in/b.csv': '2\n',
      'model.tar.gz': await modelArchive(home.folder, 'weights'),
    });
    await makeModel(first, 'any', { Image: 'lines', ModelDataUrl: 's3://data/model.tar.gz' });
    await startJob(first, 'job', { model: 'any', input: 's3://data/in/', output: 's3://data/out/' });
    await eventually(
      'the first object is done',
      async () => (await progressOf(first, 'job'))['ObjectsCompleted'] === 1,
    );
    const unpacked = await home.files('data/tmp/models');
    assert.equal(unpacked.length, 1);

    const second = await home.refused();
    assert.equal(second.status, 2, second.all);
    assert.match(
      second.stderr,
      /^millrace: \/.*\/data\/millrace\.db is in use by another millrace\. Stop that one, or choose another --data-dir\.\n$/,
    );
    assert.equal(second.stdout, '');
    assert.deepEqual(await home.files('data/tmp/models'), unpacked, 'the model of the job that runs is still there');
    assert.deepEqual(await home.files('data/s3/buckets'), [
      'data/in/a.csv',
      'data/in/b.csv',
      'data/model.tar.gz',
      'data/out/a.csv.out',
    ]);
    await first.call('StopTransformJob', { TransformJobName: 'job' });
    assert.equal((await endedJob(first, 'job')).TransformJobStatus, 'Stopped');
    await first.stop();
  });
});

describe('a database that cannot be used', { concurrency: 2 }, () => {
  const DAMAGES: readonly (readonly [string, (file: string) => Promise<void>, RegExp])[] = [
    ['overwritten at its start', (file) => overwrite(file, 0, 64), /not a database/],
    [
      'overwritten in the middle',
      async (file) => overwrite(file, Math.floor((await sizeOf(file)) / 8192) * 4096, 4096),
      /./,
    ],
    ['cut off in the middle', async (file) => truncate(file, Math.floor((await sizeOf(file)) / 2)), /./],
    ['another file', (file) => writeFile(file, 'notes of last week\n'.repeat(400)), /not a database/],
  ];
  for (const [what, damage, cause] of DAMAGES) {
    test(`${what}: refused by name, and nothing is changed`, async (t) => {
      const home = await withHistory(t);
      await damage(home.path(DATABASE));
      const before = await contents(home);
      const run = await home.refused();
      assert.equal(run.status, 2, run.all);
      assert.equal(run.stdout, '');
      const told =
        /^millrace: The database \/.*\/data\/millrace\.db cannot be used: ([\s\S]+)\. Nothing was changed\. Restore it/.exec(
          run.stderr,
        );
      assert.ok(told, run.all);
      assert.match(told[1] ?? '', cause);
      assert.deepEqual(await contents(home), before);
    });
  }

  test('of a newer millrace: refused with both versions, and nothing is changed', async (t) => {
    const home = await withHistory(t);
    const database = new DatabaseSync(home.path(DATABASE));
    database.exec('PRAGMA user_version = 99');
    database.close();
    const before = await contents(home);
    const run = await home.refused();
    assert.equal(run.status, 2, run.all);
    assert.match(
      run.stderr,
      /^millrace: The database \/.*\/data\/millrace\.db was written by a newer millrace \(schema 99; this one knows \d+\)\. Use that one again\.\n$/,
    );
    assert.deepEqual(await contents(home), before);
  });

  test('moved away, as the message says: the objects are still there', async (t) => {
    const home = await withHistory(t);
    await writeFile(home.path(DATABASE), '');
    const service = await home.serve();
    const { Models } = await service.sagemaker.send(new ListModelsCommand({}));
    assert.deepEqual(Models, []);
    assert.deepEqual(await home.files('data/s3/buckets'), ['data/in/a.csv']);
    await service.stop();
  });
});

test('a data folder that cannot be made: refused by name', async (t) => {
  const home = new ServiceHome(t);
  await home.write('file', 'no folder');
  const run = await home.refused({ dataDir: 'file/data' });
  assert.equal(run.status, 2, run.all);
  assert.match(
    run.stderr,
    /^millrace: Cannot make the folder \/.*\/file\/data: ENOTDIR.*\. Choose another --data-dir\.\n$/,
  );
});
