import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { storedWishes } from './job-wishes.ts';
import { requestedSettings } from './requested-settings.ts';

test('what was asked for is requested, and nothing else', () => {
  assert.deepEqual(requestedSettings(storedWishes({})), {});
  const wishes = storedWishes({
    'max-concurrent-transforms': '10',
    'max-payload-in-mb': '10',
    'batch-strategy': 'SingleRecord',
  });
  const expected = { maxConcurrentTransforms: 10, maxPayloadInMB: 10, batchStrategy: 'SingleRecord' };
  assert.deepEqual(requestedSettings(wishes), expected);
});

test('no concurrency is none that was asked for, no payload is no limit (behaviour 2 and 3)', () => {
  const wishes = storedWishes({ 'max-concurrent-transforms': '0', 'max-payload-in-mb': '0' });
  assert.deepEqual(requestedSettings(wishes), { maxPayloadInMB: 0 });
  const many = storedWishes({ 'max-concurrent-transforms': '500', 'max-payload-in-mb': '0' });
  assert.deepEqual(requestedSettings(many), { maxConcurrentTransforms: 500, maxPayloadInMB: 0 });
});

test('what is open at once has a limit', () => {
  const asked = (concurrent: string, payload: string) => () =>
    requestedSettings(storedWishes({ 'max-concurrent-transforms': concurrent, 'max-payload-in-mb': payload }));
  assert.doesNotThrow(asked('100', '1'));
  assert.doesNotThrow(asked('1', '100'));
  for (const [concurrent, payload] of [
    ['101', '1'],
    ['2', '51'],
    ['1000000', '100'],
  ] as const) {
    assert.throws(asked(concurrent, payload), (error) => error instanceof MillraceError && error.is('InvalidOption'));
  }
});
