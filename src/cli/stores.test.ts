import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { failure, never } from '../../test/contract/store-under-test.ts';
import { manifestText } from '../jobs/manifest.ts';
import { Stores } from './stores.ts';

interface Setting {
  /** Where the user stands; manifests are below it in `lists`. */
  readonly cwd: string;
  readonly stores: Stores;
  write(text: string | Buffer): Promise<void>;
}

async function setting(t: TestContext): Promise<Setting> {
  const cwd = await mkdtemp(join(tmpdir(), 'millrace-stores-'));
  t.after(() => rm(cwd, { recursive: true }));
  await mkdir(join(cwd, 'lists'));
  const stores = new Stores({ cwd, environment: {}, endpointUrl: undefined });
  t.after(() => stores.close());
  return { cwd, stores, write: (text) => writeFile(join(cwd, 'lists/m.json'), text) };
}

test('the prefix of a manifest is read as users write it, and stays plain text', async (t) => {
  const { cwd, stores, write } = await setting(t);
  const rows: [prefix: string, address: string][] = [
    ['s3://bucket/some/prefix/', 's3://bucket/some/prefix/'],
    ['s3://bucket/some/pre', 's3://bucket/some/pre'],
    ['s3://bucket', 's3://bucket/'],
    ['s3://bucket/a b%20c//', 's3://bucket/a b%20c//'],
    ['https://bucket.s3.eu-west-1.amazonaws.com/a%20b/', 's3://bucket/a b/'],
    ['https://s3.amazonaws.com/bucket/a', 's3://bucket/a'],
    ['/data/images/', '/data/images/'],
    ['/data/images', '/data/images'],
    ['/data//x/../images/', '/data/images/'],
    ['/', '/'],
    ['file:///data/a%20b/', '/data/a b/'],
    ['file:///data/../a%20b', '/a b'],
    ['images/', `${cwd}/lists/images/`],
    ['images/part-', `${cwd}/lists/images/part-`],
    ['./', `${cwd}/lists/`],
    ['../data/', `${cwd}/data/`],
    ['../', `${cwd}/`],
    ['~/x', `${homedir()}/x`],
  ];
  for (const [prefix, address] of rows) {
    await write(manifestText(prefix, ['b', 'a']));
    const place = await stores.manifest('--input', 'lists/m.json', never);
    assert.equal(place.store.address(place.key), address, prefix);
    assert.deepEqual([place.entries, place.text], [['b', 'a'], 'lists/m.json']);
  }
});

test('a prefix that means nothing is refused with the reason', async (t) => {
  const { stores, write } = await setting(t);
  const rows: [prefix: string, reason: RegExp][] = [
    ['', /its prefix "" cannot be: it is empty/],
    ['gs://bucket/x', /its prefix "gs:\/\/bucket\/x" cannot be: gs:\/\/ is not supported/],
    ['s3://B_/x', /"B_" is not a bucket name/],
    ['.', /its prefix "\." cannot be: it is a folder; end it with "\/"/],
    ['data/..', /it is a folder; end it with "\/"/],
    ['file:///100%', /write %25/],
  ];
  for (const [prefix, reason] of rows) {
    await write(manifestText(prefix, ['a']));
    const error = await failure(stores.manifest('--input', 'lists/m.json', never), 'ManifestInvalid');
    assert.equal(error.details.manifest, 'lists/m.json');
    assert.match(error.message, reason);
  }
});

test('a manifest that is not there or is none is refused before anything else', async (t) => {
  const { cwd, stores, write } = await setting(t);
  const asked = (text: string): Promise<unknown> => stores.manifest('--input', text, never);
  for (const text of ['lists/none.json', 'lists', 'lists/', '/', 'lists/m.json/x']) {
    const error = await failure(asked(text), 'InputNotFound');
    assert.equal(error.details.location, text);
  }
  for (const text of ['s3://bucket', 's3://bucket/lists/']) {
    assert.match((await failure(asked(text), 'InputNotFound')).message, /this is a folder; name the manifest in it/);
  }
  await failure(asked('gs://bucket/m.json'), 'InvalidOption');
  await write('a,b\n');
  assert.match((await failure(asked('lists/m.json'), 'ManifestInvalid')).message, /unexpected "a" at position 0/);
  await write(Buffer.from([0x5b, 0xff, 0x5d]));
  assert.match((await failure(asked('lists/m.json'), 'ManifestInvalid')).message, /it is not UTF-8/);
  await write(`\ufeff${manifestText('/data/', ['a'])}`);
  await asked('lists/m.json');
  const stop = AbortSignal.abort(new Error('enough'));
  await assert.rejects(stores.manifest('--input', 'lists/m.json', stop), /enough/);
  await truncate(join(cwd, 'lists/m.json'), 16 * 2 ** 20 + 1);
  const large = await failure(asked('lists/m.json'), 'ManifestInvalid');
  assert.match(large.message, /more than 16777216 bytes; split it/);
});
