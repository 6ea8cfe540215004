import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { awsSuite, pythonSuite } from './client-suites.ts';

const accessKey = { id: 'AKIDTEST', secret: 'a/secret+with=signs' };

await awsSuite(
  'a service with access keys',
  (aws) => {
    test('aws s3 with the right secret: small and in parts; presign', async () => {
      await aws.run(['s3', 'mb', 's3://keys']);
      const bytes = randomBytes(9 * 2 ** 20);
      await aws.run(['s3', 'cp', '-', 's3://keys/in parts+ü'], { input: bytes });
      assert((await aws.bytes(['s3', 'cp', 's3://keys/in parts+ü', '-'])).equals(bytes));
      const url = await aws.run(['s3', 'presign', 's3://keys/in parts+ü', '--region', 'us-east-1']);
      // Version 1 presigns with signature version 2 unless it is told otherwise, and is told what to do.
      const response = await fetch(url.trim());
      if (url.includes('X-Amz-Algorithm')) assert(Buffer.from(await response.arrayBuffer()).equals(bytes));
      else assert.match(await response.text(), /Please use AWS4-HMAC-SHA256/);
    });

    test('aws with a wrong secret', async () => {
      const env = { AWS_SECRET_ACCESS_KEY: 'another' };
      assert.match(await aws.refused(['s3', 'ls'], { env }), /\(SignatureDoesNotMatch\) when calling the ListBuckets/);
      assert.match(
        await aws.refused(['s3', 'cp', '-', 's3://keys/refused'], { env, input: randomBytes(2 ** 20) }),
        /\(SignatureDoesNotMatch\) when calling the PutObject/,
      );
      assert.match(
        await aws.refused(['sagemaker', 'list-models'], { env }),
        /\(InvalidSignatureException\) when calling the ListModels/,
      );
    });
  },
  { accessKey },
);

await pythonSuite(
  'a service with access keys',
  (python) => {
    test('access keys', (t) => python.check(t, 'access_keys.py'));
  },
  { accessKey },
);
