import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { startModelServer } from './model-server.ts';

/** The headers of a request as they came, without those that every request has for its own reasons. */
function sent(rawHeaders: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    assert.equal(found[name], undefined, `${name} was sent twice`);
    if (name !== 'host' && name !== 'user-agent') found[name] = rawHeaders[index + 1] ?? '';
  }
  return found;
}

function inputObject(name: string): Record<string, string> {
  return {
    'x-amzn-sagemaker-input-object': name,
    'x-amzn-sagemaker-input-object-base64': Buffer.from(name).toString('base64'),
  };
}

describe('what the model server is asked (behaviour 3)', { concurrency: 4 }, () => {
  test('pinged, then asked for execution parameters once, then for inferences', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': '1\n', 'in/b.csv': '2\n' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(server.paths, ['/ping', '/execution-parameters', '/invocations', '/invocations']);
  });

  test('headers: type, length, encoding and the name of the object', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/dir/a.csv': '1\n22\n' });
    const args = ['--content-type', 'text/csv; charset=utf-8', '--accept', 'application/jsonlines'];
    const run = await box.transform(server.url, args);
    assert.equal(run.status, 0, run.all);
    const [invocation] = server.invocations;
    assert.deepEqual(sent(invocation?.rawHeaders ?? []), {
      'content-type': 'text/csv; charset=utf-8',
      accept: 'application/jsonlines',
      'accept-encoding': 'gzip',
      'content-length': '5',
      ...inputObject('in/dir/a.csv'),
    });
    assert.equal(invocation?.headers.host, server.url.replace('http://', ''));
  });

  test('neither Content-Type nor Accept where nothing is known', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.bin': '1\n' });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(sent(server.invocations[0]?.rawHeaders ?? []), {
      'accept-encoding': 'gzip',
      'content-length': '2',
      ...inputObject('in/a.bin'),
    });
  });

  test('large requests carry a length too and are not chunked', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t, { invoke: () => 'ok' })];
    await box.write({ 'in/a.csv': `${'x'.repeat(99)}\n`.repeat(100_000) });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(
      server.invocations.map(({ headers }) => headers['content-length']),
      ['6291400', '3708600'],
    );
    for (const { headers } of server.invocations) assert.equal(headers['transfer-encoding'], undefined);
  });

  test('no name of an object can break the headers; the Base64 twin has it exactly', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const names = [
      'größe 日本 🧪.csv',
      'a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1.csv',
      'tab\tdel\x7f.csv',
      '100%.csv',
      ' a .csv ',
    ];
    await box.write(Object.fromEntries(names.map((name) => [`in/${name.replaceAll('/', ':')}`, '1\n'])));
    const run = await box.transform(server.url, ['--split-type', 'Line']);
    assert.equal(run.status, 0, run.all);
    const seen = server.invocations.map(({ rawHeaders }) => sent(rawHeaders));
    const decoded = seen.map((headers) =>
      Buffer.from(headers['x-amzn-sagemaker-input-object-base64'] ?? '', 'base64').toString(),
    );
    assert.deepEqual(decoded.sort(), names.map((name) => `in/${name.replaceAll('/', ':')}`).sort());
    for (const headers of seen) {
      assert.equal(headers['x-evil'], undefined);
      assert.match(headers['x-amzn-sagemaker-input-object'] ?? '', /^in\/[\x20-\x7e]*$/);
    }
    assert.equal(server.paths.filter((path) => path === '/invocations').length, names.length);
    assert.equal(server.paths.length, names.length + 2);
  });

  test('an input that is not below the working folder is named by its whole path', async (t) => {
    const [box, elsewhere, server] = [new Sandbox(t), new Sandbox(t), await startModelServer(t)];
    await elsewhere.write({ 'data/a.csv': '1\n' });
    const run = await box.transform(server.url, ['--input', elsewhere.path('data')]);
    assert.equal(run.status, 0, run.all);
    const { headers } = server.invocations[0] ?? {};
    assert.equal(headers?.['x-amzn-sagemaker-input-object'], elsewhere.path('data/a.csv'));
  });
});
