import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Position } from './cursor-heap.ts';
import type { LogStore, MergeQuery } from './log-store.ts';
import { openLogs, START } from './logs-under-test.test.ts';
import type { StreamEvent } from './merged-events.ts';

const FIRST: Position = { at: 0, name: '', offset: 0 };

/** All events of a query, `limit` at a time, each time from the position where the last ended. */
async function walk(logs: LogStore, query: { prefix: string } | { names: string[] }, limit: number, from = FIRST) {
  const events: StreamEvent[] = [];
  let pages = 0;
  for (let position: Position | undefined = from; position !== undefined; ) {
    const merged = await logs.merge({ ...query, from: position } as MergeQuery);
    assert(merged);
    assert(++pages < 10_000, 'the position does not move');
    for (let count = 0; count < limit; count++) {
      const event = await merged.next();
      if (event === undefined) break;
      events.push(event);
    }
    position = merged.position;
  }
  return events;
}

test('events of many streams come once each, by time, whatever the pages', async (t) => {
  const { logs, clock } = await openLogs(t);
  let job = 0;
  const write = fc.record({ stream: fc.nat(6), later: fc.constantFrom(0, 0, 0, 1, 700) });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 120 }), fc.integer({ min: 1, max: 50 }), async (writes, limit) => {
      job += 1;
      const names = Array.from({ length: 7 }, (_, number) => `job-${job}/i-${number}`);
      const writers = names.map((name) => logs.stream(`job-${job}`, name));
      const expected: string[] = [];
      for (const [number, { stream, later }] of writes.entries()) {
        clock.ms += later;
        writers[stream]?.write(`${number}`);
      }
      const all = await Promise.all(names.map((name) => logs.merge({ names: [name], from: FIRST })));
      for (const merged of all) {
        for (let event = await merged?.next(); event !== undefined; event = await merged?.next()) {
          expected.push(`${event.at} ${event.stream} ${event.message.padStart(4)}`);
        }
      }
      expected.sort();
      assert.equal(expected.length, writes.length);
      for (const half of [false, true]) {
        // Some streams are closed, some are open.
        if (half) for (const writer of writers.slice(3)) await writer.close();
        const found = await walk(logs, { prefix: `job-${job}/` }, limit);
        assert.deepEqual(
          found.map((event) => `${event.at} ${event.stream} ${event.message.padStart(4)}`),
          expected,
        );
      }
      const middle = START + (clock.ms - START) / 2;
      const later = await walk(logs, { names }, limit, { at: middle, name: '', offset: 0 });
      assert.deepEqual(
        later.map((event) => `${event.at} ${event.stream} ${event.message.padStart(4)}`),
        expected.filter((text) => Number.parseInt(text, 10) >= middle),
      );
      for (const writer of writers) await writer.close();
    }),
    { numRuns: 40 },
  );
});

test('a merge has what was written before it; what comes later is newer than all of it', async (t) => {
  const { logs, clock } = await openLogs(t);
  const [one, two] = [logs.stream('job', 'job/i-1'), logs.stream('job', 'job/i-2')];
  two.write('before');
  one.write('too');
  const merged = await logs.merge({ prefix: '', from: FIRST });
  // In the same millisecond, into a stream that has not been looked at.
  two.write('after');
  assert.equal((await merged?.next())?.message, 'too');
  const first = await merged?.next();
  assert.equal(first?.message, 'before');
  assert.equal(await merged?.next(), undefined);
  assert.equal(merged?.position, undefined);
  const next = await logs.merge({ prefix: '', from: { at: first.at, name: '', offset: 0 } });
  assert.equal((await next?.next())?.message, 'too');
  assert.equal((await next?.next())?.message, 'before');
  const second = await next?.next();
  assert.equal(second?.message, 'after');
  assert(second.at > first.at);
  // A clock that is set back stops nothing.
  clock.ms -= 60_000;
  one.write('later still');
  const last = await walk(logs, { prefix: '' }, 10, { at: second.at, name: '', offset: 0 });
  assert.deepEqual(
    last.map(({ message }) => message),
    ['after', 'later still'],
  );
});

test('more streams than are merged at once', async (t) => {
  const { logs, clock } = await openLogs(t);
  // 320 that start one after the other, and 310 that were all written at one moment.
  for (let number = 0; number < 320; number++) {
    clock.ms += 100;
    const writer = logs.stream('a', `a/i-${number}`);
    writer.write(`a ${number}`);
    await writer.close();
  }
  const together = Array.from({ length: 310 }, (_, number) => logs.stream('b', `b/i-${number}`));
  for (const writer of together) writer.write('b');
  clock.ms += 1;
  for (const writer of together) writer.write('c');
  await Promise.all(together.map((writer) => writer.close()));

  const found = await walk(logs, { prefix: '' }, 5000);
  assert.deepEqual(
    found.slice(0, 320).map(({ message }) => message),
    Array.from({ length: 320 }, (_, number) => `a ${number}`),
  );
  assert.deepEqual(
    found.slice(320).map(({ message, stream }) => `${message} ${stream}`),
    ['b', 'c'].flatMap((message) =>
      Array.from({ length: 310 }, (_, number) => `b/i-${number}`)
        .sort()
        .map((name) => `${message} ${name}`),
    ),
  );
  const late = await walk(logs, { prefix: 'b/' }, 5000, { at: clock.ms, name: '', offset: 0 });
  assert.equal(late.length, 310);
  assert(late.every(({ message }) => message === 'c'));
});
