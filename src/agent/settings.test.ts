import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from './settings.ts';

test('request, then execution parameters, then defaults; at most 100 MB open', () => {
  const rows: [requested: Parameters<typeof settle>[0], offered: Parameters<typeof settle>[1], expected: string][] = [
    [{}, {}, '1 MultiRecord 6'],
    [{}, { maxConcurrentTransforms: 4, batchStrategy: 'SingleRecord', maxPayloadInMB: 2 }, '4 SingleRecord 2'],
    [
      { maxConcurrentTransforms: 8, batchStrategy: 'MultiRecord' },
      { maxConcurrentTransforms: 4, batchStrategy: 'SingleRecord', maxPayloadInMB: 2 },
      '8 MultiRecord 2',
    ],
    [{ maxConcurrentTransforms: 32 }, {}, '32 MultiRecord 3'],
    [{}, { maxConcurrentTransforms: 1_000_000 }, '100 MultiRecord 1'],
    [{ maxPayloadInMB: 100 }, { maxConcurrentTransforms: 8 }, '1 MultiRecord 100'],
    [{ maxPayloadInMB: 30 }, { maxConcurrentTransforms: 8 }, '3 MultiRecord 30'],
    [{}, { maxPayloadInMB: 500 }, '1 MultiRecord 100'],
  ];
  for (const [requested, offered, expected] of rows) {
    const { maxConcurrentTransforms, batchStrategy, maxPayloadInMB } = settle(requested, offered, false);
    assert.equal(`${maxConcurrentTransforms} ${batchStrategy} ${maxPayloadInMB}`, expected);
  }
});

test('a server that wants streamed objects gets them, unless records are looked at or sent one by one', () => {
  const offered = { maxPayloadInMB: 0, maxConcurrentTransforms: 4 };
  const payload = (requested: Parameters<typeof settle>[0], recordWise: boolean): number =>
    settle(requested, offered, recordWise).maxPayloadInMB;
  assert.equal(payload({}, false), 0);
  assert.equal(settle({}, { maxPayloadInMB: 0, maxConcurrentTransforms: 1000 }, false).maxConcurrentTransforms, 8);
  assert.equal(payload({ maxPayloadInMB: 2 }, false), 2);
  assert.equal(payload({}, true), 6);
  assert.equal(payload({ batchStrategy: 'SingleRecord' }, false), 6);
  assert.equal(settle({}, { ...offered, batchStrategy: 'SingleRecord' }, false).batchStrategy, 'MultiRecord');
});
