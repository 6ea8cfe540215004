import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromStrangersPage, hostAllowed, isLoopback, namesBucket } from './host-check.ts';

test('loopback names and addresses lead to this machine, and no others', () => {
  for (const host of [
    'localhost',
    'LocalHost',
    'a.localhost',
    'a.b.localhost',
    '127.0.0.1',
    '127.255.0.9',
    '::1',
    '[::1]',
  ])
    assert.equal(isLoopback(host), true, host);
  const others = [
    '',
    '.',
    'localhost.',
    'localhos',
    'xlocalhost',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '127.1',
  ];
  others.push('0.0.0.0', '128.0.0.1', '1127.0.0.1', '0127.0.0.1', '::', '[::]', '::2', '[::1].evil', '::ffff:10.0.0.1');
  for (const host of others) assert.equal(isLoopback(host), false, host);
});

test('requests are answered that name a loopback host, with or without a port', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:9400',
    '127.0.0.1:9400',
    '[::1]:9400',
    '[::1]',
    'bucket.localhost:9400',
    'a.b.localhost',
  ])
    assert.equal(hostAllowed(host, []), true, host);
  for (const host of [
    undefined,
    '',
    ':9400',
    // No browser and no client writes these; under names that are not exactly ours nothing is answered.
    'localhost.',
    'localhost.:9400',
    'localhost:',
    '::1',
    'evil.example',
    'evil.example:9400',
    'localhost.evil.example:9400',
    'evil-localhost:9400',
    'evil.example:9400@localhost',
    '127.0.0.1.nip.io:9400',
    '[::1].evil.example:9400',
    '0.0.0.0:9400',
    '192.168.1.5:9400',
  ])
    assert.equal(hostAllowed(host, []), false, host);
});

test('domains are allowed with what is below them', () => {
  const domains = ['objects.example', 'host'];
  for (const host of [
    'objects.example',
    'Objects.Example:9400',
    'bucket.objects.example',
    'a.b.host:80',
    'localhost:1',
  ])
    assert.equal(hostAllowed(host, domains), true, host);
  for (const host of ['xobjects.example', 'objects.example.evil', 'example', 'ghost', undefined])
    assert.equal(hostAllowed(host, domains), false, host);
});

test('where requests are signed, every host is allowed', () => {
  for (const host of [undefined, '', 'evil.example', '10.0.0.1:9400']) assert.equal(hostAllowed(host, undefined), true);
});

test('a bucket is what stands below a domain', () => {
  const domains = ['localhost', 'objects.example'];
  for (const host of ['bucket.localhost:9400', 'BUCKET.Objects.Example', 'a.b.localhost'])
    assert.equal(namesBucket(host, domains), true, host);
  for (const host of ['localhost:9400', 'objects.example', '127.0.0.1:9400', '[::1]:9400', 'xlocalhost', undefined])
    assert.equal(namesBucket(host, domains), false, host);
});

test('a browser tells of pages that are not ours, programs tell nothing', () => {
  const others = ['objects.example'];
  for (const headers of [
    {},
    { origin: 'http://localhost:3000' },
    { origin: 'http://127.0.0.1:9400', 'sec-fetch-site': 'same-origin' },
    { origin: 'http://[::1]:9400', 'sec-fetch-site': 'same-site' },
    { origin: 'https://console.objects.example' },
    { 'sec-fetch-site': 'none' },
  ])
    assert.equal(fromStrangersPage(headers, others), false, JSON.stringify(headers));
  for (const headers of [
    { origin: 'null' },
    { origin: '' },
    { origin: 'file://' },
    { origin: 'https://evil.example' },
    { origin: 'http://localhost.evil.example:9400' },
    { origin: 'http://evil.example@localhost.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:9400', 'sec-fetch-site': 'cross-site' },
  ]) {
    assert.equal(fromStrangersPage(headers, others), true, JSON.stringify(headers));
    assert.equal(fromStrangersPage(headers, undefined), false, 'a signature says more');
  }
});
