import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ListModelsCommand, type SageMakerServiceException } from '@aws-sdk/client-sagemaker';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { exchange, faultOf, request, target } from './raw-http.ts';
import { type ClientOptions, type Clients, serviceOfFile } from './service.ts';
import { logOf, logStreamsOf, makeBuckets, makeModel, objectsUnder, put, runJob } from './service-jobs.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const RIGHT = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRET };
const OTHER = { accessKeyId: 'somebody@example.com', secretAccessKey: 'else' };
const HOUR_MS = 3_600_000;

const on = serviceOfFile(
  {
    env: { MILLRACE_ACCESS_KEYS: `${RIGHT.accessKeyId}:${SECRET},${OTHER.accessKeyId}:${OTHER.secretAccessKey}` },
    args: ['--image', 'tells=env && exit 1'],
    credentials: RIGHT,
  },
  async (service) => {
    await makeBuckets(service, 'data');
    await put(service, 'data', { key: 'what is in it' });
  },
);

type Ask = (clients: Clients) => Promise<unknown>;
const listModels: Ask = ({ sagemaker }) => sagemaker.send(new ListModelsCommand({}));
const listBuckets: Ask = ({ s3 }) => s3.send(new ListBucketsCommand({}));
const logGroups: Ask = ({ logs }) => logs.send(new DescribeLogGroupsCommand({}));
const whoAmI: Ask = ({ sts }) => sts.send(new GetCallerIdentityCommand({}));

/** The code and the status of what a request is refused with. */
async function refusal(ask: Ask, who: ClientOptions): Promise<[string, number | undefined]> {
  try {
    await ask(on.service.clients(who));
  } catch (error) {
    assert.ok(error instanceof Error && '$metadata' in error, String(error));
    const { httpStatusCode } = error.$metadata as SageMakerServiceException['$metadata'];
    return [error.name, httpStatusCode];
  }
  return assert.fail('it was not refused');
}

describe('with a key of the service', () => {
  for (const credentials of [RIGHT, OTHER]) {
    test(`${credentials.accessKeyId}: every service answers`, async () => {
      const clients = on.service.clients({ credentials });
      await listModels(clients);
      await logGroups(clients);
      const { Buckets } = await clients.s3.send(new ListBucketsCommand({}));
      assert.deepEqual(
        Buckets?.map(({ Name }) => Name),
        ['data'],
      );
      const { Account, Arn } = await clients.sts.send(new GetCallerIdentityCommand({}));
      assert.deepEqual([Account, Arn], ['000000000000', `arn:aws:iam::000000000000:user/${credentials.accessKeyId}`]);
    });
  }

  test('objects of every kind of body', async () => {
    const { s3 } = on.service;
    const bytes = Buffer.alloc(200_000, 'abc');
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += 70_000) yield bytes.subarray(at, at + 70_000);
    }
    const stream = { Body: Readable.from(pieces()), ContentLength: bytes.length };
    for (const [Key, body] of [
      ['bytes', { Body: bytes }],
      ['stream', stream],
      ['ünd/dann kommt+1 & %25', { Body: bytes }],
    ] as const) {
      await s3.send(new PutObjectCommand({ Bucket: 'data', Key, ...body }));
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'data', Key }));
      assert.ok(bytes.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0)), Key);
    }
  });

  test('a job, whose model does not get the keys', async () => {
    const { service } = on;
    await makeModel(service, 'tells', { Image: 'tells' });
    const job = await runJob(service, 'told', { model: 'tells', input: 's3://data/key', output: 's3://data/out/' });
    assert.match(job.FailureReason ?? '', /exited with code 1/);
    const [instance = ''] = await logStreamsOf(service, 'told');
    const said = (await logOf(service, instance)).join('\n');
    assert.match(said, /^SAGEMAKER_BATCH=true$/m);
    assert.ok(!said.includes('MILLRACE_') && !said.includes(SECRET), said);
    assert.deepEqual(await objectsUnder(service, 'data', 'out/'), {});
  });

  test('requests for any host: the signature says more', async () => {
    const answer = await exchange(on.service.port, target('SageMaker.ListModels', '{}', { Host: 'example.com' }));
    assert.equal(faultOf(answer)[0], 'MissingAuthenticationTokenException');
  });

  test('the health page needs none', async () => {
    const { ok } = await fetch(`${on.service.url}/healthz`);
    assert.ok(ok);
  });
});

describe('refused in the words of each service', () => {
  const wrong = { ...RIGHT, secretAccessKey: `${SECRET}x` };
  const unknown = { ...RIGHT, accessKeyId: 'AKIANOBODY' };
  for (const [what, who, json, sts, s3] of [
    [
      'a wrong secret',
      { credentials: wrong },
      ['InvalidSignatureException', 400],
      ['SignatureDoesNotMatch', 403],
      ['SignatureDoesNotMatch', 403],
    ],
    [
      'an unknown key',
      { credentials: unknown },
      ['UnrecognizedClientException', 400],
      ['InvalidClientTokenId', 403],
      ['InvalidAccessKeyId', 403],
    ],
    [
      'a signature of an hour ago',
      { credentials: RIGHT, systemClockOffset: -HOUR_MS },
      ['InvalidSignatureException', 400],
      ['SignatureDoesNotMatch', 403],
      ['RequestTimeTooSkewed', 403],
    ],
    [
      'a signature of the future',
      { credentials: RIGHT, systemClockOffset: HOUR_MS },
      ['InvalidSignatureException', 400],
      ['SignatureDoesNotMatch', 403],
      ['RequestTimeTooSkewed', 403],
    ],
    [
      'another region',
      { credentials: RIGHT, region: 'eu-west-1' },
      ['InvalidSignatureException', 400],
      ['SignatureDoesNotMatch', 403],
      ['AuthorizationHeaderMalformed', 400],
    ],
  ] as const) {
    test(what, async () => {
      assert.deepEqual(await refusal(listModels, who), json);
      assert.deepEqual(await refusal(logGroups, who), json);
      assert.deepEqual(await refusal(whoAmI, who), sts);
      assert.deepEqual(await refusal(listBuckets, who), s3);
    });
  }

  test('no signature', async () => {
    const { port } = on.service;
    for (const name of ['SageMaker.ListModels', 'Logs_20140328.DescribeLogGroups']) {
      const answer = await exchange(port, target(name, '{}'));
      assert.deepEqual([answer.status, faultOf(answer)[0]], [400, 'MissingAuthenticationTokenException']);
    }
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const sts = await exchange(port, request('POST', '/', form, 'Action=GetCallerIdentity'));
    assert.equal(sts.status, 403);
    assert.match(sts.body, /<Code>MissingAuthenticationToken<\/Code>/);
    for (const bytes of [
      request('GET', '/'),
      request('GET', '/data/key'),
      request('PUT', '/data/new', {}, 'x'),
      request('DELETE', '/data/key'),
      request('GET', '/no-such-bucket/key'),
    ]) {
      const s3 = await exchange(port, bytes);
      assert.equal(s3.status, 403);
      assert.match(s3.body, /<Code>AccessDenied<\/Code>/);
    }
    assert.deepEqual(await objectsUnder(on.service, 'data', 'new'), {});
  });

  test('a body that was changed on its way', async () => {
    const { sagemaker } = on.service.clients({ credentials: RIGHT });
    sagemaker.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: string }).body = '{"MaxResults":2}';
        return next(args);
      },
      { step: 'deserialize' },
    );
    await assert.rejects(sagemaker.send(new ListModelsCommand({ MaxResults: 1 })), {
      name: 'InvalidSignatureException',
    });
  });
});

describe('presigned addresses', () => {
  const address = { Bucket: 'data', Key: 'key' };

  async function coded(response: Response): Promise<readonly [number, string | undefined]> {
    return [response.status, /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]];
  }

  test('to get an object, and no other', async () => {
    const url = await getSignedUrl(on.service.s3, new GetObjectCommand(address), { expiresIn: 60 });
    const response = await fetch(url);
    assert.deepEqual([response.status, await response.text()], [200, 'what is in it']);
    assert.deepEqual(await coded(await fetch(url.replace('/data/key', '/data/other'))), [403, 'SignatureDoesNotMatch']);
    assert.deepEqual(await coded(await fetch(url.replace('Expires=60', 'Expires=600'))), [
      403,
      'SignatureDoesNotMatch',
    ]);
    assert.deepEqual(await coded(await fetch(url, { method: 'DELETE' })), [403, 'SignatureDoesNotMatch']);
    assert.deepEqual(await objectsUnder(on.service, 'data', 'key'), { key: 'what is in it' });
  });

  test('to put one', async () => {
    const command = new PutObjectCommand({ Bucket: 'data', Key: 'presigned' });
    const url = await getSignedUrl(on.service.s3, command, { expiresIn: 60 });
    const response = await fetch(url, { method: 'PUT', body: 'from a browser' });
    assert.equal(response.status, 200, await response.text());
    assert.deepEqual(await objectsUnder(on.service, 'data', 'presigned'), { presigned: 'from a browser' });
    assert.deepEqual(await coded(await fetch(url)), [403, 'SignatureDoesNotMatch']);
  });

  test('whose time is over', async () => {
    const signingDate = new Date(Date.now() - HOUR_MS);
    const url = await getSignedUrl(on.service.s3, new GetObjectCommand(address), { expiresIn: 60, signingDate });
    const response = await fetch(url);
    const text = await response.text();
    assert.equal(response.status, 403);
    assert.match(text, /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/);
  });

  test('of strangers', async () => {
    for (const [credentials, code] of [
      [{ ...RIGHT, accessKeyId: 'AKIANOBODY' }, 'InvalidAccessKeyId'],
      [{ ...RIGHT, secretAccessKey: 'x' }, 'SignatureDoesNotMatch'],
    ] as const) {
      const { s3 } = on.service.clients({ credentials });
      const url = await getSignedUrl(s3, new GetObjectCommand(address), { expiresIn: 60 });
      assert.deepEqual(await coded(await fetch(url)), [403, code]);
    }
  });
});
