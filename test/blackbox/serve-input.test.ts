import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, type TestContext, test } from 'node:test';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { ListModelsCommand } from '@aws-sdk/client-sagemaker';
import { exchange, faultOf, readAnswer, request, target } from './raw-http.ts';
import { ServiceHome, serviceOfFile } from './service.ts';
import { makeBuckets, makeModel, objectsUnder, put } from './service-jobs.ts';

const on = serviceOfFile({}, async (service) => {
  await makeBuckets(service, 'data');
  await put(service, 'data', { key: 'kept' });
  await makeModel(service, 'here', { Image: 'http://127.0.0.1:9' });
});

// Whatever was sent: everybody else is answered as before.
afterEach(async () => {
  const { sagemaker, s3 } = on.service;
  const { Models = [] } = await sagemaker.send(new ListModelsCommand({}));
  assert.deepEqual(
    Models.map(({ ModelName }) => ModelName),
    ['here'],
  );
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets.map(({ Name }) => Name),
    ['data'],
  );
});

/** The error that a body gets. */
async function faultFor(
  operation: string,
  body: string,
): Promise<readonly [status: number, code: string, message: string]> {
  const answer = await exchange(on.service.port, target(`SageMaker.${operation}`, body));
  assert.equal(answer.headers.get('x-amzn-errortype'), faultOf(answer)[0]);
  assert.ok(answer.headers.get('x-amzn-requestid'));
  return [answer.status, ...faultOf(answer)];
}

describe('bodies', () => {
  const deep = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);
  for (const [what, body] of [
    ['no JSON', 'ModelName=m'],
    ['half a document', '{"ModelName": "m"'],
    ['two documents', '{}{}'],
    ['no UTF-8', Buffer.from('{"ModelName": "\xff"}', 'latin1')],
    ['a list', '[]'],
    ['a number', '1'],
    ['null', 'null'],
    ['lists 10,000 deep', deep(10_000, '[', ']')],
    ['maps 10,000 deep', deep(10_000, '{"a":', '}').replace('}', '1}')],
    ['an unknown member 10,000 deep', `{"ModelName": "m", "x": ${deep(10_000, '[', ']')}}`],
    ['a million brackets that are never closed', '['.repeat(1_000_000)],
  ] as const) {
    test(what, async () => {
      const answer = await exchange(on.service.port, target('SageMaker.CreateModel', body));
      assert.deepEqual([answer.status, faultOf(answer)[0]], [400, 'SerializationException'], answer.body);
    });
  }

  test('of 5 MB', async () => {
    const answer = await exchange(
      on.service.port,
      target('SageMaker.CreateModel', JSON.stringify({ ModelName: 'x'.repeat(5 * 2 ** 20) })),
    );
    assert.deepEqual([answer.status, faultOf(answer)[0]], [413, 'RequestEntityTooLargeException']);
  });

  test('of no bytes, where nothing is required', async () => {
    const answer = await exchange(on.service.port, target('SageMaker.ListModels', ''));
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.body).Models.length, 1);
  });

  for (const [input, message] of [
    [{ ModelName: 1 }, 'NUMBER_VALUE can not be converted to a String'],
    [{ ModelName: ['m'] }, 'Start of list found where not expected'],
    [{ ModelName: {} }, 'Start of structure or map found where not expected.'],
    [{ Tags: 'none' }, 'Expected list or null'],
    [{ EnableNetworkIsolation: 'perhaps' }, 'STRING_VALUE can not be converted to an Boolean'],
    [{ PrimaryContainer: { Environment: { A: 1 } } }, 'NUMBER_VALUE can not be converted to a String'],
  ] as const) {
    test(`wrong types: ${JSON.stringify(input)}`, async () => {
      assert.deepEqual(await faultFor('CreateModel', JSON.stringify({ ModelName: 'm', ...input })), [
        400,
        'SerializationException',
        message,
      ]);
    });
  }

  for (const MaxResults of [1.5, '3', true, 2 ** 31, 1e300]) {
    test(`no whole number: ${JSON.stringify(MaxResults)}`, async () => {
      const [status, code] = await faultFor('ListModels', JSON.stringify({ MaxResults }));
      assert.deepEqual([status, code], [400, 'SerializationException']);
    });
  }

  test('members that nobody knows are ignored, and told to whoever runs the service', async (t) => {
    const home = new ServiceHome(t);
    const service = await home.serve();
    await makeModel(service, 'there', { Image: 'http://127.0.0.1:9' });
    const members = '"__proto__": {"ModelName": "x"}, "constructor": 1, "Deep": [{}]';
    const input = `{${members}, "ModelName": "there"}`;
    const answer = await exchange(service.port, target('SageMaker.DescribeModel', input));
    assert.equal(answer.status, 200, answer.body);
    assert.equal(JSON.parse(answer.body).ModelName, 'there');
    await service.stop('Passed over in a request, unknown here: __proto__, constructor, Deep\n');
  });
});

describe('targets', () => {
  test('an operation that there is not, with the one that was meant', async () => {
    const [status, code, message] = await faultFor('CreateTransformJobs', '{}');
    assert.deepEqual([status, code], [400, 'UnknownOperationException']);
    assert.match(
      message,
      /^The operation CreateTransformJobs of Amazon SageMaker is not available in millrace.* Did you mean CreateTransformJob\?/,
    );
  });

  test('an operation of the original that is not here, with those that are', async () => {
    const [status, code, message] = await faultFor('CreateTrainingJob', '{}');
    assert.deepEqual([status, code], [400, 'UnknownOperationException']);
    assert.match(message, /Available are CreateModel, .*, DeleteTags\.$/);
  });

  for (const name of [
    '',
    '.',
    'SageMaker',
    'SageMaker.',
    '.ListModels',
    'sagemaker.ListModels',
    'SageMaker.__proto__',
    'SageMaker.constructor',
    'SageMaker.ListModels.x',
    'DynamoDB_20120810.ListTables',
    'Logs_20140328.ListModels',
  ]) {
    test(`no operation: "${name}"`, async () => {
      const answer = await exchange(on.service.port, target(name, '{}'));
      assert.deepEqual([answer.status, faultOf(answer)[0]], [400, 'UnknownOperationException'], answer.body);
    });
  }

  test('none', async () => {
    const answer = await exchange(
      on.service.port,
      request('POST', '/', { 'Content-Type': 'application/x-amz-json-1.1' }, '{}'),
    );
    assert.ok(answer.status >= 400 && answer.status < 500, answer.body);
  });

  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    test(`with the method ${method}`, async () => {
      const bytes = request(method, '/', { 'X-Amz-Target': 'SageMaker.DeleteModel' }, '{"ModelName": "here"}');
      const answer = await exchange(on.service.port, bytes);
      assert.ok(answer.status >= 400 && answer.status < 500, answer.body);
    });
  }

  test('with a content type of something else', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'x', '"']) {
      const answer = await exchange(
        on.service.port,
        target('SageMaker.DeleteModel', '<xml/>', { 'Content-Type': type }),
      );
      assert.equal(answer.status, 400, type);
      assert.equal(faultOf(answer)[0], 'SerializationException');
    }
  });

  test('of STS', async () => {
    const type = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const known = await exchange(
      on.service.port,
      request('POST', '/', type, 'Action=GetCallerIdentity&Version=2011-06-15'),
    );
    assert.equal(known.status, 200);
    assert.match(known.body, /<Account>000000000000<\/Account>/);
    const unknown = await exchange(on.service.port, request('POST', '/', type, 'Action=<AssumeRole>'));
    assert.equal(unknown.status, 400);
    assert.match(unknown.body, /<Code>InvalidAction<\/Code>/);
  });
});

describe('who is asked', () => {
  const list = (host: string): Buffer => target('SageMaker.ListModels', '{}', { Host: host });

  for (const host of ['localhost', 'LOCALHOST:9400', '127.0.0.1', '127.1.2.3:80', '[::1]:9400', 'data.localhost']) {
    test(`this machine: ${host}`, async () => {
      assert.equal((await exchange(on.service.port, list(host))).status, 200);
    });
  }

  for (const host of [
    'example.com',
    'example.com:9400',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '10.0.0.1',
    '0.0.0.0',
    '',
    'notlocalhost',
    '[::2]',
  ]) {
    test(`a stranger: "${host}"`, async () => {
      for (const bytes of [
        list(host),
        request('GET', '/data/key', { Host: host }),
        request('GET', '/healthz', { Host: host }),
      ]) {
        const answer = await exchange(on.service.port, bytes);
        assert.equal(answer.status, 403);
        assert.match(answer.body, /^Requests for the host ".*" are not answered: .*--domain/);
      }
    });
  }

  test('a bucket by its name before ours', async () => {
    const { status, body } = await exchange(on.service.port, request('GET', '/key', { Host: 'data.localhost:9400' }));
    assert.deepEqual([status, body], [200, 'kept']);
  });

  test('nobody', async () => {
    const answer = await exchange(on.service.port, 'POST / HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    assert.equal(answer.status, 400);
    const old = await exchange(on.service.port, 'GET / HTTP/1.0\r\n\r\n');
    assert.equal(old.status, 403);
  });

  // What browsers send for any page without asking first: the page cannot read the answer, but it would have been done.
  test('a web page that wants to delete objects', async () => {
    await put(on.service, 'data', { victim: 'kept' });
    const headers = { Origin: 'https://example.com', 'Sec-Fetch-Site': 'cross-site', 'Content-Type': 'text/plain' };
    const body = '<Delete><Object><Key>victim</Key></Object></Delete>';
    const answer = await exchange(on.service.port, request('POST', '/data?delete', headers, body));
    assert.deepEqual(await objectsUnder(on.service, 'data', 'victim'), { victim: 'kept' });
    assert.ok(answer.status >= 400, answer.body);
  });
});

describe('bytes that are not HTTP', () => {
  const head = 'POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: SageMaker.ListModels\r\n';
  for (const [what, bytes, status] of [
    ['words', 'hello\r\n\r\n', 400],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex'), 400],
    ['random bytes', Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919) % 251)), 400],
    ['a header of 40 KB', `${head}X-Long: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['a length and chunks', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, 400],
    ['two lengths', `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    ['a negative length', `${head}Content-Length: -2\r\n\r\n{}`, 400],
    ['a header without a name', `${head}: x\r\n\r\n`, 400],
    [
      'an expectation that nobody knows',
      `${head}Expect: a miracle\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      417,
    ],
    ['an address that cannot be', request('GET', '/data/%zz', {}), 400],
  ] as const) {
    test(what, async () => {
      assert.equal((await exchange(on.service.port, bytes)).status, status);
    });
  }
});

describe('connections', { concurrency: 3 }, () => {
  /** Connections that have begun a request and say no more. */
  async function halfSent(t: TestContext, port: number, count: number, bytes: string | Buffer): Promise<Socket[]> {
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    await Promise.all(
      sockets.map(async (socket) => {
        await once(socket, 'connect');
        await new Promise((sent) => socket.write(bytes, sent));
      }),
    );
    return sockets;
  }

  test('200 that never end their header keep nobody from being answered, and may still end it', async (t) => {
    const bytes = target('SageMaker.ListModels', '{}');
    const [first] = await halfSent(t, on.service.port, 200, bytes.subarray(0, 40));
    const others = await Promise.all(Array.from({ length: 20 }, () => exchange(on.service.port, bytes)));
    assert.ok(others.every(({ status }) => status === 200));
    assert.ok(first);
    const answered = buffer(first);
    for (const byte of bytes.subarray(40)) await new Promise((sent) => first.write(Buffer.of(byte), sent));
    assert.equal(readAnswer(await answered).status, 200);
  });

  test('one that ends in the middle of its body is no fault of the service', async (t) => {
    const home = new ServiceHome(t);
    const service = await home.serve();
    const bytes = target('SageMaker.ListModels', '{"MaxResults": 10}');
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const [socket] = await halfSent(t, service.port, 1, bytes.subarray(0, -5));
      assert.ok(socket);
      const closed = once(socket.resume(), 'close');
      socket[end]();
      await closed;
    }
    assert.equal((await service.call('ListModels')).status, 200);
    await service.stop(); // which looks at what it has said
  });

  test('one that does not end its header does not keep the service from ending', async (t) => {
    const home = new ServiceHome(t);
    const service = await home.serve();
    await halfSent(t, service.port, 1, 'POST / HTTP/1.1\r\nHost: local');
    const asked = Date.now();
    await service.stop();
    assert.ok(Date.now() - asked < 8000, `it took ${Date.now() - asked} ms`);
  });
});
