import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { ServiceClient } from './service-client.ts';
import { servicePlace } from './service-place.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A client of a server that answers in this way. */
async function clientOf(t: TestContext, answer: Answer, timeLimitMs?: number): Promise<ServiceClient> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(response, request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return new ServiceClient(servicePlace(`http://127.0.0.1:${port}`, {}), timeLimitMs);
}

async function failure(client: ServiceClient, signal?: AbortSignal): Promise<MillraceError> {
  const error = await client.call('sagemaker', 'ListModels', {}, signal).then(
    (answer) => assert.fail(`it answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof MillraceError, String(error));
  return error;
}

test('what is sent is what the protocol asks for', async (t) => {
  let seen: IncomingMessage | undefined;
  const client = await clientOf(t, (response, request) => {
    seen = request;
    response.end('{"events":[]}');
  });
  assert.deepEqual(await client.call('logs', 'GetLogEvents', { a: 1 }), { events: [] });
  assert.equal(seen?.method, 'POST');
  assert.equal(seen?.url, '/');
  assert.equal(seen?.headers['x-amz-target'], 'Logs_20140328.GetLogEvents');
  assert.equal(seen?.headers['content-type'], 'application/x-amz-json-1.1');
  assert.match(
    String(seen?.headers.authorization),
    /^AWS4-HMAC-SHA256 Credential=millrace\/\d{8}\/us-east-1\/logs\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
  );
});

test('an empty answer is one without members', async (t) => {
  assert.deepEqual(
    await (await clientOf(t, (response) => response.end())).call('sagemaker', 'StopTransformJob', {}),
    {},
  );
});

test('a refusal: its code without namespace and address, its message however it is spelt', async (t) => {
  for (const [type, spelling] of [
    ['com.amazonaws.sagemaker#ValidationException', 'message'],
    ['ValidationException:http://internal.amazon.com/coral/', 'Message'],
  ] as const) {
    const body = JSON.stringify({ __type: type, [spelling]: 'no.' });
    const error = await failure(await clientOf(t, (response) => response.writeHead(400).end(body)));
    assert.equal(error.message, 'ListModels was refused: no (ValidationException).');
    assert.equal(error.fault, 'client');
  }
  const header = await clientOf(t, (response) =>
    response.writeHead(500, { 'x-amzn-errortype': 'InternalFailure' }).end(),
  );
  assert.equal((await failure(header)).message, 'ListModels was refused: no reason was given (InternalFailure).');
});

test('refused credentials are told as such', async (t) => {
  const body =
    '{"__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid."}';
  const error = await failure(await clientOf(t, (response) => response.writeHead(400).end(body)));
  assert.equal(error.code, 'CredentialsRefused');
  assert.match(error.message, /is invalid \(UnrecognizedClientException\)\. Check AWS_ACCESS_KEY_ID/);
});

test('what is no answer of the API: pages, redirects, arrays, half an answer', async (t) => {
  const answers: readonly (readonly [Answer, RegExp])[] = [
    [(response) => response.end('<html>\n hello</html>'), /with status 200: <html> hello<\/html>, which is no answer/],
    [(response) => response.end('[]'), /with status 200: \[\], which/],
    [(response) => response.writeHead(502).end('bad gateway'), /with status 502: bad gateway, which/],
    [(response) => response.writeHead(404).end('{"error": 1}'), /with status 404: \{"error": 1\}, which/],
    [
      (response) => response.writeHead(301, { location: 'https://x/' }).end(),
      /with status 301 to https:\/\/x\/, which/,
    ],
    [(response) => response.writeHead(500).end('x'.repeat(1000)), /: x{200}…, which/],
  ];
  for (const [answer, message] of answers) {
    const error = await failure(await clientOf(t, answer));
    assert.equal(error.code, 'ServiceAnswerInvalid');
    assert.match(error.message, message);
  }
  const half = await clientOf(t, (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{');
    response.socket?.end();
  });
  assert.equal((await failure(half)).code, 'ServiceUnreachable');
});

test('a server that takes too long, before or within its answer', async (t) => {
  const silent = await clientOf(t, () => undefined, 50);
  assert.match(
    (await failure(silent)).message,
    /no answer within 0\.05 seconds\. Start a service with "millrace serve --port/,
  );
  const endless = await clientOf(t, (response) => void response.write('{'), 50);
  assert.match((await failure(endless)).message, /no answer within 0\.05 seconds/);
});

test('an answer without an end is not read to its end', async (t) => {
  const client = await clientOf(t, (response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(2 ** 16)));
    };
    response.on('drain', more);
    more();
  });
  assert.match((await failure(client)).message, /the answer has more than 16777216 bytes/);
});

test('nobody there: how to start one', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const here = await failure(new ServiceClient(servicePlace(`http://127.0.0.1:${port}`, {})));
  assert.equal(
    here.message,
    `No service answers at http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}. Start a service with "millrace serve --port ${port}", or check --endpoint-url.`,
  );
  const tls = await failure(await tlsClient(t));
  assert.match(tls.message, /it does not speak TLS \(is it http:\/\/\?\)/);
});

/** Speaks TLS to a server that does not. */
async function tlsClient(t: TestContext): Promise<ServiceClient> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return new ServiceClient(servicePlace(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {}));
}

test('an abort is no failure of the service', async (t) => {
  const stop = new AbortController();
  const client = await clientOf(t, () => stop.abort(new Error('enough')));
  await assert.rejects(client.call('sagemaker', 'ListModels', {}, stop.signal), /^Error: enough$/);
  await assert.rejects(client.call('sagemaker', 'ListModels', {}, stop.signal), /^Error: enough$/);
});
