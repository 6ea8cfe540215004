import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { servicePlace } from './service-place.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };

test('the option, then the variables in their order, then this machine', () => {
  const variables = {
    MILLRACE_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_SAGEMAKER: 'http://127.0.0.1:2',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:3',
  };
  const at = (option: string | undefined, environment: Record<string, string>): string => {
    const { url, namedBy } = servicePlace(option, environment);
    return `${url.origin} ${namedBy}`;
  };
  assert.equal(at('http://localhost:9/', variables), 'http://localhost:9 --endpoint-url');
  assert.equal(at(undefined, variables), 'http://127.0.0.1:1 MILLRACE_ENDPOINT_URL');
  const { MILLRACE_ENDPOINT_URL: _, ...aws } = variables;
  assert.equal(at(undefined, aws), 'http://127.0.0.1:2 AWS_ENDPOINT_URL_SAGEMAKER');
  assert.equal(at(undefined, { ...aws, AWS_ENDPOINT_URL_SAGEMAKER: '' }), 'http://127.0.0.1:3 AWS_ENDPOINT_URL');
  assert.equal(at(undefined, {}), 'http://127.0.0.1:9400 undefined');
});

test('what is no address is refused under the name that it was given', () => {
  for (const text of [
    '',
    'foo',
    '127.0.0.1:9400',
    'ftp://x',
    'http://',
    'http://user:pass@x',
    'http://x/?a=b',
    'http://x/#y',
  ])
    assert.throws(
      () => servicePlace(undefined, { ...KEYS, AWS_ENDPOINT_URL: text || ' ' }),
      (error) =>
        error instanceof MillraceError && error.is('InvalidOption') && error.details.option === 'AWS_ENDPOINT_URL',
      text,
    );
  assert.throws(() => servicePlace('', {}), /--endpoint-url cannot be ""/);
});

test('on this machine any key will do, elsewhere there have to be some', () => {
  const made = { accessKeyId: 'millrace', secretAccessKey: 'millrace' };
  for (const url of ['http://localhost:1', 'http://[::1]:1', 'http://127.0.0.2', 'http://api.localhost'])
    assert.deepEqual(servicePlace(url, { AWS_ACCESS_KEY_ID: 'half' }).credentials, made, url);
  assert.throws(() => servicePlace('http://10.0.0.1', { AWS_ACCESS_KEY_ID: 'half' }), /AWS_SECRET_ACCESS_KEY/);
  const { credentials, loopback } = servicePlace('http://10.0.0.1', { ...KEYS, AWS_SESSION_TOKEN: 'token' });
  assert.deepEqual(credentials, { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' });
  assert.equal(loopback, false);
});

test('the original: its region by its name, its logs at another address', () => {
  const place = servicePlace('https://api.sagemaker.eu-west-1.amazonaws.com', KEYS);
  assert.equal(place.region, 'eu-west-1');
  assert.equal(place.logsUrl.href, 'https://logs.eu-west-1.amazonaws.com/');
  assert.equal(
    servicePlace('https://api.sagemaker.cn-north-1.amazonaws.com.cn', KEYS).logsUrl.host,
    'logs.cn-north-1.amazonaws.com.cn',
  );
  const here = servicePlace('http://127.0.0.1:9400', { AWS_DEFAULT_REGION: 'b', AWS_REGION: 'a' });
  assert.equal(here.region, 'a');
  assert.equal(here.logsUrl, here.url);
  assert.equal(servicePlace('http://127.0.0.1:9400', { AWS_DEFAULT_REGION: 'b' }).region, 'b');
  assert.equal(servicePlace('http://127.0.0.1:9400', {}).region, 'us-east-1');
});
