import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executionParameters } from './execution-parameters.ts';

test('payload and concurrency for models of any cost', () => {
  // workers, seconds a record, bytes a record → concurrent, MB
  const cases: [number, number | undefined, number, number, number][] = [
    [1, 1e-7, 108, 2, 6], // a small model: the default payload, one request waiting
    [4, 1e-7, 108, 5, 6],
    [16, 1e-7, 108, 8, 6], // not more than 8 at once
    [4, 2e-5, 108, 5, 4], // 0.2 s of the model a MB
    [4, 1e-3, 108, 5, 1], // ten seconds a MB: the least there is
    [4, 1, 9, 5, 1],
    [4, undefined, 108, 5, 6], // it would not be tried out
    [2, 1e-7, 0, 3, 6], // no columns to speak of, but no division by zero either
  ];
  for (const [workers, secondsPerRecord, bytesPerRecord, concurrent, payload] of cases) {
    assert.deepEqual(
      executionParameters({ workers, secondsPerRecord, bytesPerRecord }),
      { MaxConcurrentTransforms: concurrent, BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: payload },
      JSON.stringify({ workers, secondsPerRecord, bytesPerRecord }),
    );
  }
});
