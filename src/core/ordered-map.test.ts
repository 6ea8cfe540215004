import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OrderedMapOptions, orderedMap } from './ordered-map.ts';

const never = new AbortController().signal;

/** A source that counts what is pulled and tells whether it was closed. */
function source(count: number) {
  const state = { pulled: 0, closed: false };
  async function* items(): AsyncGenerator<number, void, undefined> {
    try {
      for (let i = 0; i < count; i++) {
        state.pulled += 1;
        yield i;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, items };
}

/** Calls that end when the test says so. */
class Calls {
  readonly open = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  most = 0;

  readonly call = (item: number): Promise<number> =>
    new Promise((resolve, reject) => {
      this.open.set(item, { resolve: () => resolve(item * 10), reject });
      this.most = Math.max(this.most, this.open.size);
    });

  async end(item: number, error?: Error): Promise<void> {
    const call = this.open.get(item);
    this.open.delete(item);
    if (error === undefined) call?.resolve();
    else call?.reject(error);
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function options(some: Partial<OrderedMapOptions<number>> = {}): OrderedMapOptions<number> {
  return { concurrency: 3, lookAhead: 6, signal: never, ...some };
}

test('any order of completion gives the results in the order of the items, within the bounds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 25 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 6 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
      async (count, concurrency, extra, picks) => {
        const { state, items } = source(count);
        const calls = new Calls();
        const lookAhead = concurrency + extra;
        const results: number[] = [];
        const consumer = (async () => {
          for await (const result of orderedMap(items, calls.call, options({ concurrency, lookAhead })))
            results.push(result);
        })();
        for (let step = 0; results.length < count; step++) {
          await turn();
          assert(calls.open.size <= concurrency);
          assert(
            state.pulled - results.length <= lookAhead + 1,
            'the source is pulled one ahead of the calls at the most',
          );
          const open = [...calls.open.keys()];
          if (open.length > 0) await calls.end(open[(picks[step % picks.length] as number) % open.length] as number);
        }
        await consumer;
        assert.deepEqual(
          results,
          Array.from({ length: count }, (_, i) => i * 10),
        );
        assert(state.closed);
        if (count >= concurrency) assert.equal(calls.most, concurrency, 'and the concurrency is used');
      },
    ),
    { numRuns: 200 },
  );
});

test('a failure stops the pulling; results before it are still yielded, then it is thrown and the source is closed', async () => {
  const { state, items } = source(100);
  const calls = new Calls();
  const results: number[] = [];
  const consumer = (async () => {
    for await (const result of orderedMap(items, calls.call, options())) results.push(result);
  })();
  const rejected = assert.rejects(consumer, /bad/);
  await turn();
  await calls.end(1, new Error('bad'));
  const pulled = state.pulled;
  await calls.end(0);
  await calls.end(2);
  await rejected;
  assert.deepEqual(results, [0]);
  assert.equal(state.pulled, pulled);
  assert(state.closed);
});

test('a consumer that stops early aborts the calls, waits for them and closes the source', async () => {
  const { state, items } = source(100);
  let aborted = 0;
  const call = (item: number, signal: AbortSignal): Promise<number> | number => {
    if (item === 0) return 0;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted += 1;
        reject(signal.reason);
      });
    });
  };
  for await (const _ of orderedMap(items, call, options())) break;
  assert(state.closed);
  assert(aborted >= 1);
});

test('an abort from outside is thrown with its reason once the calls have ended', async () => {
  const { state, items } = source(100);
  const outer = new AbortController();
  let ended = 0;
  const call = (_: number, signal: AbortSignal): Promise<number> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () =>
        setImmediate(() => {
          ended += 1;
          reject(signal.reason);
        }),
      );
    });
  const consumer = (async () => {
    for await (const _ of orderedMap(items, call, options({ signal: outer.signal }))) assert.fail('nothing is done');
  })();
  await turn();
  outer.abort(new Error('stop it'));
  await assert.rejects(consumer, /stop it/);
  assert.equal(ended, 3);
  assert(state.closed);
});

test('a source that fails is thrown after the results before it', async () => {
  async function* items() {
    yield 1;
    yield 2;
    throw new Error('torn');
  }
  const results: number[] = [];
  const consumer = (async () => {
    for await (const result of orderedMap(items, (item: number) => item, options())) results.push(result);
  })();
  await assert.rejects(consumer, /torn/);
  assert.deepEqual(results, [1, 2]);
});

test('no call is started while finished results weigh too much, except the oldest', async () => {
  const { items } = source(100);
  const calls = new Calls();
  const results: number[] = [];
  const consumer = (async () => {
    const weighed = options({ concurrency: 2, lookAhead: 50, weigh: () => 10, maxWeight: 20 });
    for await (const result of orderedMap(items, calls.call, weighed)) results.push(result);
  })();
  await turn();
  for (const item of [1, 2]) await calls.end(item); // 20 wait behind item 0
  assert.deepEqual([...calls.open.keys()], [0], 'item 3 must wait until the first is done');
  await calls.end(0);
  assert.deepEqual(results, [0, 10, 20]);
  for (let item = 3; item < 100; item++) await calls.end(item);
  await consumer;
  assert.equal(results.length, 100);
});
