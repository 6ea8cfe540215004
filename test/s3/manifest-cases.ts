import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { predictions } from '../blackbox/model-server.ts';
import type { S3Server } from './s3-server.ts';
import { setting } from './setting.ts';

/** Manifests in and of s3://: those that a user writes, and those that data capture does. */
export function manifestCases(name: string, server: S3Server): void {
  describe(`manifests with ${name}`, () => {
    test('transforms what a manifest lists, from S3 and from files', async (t) => {
      const { sandbox, bucket, model, env } = await setting(t, server);
      const s3 = `s3://${bucket.name}`;
      for (const key of ['data/a.csv', 'data/dir/b c+é.csv', 'data/unlisted.csv']) await bucket.put(key, `${key}\n`);
      const list = (prefix: string): string => JSON.stringify([{ prefix }, 'dir/b c+é.csv', 'gone/x.csv', 'a.csv']);
      await bucket.put('lists/list.json', list(`${s3}/data/`));
      await sandbox.write({ 'list.json': list(`${s3}/data/`), 'up.json': list('data/'), 'data/a.csv': 'data/a.csv\n' });
      await sandbox.write({ 'data/dir/b c+é.csv': 'data/dir/b c+é.csv\n' });
      for (const input of [`${s3}/lists/list.json`, 'list.json', 'up.json']) {
        const output = `out/of/${input.replaceAll(/[/:]/g, '-')}`;
        const where = ['--s3-data-type', 'ManifestFile', '--input', input, '--output', `${s3}/${output}/`];
        const run = await sandbox.transform(model.url, [...where, '--json'], { env });
        assert.equal(run.status, 1, run.all);
        const { failures, objects: counts } = JSON.parse(run.stdout);
        assert.deepEqual([counts.succeeded, counts.failed], [2, 1]);
        assert.equal(failures[0].code, 'ObjectNotFound');
        assert.match(failures[0].message, /There is no object .*data\/gone\/x\.csv\. .*manifest/);
        assert.equal(await bucket.text(`${output}/a.csv.out`), predictions('data/a.csv\n'));
        assert.equal(await bucket.text(`${output}/dir/b c+é.csv.out`), predictions('data/dir/b c+é.csv\n'));
        for (const name of ['gone/x.csv.out', 'unlisted.csv.out'])
          assert.equal(await bucket.text(`${output}/${name}`), undefined);
      }
      const name = model.invocations[0]?.headers['x-amzn-sagemaker-input-object-base64'];
      assert.equal(Buffer.from(String(name), 'base64').toString(), `${bucket.name}/data/dir/b c+é.csv`);
    });

    test('a manifest that is not there or not to be used ends the command', async (t) => {
      const { sandbox, bucket, model, env } = await setting(t, server);
      const s3 = `s3://${bucket.name}`;
      await bucket.put('relative.json', '[{"prefix": "data/"}, "a.csv"]');
      await bucket.put('broken.json', '[{"prefix": "data/"} "a.csv"]');
      await bucket.put('folder/list.json', `[{"prefix": "${s3}/"}, "a.csv"]`);
      const cases: [input: string, message: RegExp][] = [
        [`${s3}/gone.json`, /No input at s3:\/\/.*\/gone\.json: there is no such file or object/],
        [`${s3}/folder/`, /No input at s3:\/\/.*\/folder\/: this is a folder; name the manifest in it/],
        [`${s3}-missing/list.json`, /-missing/],
        [
          `${s3}/relative.json`,
          /relative\.json is not a manifest: its prefix "data\/" cannot be: .*write s3:\/\/bucket\/prefix/,
        ],
        [`${s3}/broken.json`, /broken\.json is not a manifest: .*position 21/],
      ];
      for (const [input, message] of cases) {
        const where = ['--s3-data-type', 'ManifestFile', '--input', input, '--output', `${s3}/out`];
        const run = await sandbox.transform(model.url, where, { env });
        assert.equal(run.status, 2, run.all);
        assert.match(run.stderr, message);
      }
      assert.deepEqual(model.paths, []);
    });

    test('captures what was transformed in manifests that are input of the next job', async (t) => {
      const { sandbox, bucket, model, env } = await setting(t, server, ({ text }) =>
        text.includes('bad') ? { status: 400, body: 'no' } : predictions(text),
      );
      const s3 = `s3://${bucket.name}`;
      await bucket.put('in/data-a.csv', '1\n');
      await bucket.put('in/data-b.csv', 'bad\n');
      await bucket.put('in/data-dir/c d.csv', '333\n');
      const where = ['--input', `${s3}/in/data-`, '--output', `${s3}/out/`, '--json'];
      const run = await sandbox.transform(model.url, [...where, '--data-capture-destination', `${s3}/captured/`], {
        env,
      });
      assert.equal(run.status, 1, run.all);
      const { input, output } = JSON.parse(run.stdout).dataCapture;
      const place =
        /^s3:\/\/[^/]+\/(captured\/input\/\d{4}\/\d\d\/\d\d\/\d\d\/[0-9a-f-]{36}\.json)$/.exec(input)?.[1] ?? '';
      assert.equal(output, input.replace('/input/', '/output/'));
      const inputs = JSON.parse((await bucket.text(place)) ?? '');
      const outputs = JSON.parse((await bucket.text(place.replace('/input/', '/output/'))) ?? '');
      assert.deepEqual(inputs, [{ prefix: `${s3}/in/` }, 'data-a.csv', 'data-dir/c d.csv']);
      assert.deepEqual(outputs, [{ prefix: `${s3}/out/` }, 'a.csv.out', 'dir/c d.csv.out']);
      assert.equal(await bucket.contentType(place), 'application/json');
      for (const [list, names] of [
        [input, ['data-a.csv.out', 'data-dir/c d.csv.out']],
        [output, ['a.csv.out.out', 'dir/c d.csv.out.out']],
      ] as const) {
        const again = ['--s3-data-type', 'ManifestFile', '--split-type', 'Line', '--input', list, '--output', names[0]];
        const further = await sandbox.transform(model.url, again, { env });
        assert.equal(further.status, 0, further.all);
        assert.deepEqual(await sandbox.files(names[0]), names);
      }
    });
  });
}
