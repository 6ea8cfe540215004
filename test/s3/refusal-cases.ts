import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository, Sandbox } from '../blackbox/millrace.ts';
import { startModelServer } from '../blackbox/model-server.ts';
import { awsEnvironment, type S3Server, TestBucket } from './s3-server.ts';

process.env['MILLRACE_BIN'] ??= join(repository, 'bin/millrace.mjs');

interface Refusal {
  readonly what: string;
  readonly input?: string;
  readonly output?: string;
  readonly model?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly words: RegExp;
}

/** What is told before anything is started. `BUCKET` stands for a bucket that has `in/x.csv`. */
const refusals: Refusal[] = [
  {
    what: 'an input bucket that is not there',
    input: 's3://no-such-bucket/in',
    words: /no bucket "no-such-bucket" at http:\/\/127\.0\.0\.1:\d+\. Check/,
  },
  {
    what: 'an output bucket that is not there',
    output: 's3://no-such-bucket/out',
    words: /no bucket "no-such-bucket" at http:\/\/127/,
  },
  {
    what: 'a model bucket that is not there',
    model: 's3://no-such-bucket/model.onnx',
    words: /no bucket "no-such-bucket" at http:\/\/127/,
  },
  {
    what: 'a prefix that matches nothing',
    input: 's3://BUCKET/inn',
    words: /No S3 objects found under S3 URL "s3:\/\/t-[^"]*\/inn"/,
  },
  {
    what: 'a model that is not there',
    model: 's3://BUCKET/model.onnx',
    words: /Could not find model data at s3:\/\/t-.*model\.onnx/,
  },
  { what: 'a model archive that is none', model: 's3://BUCKET/in/not.tar.gz', words: /not a model archive/ },
  { what: 'a bucket name that cannot be one', input: 's3:///in', words: /"" is not a bucket name/ },
  {
    what: 'an endpoint where nobody listens',
    options: ['--endpoint-url', 'http://127.0.0.1:1'],
    words: /Cannot reach s3:\/\/t-.*ECONNREFUSED.*--endpoint-url/,
  },
  {
    what: 'an endpoint that is no address',
    options: ['--endpoint-url', 'localhost:9000'],
    words: /--endpoint-url cannot be "localhost:9000": it is an address like http:\/\/host:port/,
  },
  {
    what: 'a profile that is not there',
    env: { AWS_PROFILE: 'nobody', AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    words: /Cannot reach s3:\/\/t-.*credentials/,
  },
  {
    what: 'no credentials at all',
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    words: /Cannot reach s3:\/\/t-.*credentials/,
  },
];

const wrongKeys: Refusal[] = [
  {
    what: 'a key that is not known',
    env: { AWS_ACCESS_KEY_ID: 'someone' },
    words: /Cannot reach s3:\/\/t-.*InvalidAccessKeyId.*403.*the credentials/,
  },
  {
    what: 'a secret that is wrong',
    env: { AWS_SECRET_ACCESS_KEY: 'wrong' },
    words: /Cannot reach s3:\/\/t-.*SignatureDoesNotMatch.*403.*the credentials/,
  },
];

/** @param checksKeys false for a server that lets everybody in */
export function refusalCases(name: string, server: S3Server, checksKeys: boolean): void {
  describe(`millrace transform with ${name} says what is wrong before it starts anything`, () => {
    for (const { what, input, output, model, env, options = [], words } of [...refusals, ...wrongKeys]) {
      const skip =
        !checksKeys && wrongKeys.some((refusal) => refusal.what === what) ? `${name} lets everybody in` : false;
      test(what, { skip }, async (t) => {
        const modelServer = await startModelServer(t);
        const bucket = await TestBucket.create(server);
        t.after(() => bucket.close());
        const sandbox = new Sandbox(t); // last, because it fails when something was left behind
        await bucket.put('in/x.csv', '1\n');
        await bucket.put('in/not.tar.gz', 'hello');
        const here = (text: string): string => text.replace('BUCKET', bucket.name);
        const args = [
          ...['--input', here(input ?? 's3://BUCKET/in/x.csv')],
          ...['--output', here(output ?? 's3://BUCKET/out')],
          ...options,
        ];
        const run = await sandbox.transform(here(model ?? modelServer.url), args, {
          env: { ...awsEnvironment(server), AWS_ENDPOINT_URL: server.endpoint, ...env },
        });
        assert.equal(run.status, 2, run.all);
        assert.match(run.stderr, words);
        assert.equal(run.stdout, '');
        assert.deepEqual(modelServer.paths, [], 'the model server was asked');
        assert.equal(await bucket.text('out/x.csv.out'), undefined);
      });
    }
  });
}
