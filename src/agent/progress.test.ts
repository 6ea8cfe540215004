import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addProgress, countRequest, latencyBoundsMs, newProgress, requestEnds } from './progress.ts';

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);

test('a request is counted by its status and its duration, once each', () => {
  const rows = [
    [200, 0, '2xx', 0],
    [299, 1, '2xx', 0],
    [302, 1.0001, '3xx', 1],
    [429, 2.5, '4xx', 1],
    [599, 600_000, '5xx', latencyBoundsMs.length - 1],
    [999, 600_000.1, 'error', latencyBoundsMs.length],
    [0, 3_600_000, 'error', latencyBoundsMs.length],
  ] as const;
  for (const [status, ms, end, bucket] of rows) {
    const progress = newProgress();
    countRequest(progress, status, ms);
    assert.equal(progress.ends[requestEnds.indexOf(end)], 1, `${status}`);
    assert.equal(progress.latencies[bucket], 1, `${ms} ms`);
    assert.deepEqual([sum(progress.ends), sum(progress.latencies), progress.latencyMs], [1, 1, ms]);
  }
});

test('every duration falls between two neighbouring bounds', () => {
  const duration = fc.oneof(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.constantFrom(...latencyBoundsMs));
  fc.assert(
    fc.property(duration, (ms) => {
      const progress = newProgress();
      countRequest(progress, 200, ms);
      const bucket = progress.latencies.indexOf(1);
      assert(ms <= (latencyBoundsMs[bucket] ?? Number.POSITIVE_INFINITY));
      assert(bucket === 0 || ms > (latencyBoundsMs[bucket - 1] ?? Number.POSITIVE_INFINITY));
    }),
  );
});

test('everything that is counted is added up', () => {
  const one = newProgress();
  const names = Object.keys(one) as (keyof typeof one)[];
  let value = 1;
  for (const name of names) {
    const counter = one[name];
    if (counter instanceof Float64Array) for (const at of counter.keys()) counter[at] = value++;
    else if (typeof counter === 'number') Object.assign(one, { [name]: value++ });
  }
  one.firstMiscounted = { object: 'a', record: 1 };
  const total = newProgress();
  addProgress(total, one);
  assert.deepEqual(total, one);
  addProgress(total, { ...one, firstMiscounted: { object: 'b', record: 2 } });
  assert.deepEqual(total.firstMiscounted, one.firstMiscounted);
  for (const name of names) {
    const [twice, once] = [total[name], one[name]];
    if (typeof once === 'number') assert.equal(twice, 2 * once, name);
    if (once instanceof Float64Array)
      assert.deepEqual(
        twice,
        once.map((count) => 2 * count),
        name,
      );
  }
});
