import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { readServeSettings } from './serve-settings.ts';
import { type ServiceConfig, serviceConfig } from './service-config.ts';

async function configOf(args: readonly string[], environment: Record<string, string> = {}): Promise<ServiceConfig> {
  return serviceConfig(await readServeSettings(args, environment, () => assert.fail()), '/home/me');
}

async function refusal(args: readonly string[], environment: Record<string, string> = {}): Promise<MillraceError> {
  const error = await configOf(args, environment).catch((reason: unknown) => reason);
  assert(error instanceof MillraceError, `accepted: ${args}`);
  return error;
}

test('what nobody sets', async () => {
  assert.deepEqual(await configOf([]), {
    host: '127.0.0.1',
    port: 9400,
    dataDir: '/home/me/.millrace',
    images: [],
    allowRemoteServers: false,
    maxInstances: 2,
    accessKeys: undefined,
    domains: [],
    region: 'us-east-1',
    account: '000000000000',
    s3: undefined,
    startupTimeoutMs: 1_800_000,
    drainMs: 5000,
    maxLogBytes: 2 ** 30,
    maxLogStreamBytes: 64 * 2 ** 20,
    webhookUrl: undefined,
    eventsFile: undefined,
  });
});

test('what can be set, in units of the service', async () => {
  const args = `--host ::1 --port 0 --data-dir ../d --image a=onnx --image b=c --allow-remote-servers --max-instances 7
    --domain Objects.Example --region eu-west-1 --account 123456789012 --s3 aws --startup-timeout-in-seconds 2
    --drain-timeout-in-seconds 0 --max-log-mb 3 --max-log-stream-mb 1 --webhook-url https://u:p@host/x --events-file /e`;
  const { accessKeys, ...config } = await configOf(args.split(/\s+/), { MILLRACE_ACCESS_KEYS: 'a:b, c:d:e' });
  assert.deepEqual(
    accessKeys,
    new Map([
      ['a', 'b'],
      ['c', 'd:e'],
    ]),
  );
  assert.deepEqual(config, {
    host: '::1',
    port: 0,
    dataDir: '/home/d',
    images: ['a=onnx', 'b=c'],
    allowRemoteServers: true,
    maxInstances: 7,
    domains: ['objects.example'],
    region: 'eu-west-1',
    account: '123456789012',
    s3: { endpointUrl: undefined },
    startupTimeoutMs: 2000,
    drainMs: 0,
    maxLogBytes: 3 * 2 ** 20,
    maxLogStreamBytes: 2 ** 20,
    webhookUrl: 'https://u:p@host/x',
    eventsFile: '/e',
  });
});

test('without access keys only loopback addresses are listened on', async () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', 'LOCALHOST', '::1', '[::1]'])
    assert.equal((await configOf(['--host', host])).accessKeys, undefined);
  for (const host of ['0.0.0.0', '::', '[::]', '192.168.1.5', 'myhost', 'localhost.evil', '127.0.0.1.evil', '127.1']) {
    const error = await refusal(['--host', host]);
    assert.equal(error.code, 'InvalidCombination');
    assert.match(error.message, /MILLRACE_ACCESS_KEYS/);
    assert.equal((await configOf(['--host', host], { MILLRACE_ACCESS_KEYS: 'a:b' })).accessKeys?.size, 1);
  }
});

test('an address in brackets is the address', async () => {
  assert.equal((await configOf(['--host', '[::1]'])).host, '::1');
  assert.equal((await configOf(['--host', '[::]'], { MILLRACE_ACCESS_KEYS: 'a:b' })).host, '::');
});

test('where objects are is said once', async () => {
  const url = 'http://127.0.0.1:9000';
  assert.deepEqual((await configOf(['--s3-endpoint-url', url])).s3, { endpointUrl: url });
  assert.equal((await configOf(['--s3', 'embedded'])).s3, undefined);
  for (const s3 of ['aws', 'embedded'])
    assert.equal((await refusal(['--s3', s3, '--s3-endpoint-url', url])).code, 'InvalidCombination');
});

test('values that cannot be are refused by their options', async () => {
  for (const [option, ...values] of [
    ['region', 'EU', '', 'a b', 'x'.repeat(33)],
    ['account', '12345678901', '1234567890123', '12345678901x', ''],
    ['s3-endpoint-url', 'localhost:9000', 'ftp://x', 'http://', 'http:///x', ''],
    ['webhook-url', 'localhost', 'http://', ''],
    // A script's variable that nobody has set: every address, or the folder that one stands in.
    ['host', ''],
    ['data-dir', ''],
    ['events-file', ''],
  ] as const) {
    for (const value of values) {
      const error = await refusal([`--${option}=${value}`], { MILLRACE_ACCESS_KEYS: 'a:b' });
      assert(error.is('InvalidOption'), error.message);
      assert.equal(error.details.option, `--${option}`);
    }
  }
});

test('neither keys nor passwords are in messages', async () => {
  for (const keys of ['s3cr3t', 'id:s3cr3t,', 'id:s3cr3t,id:s3cr3t', 'i d:s3cr3t', ':s3cr3t', 'id:s3 cr3t']) {
    const { message } = await refusal([], { MILLRACE_ACCESS_KEYS: keys });
    assert.match(message, /access-keys cannot be "…": /);
    assert.doesNotMatch(message, /s3cr3t|s3 cr3t/);
  }
  assert.doesNotMatch((await refusal(['--webhook-url', 'https//u:s3cr3t@host'])).message, /s3cr3t/);
});
