import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { failure, never } from '../../test/contract/store-under-test.ts';
import { S3Store, s3Client } from './s3-store.ts';

/** A store whose server answers everything with one error. */
async function refusing(t: TestContext, status: number, code: string): Promise<S3Store> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = s3Client({
    endpointUrl: `http://127.0.0.1:${port}`,
    defaultRegion: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  t.after(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return new S3Store(client, 'bucket');
}

test('an object that is not there is told from a bucket that is not there, and from one that may not be read', async (t) => {
  const missing = await refusing(t, 404, 'NoSuchKey');
  assert.equal((await failure(missing.open('o', { signal: never }), 'ObjectNotFound')).details.object, 's3://bucket/o');
  await missing.remove('o', never);
  for (const [status, code] of [
    [404, 'NoSuchBucket'],
    [403, 'AccessDenied'],
  ] as const) {
    const store = await refusing(t, status, code);
    const read = await failure(store.open('o', { signal: never }), 'ReadFailed');
    assert.match(read.message, new RegExp(`byte 0: ${code}`));
    const removed = await failure(store.remove('o', never), 'WriteFailed');
    assert.equal(removed.details.output, 's3://bucket/o');
    assert.match(removed.message, new RegExp(`^Writing s3://bucket/o failed: ${code}.*${status}`));
  }
});
