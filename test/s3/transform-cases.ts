import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { c as createArchive } from 'tar';
import { repository } from '../blackbox/millrace.ts';
import { predictions, RAW } from '../blackbox/model-server.ts';
import { manifestCases } from './manifest-cases.ts';
import type { S3Server } from './s3-server.ts';
import { setting } from './setting.ts';

// The sources, like every other test of this folder: what `npm run build` makes of them is the black-box suite's.
process.env['MILLRACE_BIN'] ??= join(repository, 'bin/millrace.mjs');

const MODEL = join(repository, 'test/models/dense.onnx');
const ROWS = Array.from({ length: 50 }, (_, row) => Array.from({ length: 12 }, (_, at) => (row * at) % 7).join(','));

const echo = ({ body }: { readonly body: Buffer }): Buffer => body;

/** What a job does from s3:// to s3://, started by the command as a user would: the same cases for every server. */
export function transformCases(name: string, server: S3Server): void {
  describe(`millrace transform with ${name}`, () => {
    test('transforms a prefix, as plain text, into another', async (t) => {
      const { sandbox, bucket, model, env } = await setting(t, server);
      const inputs = ['in/a.csv', 'in/dir/b c+é.csv', 'input/d.csv'];
      for (const key of inputs) await bucket.put(key, `${key}\n1,2\n3`);
      await bucket.put('in/empty.csv', '');
      await bucket.put('in/dir/', '');
      await bucket.put('other/x.csv', 'x');
      const { AWS_ENDPOINT_URL: url = '', ...keys } = env;
      const where = ['--input', `s3://${bucket.name}/in`, '--output', `s3://${bucket.name}/out/`];
      const options = ['--endpoint-url', url, '--json', '--accept', 'text/csv'];
      const run = await sandbox.transform(model.url, [...where, ...options], { env: keys });
      assert.equal(run.status, 0, run.all);
      assert.equal(JSON.parse(run.stdout).objects.succeeded, 4);
      const expected = { 'out/a.csv.out': 0, 'out/dir/b c+é.csv.out': 1, 'out/put/d.csv.out': 2 };
      for (const [key, input] of Object.entries(expected))
        assert.equal(await bucket.text(key), predictions(`${inputs[input]}\n1,2\n3`), key);
      assert.equal(await bucket.text('out/empty.csv.out'), '');
      assert.equal(await bucket.text('out/x.csv.out'), undefined);
      assert.equal(await bucket.contentType('out/a.csv.out'), 'text/csv');
      const first = model.invocations.find(({ text }) => text.startsWith('in/a.csv'));
      assert.equal(first?.headers['x-amzn-sagemaker-input-object'], `${bucket.name}/in/a.csv`);
    });

    test('transforms one object, and between S3 and folders', async (t) => {
      const { sandbox, bucket, model, env } = await setting(t, server);
      await bucket.put('dir/x.csv', '1\n');
      const s3 = `s3://${bucket.name}`;
      for (const [input, output] of [
        [`${s3}/dir/x.csv`, `${s3}/one`],
        [`${s3}/dir/`, 'folder'],
        ['folder', `${s3}/two/`],
      ] as const) {
        const run = await sandbox.transform(model.url, ['--input', input, '--output', output], { env });
        assert.equal(run.status, 0, run.all);
      }
      const once = predictions('1\n');
      assert.equal(await bucket.text('one/x.csv.out'), once);
      assert.deepEqual(await sandbox.tree('folder'), { 'x.csv.out': once });
      assert.equal(await bucket.text('two/x.csv.out.out'), predictions(once));
    });

    test('takes an ONNX model from S3: the file, a folder that holds it, an archive', async (t) => {
      const { sandbox, bucket, env } = await setting(t, server);
      await mkdir(sandbox.path('pack'));
      await createArchive({ gzip: true, file: sandbox.path('pack/m.tar.gz'), cwd: join(MODEL, '..') }, ['dense.onnx']);
      await bucket.put('m/model.onnx', await readFile(MODEL));
      await bucket.put('folder/code/readme.txt', 'hello');
      await bucket.put('folder/model.onnx', await readFile(MODEL));
      await bucket.put('m/model.tar.gz', await readFile(sandbox.path('pack/m.tar.gz')));
      await sandbox.write({ 'in/x.csv': `${ROWS.join('\n')}\n` });
      const local = await sandbox.transform(MODEL);
      assert.equal(local.status, 0, local.all);
      const { 'x.csv.out': expected = '' } = await sandbox.tree('out');
      assert.equal(expected.trimEnd().split('\n').length, ROWS.length);
      for (const key of ['m/model.onnx', 'folder', 'folder/', 'm/model.tar.gz']) {
        const model = `s3://${bucket.name}/${key}`;
        const run = await sandbox.transform(model, ['--output', `s3://${bucket.name}/of/${key}`], { env });
        assert.equal(run.status, 0, run.all);
        assert.equal(await bucket.text(`of/${key.replace(/\/$/, '')}/x.csv.out`), expected, key);
      }
    });

    test('finds the server and the keys where the AWS CLI does', async (t) => {
      const { sandbox, bucket, model } = await setting(t, server);
      await bucket.put('in/x.csv', '1\n');
      const { endpoint, accessKeyId, secretAccessKey } = server;
      const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
      await sandbox.write({
        '.aws/credentials': `[lab]\n${keys}[default]\n${keys}`,
        '.aws/config':
          `[default]\nendpoint_url = http://127.0.0.1:1\n[profile lab]\nregion = eu-central-1\nendpoint_url = ${endpoint}\n` +
          `[profile split]\nsource_profile = lab\n${keys}services = here\n[services here]\ns3 =\n  endpoint_url = ${endpoint}\n`,
      });
      const ways: Record<string, string>[] = [
        { AWS_ENDPOINT_URL: endpoint },
        { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_S3: endpoint },
        { AWS_PROFILE: 'lab' },
        { AWS_PROFILE: 'split' },
        { AWS_PROFILE: 'lab', AWS_ENDPOINT_URL: '' },
      ];
      const where = ['--input', `s3://${bucket.name}/in`, '--output', `s3://${bucket.name}/out`];
      for (const env of ways) {
        const run = await sandbox.transform(model.url, where, { env });
        assert.equal(run.status, 0, `${JSON.stringify(env)}: ${run.all}`);
      }
      const flag = ['--endpoint-url', endpoint];
      const run = await sandbox.transform(model.url, [...where, ...flag], {
        env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
      });
      assert.equal(run.status, 0, `the option goes before everything: ${run.all}`);
    });

    test('signs for the region that the AWS CLI would take', async (t) => {
      const { sandbox, bucket, proxy, model, env } = await setting(t, server);
      await sandbox.write({ '.aws/config': '[profile lab]\nregion = eu-central-1\n' });
      const lab = { AWS_PROFILE: 'lab', AWS_CONFIG_FILE: sandbox.path('.aws/config') };
      const ways: [Record<string, string>, region: string][] = [
        [{}, 'us-east-1'],
        [{ AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-west-3'],
        [{ AWS_DEFAULT_REGION: 'eu-west-3', AWS_REGION: 'eu-west-1' }, 'eu-west-1'],
        [lab, 'eu-central-1'],
        [{ ...lab, AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-west-3'],
      ];
      for (const [region, expected] of ways) {
        proxy.seen.length = 0;
        const where = ['--input', `s3://${bucket.name}/in`, '--output', `s3://${bucket.name}/out`];
        const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = env;
        await sandbox.transform(model.url, [...where, '--endpoint-url', proxy.endpoint], {
          env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...region },
        });
        assert.equal(proxy.requests('ListObjects')[0]?.region, expected, JSON.stringify(region));
      }
    });

    test('a name that is no file is its own failure', async (t) => {
      const { sandbox, bucket, model, env } = await setting(t, server);
      await bucket.put('in/ok.csv', '1\n');
      await bucket.put('in//slash.csv', '1\n');
      const run = await sandbox.transform(model.url, ['--input', `s3://${bucket.name}/in/dir/../`], { env });
      assert.equal(run.status, 2, run.all);
      await bucket.put('in/a/../../../climb.csv', '1\n');
      const all = await sandbox.transform(model.url, ['--input', `s3://${bucket.name}/in/`], { env });
      assert.equal(all.status, 1, all.all);
      assert.match(all.stdout, /climb\.csv: The name cannot be a file/);
      assert.deepEqual(Object.keys(await sandbox.tree('out')), ['ok.csv.out', 'slash.csv.out']);
      assert.deepEqual(
        (await sandbox.files('.')).filter((file) => file.includes('climb')),
        [],
      );
    });

    test('a read that is torn and a part that is reset show in nothing but the time', async (t) => {
      const { sandbox, bucket, proxy, model, env } = await setting(t, server);
      const text = `${randomBytes(30).toString('hex')}\n`.repeat(400_000);
      await bucket.put('in/large.csv', text);
      for (const afterBytes of [1_000_000, 70_001]) proxy.spoil('GetObject', { kind: 'cut', afterBytes });
      proxy.spoil('UploadPart', { kind: 'reset', afterBytes: 100_000 });
      const where = ['--input', `s3://${bucket.name}/in/`, '--output', `s3://${bucket.name}/out`];
      const run = await sandbox.transform(model.url, [...where, '--max-payload-in-mb', '1'], {
        env: { ...env, AWS_ENDPOINT_URL: proxy.endpoint },
      });
      assert.equal(run.status, 0, run.all);
      assert((await bucket.text('out/large.csv.out')) === predictions(text), 'the result is another one');
      assert.equal(await bucket.openUploads(), 0);
      assert.deepEqual(
        proxy.requests('GetObject').map(({ range }) => range),
        [undefined, 'bytes=1000000-', 'bytes=1070001-'],
      );
    });

    test('an output that cannot be written fails alone, and nothing stays of it', async (t) => {
      const { sandbox, bucket, proxy, model, env } = await setting(t, server, echo);
      const inputs: Record<string, string> = { a: '1\n', large: 'x'.repeat(99).concat('\n').repeat(200_000), z: '2\n' };
      for (const [key, text] of Object.entries(inputs)) await bucket.put(`in/${key}.csv`, text);
      proxy.spoil('UploadPart', { kind: 'error', status: 500, code: 'InternalError' }, { times: 1000 });
      const where = ['--input', `s3://${bucket.name}/in/`, '--output', `s3://${bucket.name}/out`];
      const run = await sandbox.transform(model.url, [...where, '--json'], {
        env: { ...env, AWS_ENDPOINT_URL: proxy.endpoint },
      });
      assert.equal(run.status, 1, run.all);
      const { objects, failures } = JSON.parse(run.stdout);
      assert.deepEqual([objects.succeeded, objects.failed], [2, 1]);
      assert.equal(failures[0].code, 'WriteFailed');
      assert.match(failures[0].message, new RegExp(`s3://${bucket.name}/out/large.csv.out failed: InternalError`));
      for (const key of ['a', 'z']) assert.equal(await bucket.text(`out/${key}.csv.out`), inputs[key]);
      assert.equal(await bucket.text('out/large.csv.out'), undefined);
      assert.equal(await bucket.openUploads(), 0);
    });

    test('a response that is streamed and breaks off leaves nothing of itself, in the result or in parts', async (t) => {
      const text = `${randomBytes(30).toString('hex')}\n`.repeat(300_000);
      let tries = 0;
      const { sandbox, bucket, model, env } = await setting(t, server, ({ body, socket }) => {
        tries += 1;
        if (tries > 1) return { chunks: [body] };
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc00000\r\n');
        socket.end(body.subarray(0, 0xc00000)); // the end of the chunk and of the body are missing
        return RAW;
      });
      await bucket.put('in/large.csv', text);
      const where = ['--input', `s3://${bucket.name}/in/`, '--output', `s3://${bucket.name}/out`];
      const run = await sandbox.transform(model.url, [...where, '--max-payload-in-mb', '0', '--json'], { env });
      assert.equal(run.status, 0, run.all);
      assert.deepEqual([JSON.parse(run.stdout).retries, tries], [1, 2]);
      assert.ok((await bucket.text('out/large.csv.out')) === text, 'the result is another one');
      assert.equal(await bucket.openUploads(), 0);
    });

    test('Ctrl-C leaves no upload behind', async (t) => {
      const { sandbox, bucket, proxy, model, env } = await setting(t, server, echo);
      await bucket.put('in/large.csv', 'x'.repeat(99).concat('\n').repeat(300_000));
      proxy.spoil('UploadPart', { kind: 'hold', until: new Promise(() => undefined) }, { times: 1000 });
      const where = ['--input', `s3://${bucket.name}/in/`, '--output', `s3://${bucket.name}/out`];
      const program = sandbox.startTransform(model.url, where, { env: { ...env, AWS_ENDPOINT_URL: proxy.endpoint } });
      await proxy.saw('UploadPart');
      program.kill('SIGINT');
      await program.said(/Interrupted/);
      program.kill('SIGINT');
      assert.equal((await program.ended).status, 130);
      assert.equal(await bucket.text('out/large.csv.out'), undefined);
      assert.equal(await bucket.openUploads(), 0);
    });
  });
  manifestCases(name, server);
}
