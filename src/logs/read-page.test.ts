import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogEvent } from './log-line.ts';
import { offsetOfTime } from './read-events.ts';
import { EVENT_OVERHEAD_BYTES, type PageRequest, readPage } from './read-page.ts';
import { headerOf } from './segment.ts';
import { StreamView } from './stream-view.ts';

const START = Date.parse('2026-11-22T10:00:00.000Z');

/** Lines of one stream: how much later than the one before, how long, and whether a segment starts with it. */
const lines = fc.array(
  fc.record({
    later: fc.constantFrom(0, 0, 0, 1, 1000),
    length: fc.oneof({ weight: 9, arbitrary: fc.nat(90) }, { weight: 1, arbitrary: fc.nat(70_000) }),
  }),
  { maxLength: 200 },
);

interface Written {
  readonly at: number;
  readonly message: string;
}

/** Writes a stream as two segments, of which the older one is no longer the first, and hands on a view of it. */
async function withStream(
  written: readonly Written[],
  split: number,
  use: (view: StreamView, path: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-page-'));
  const path = join(folder, 'x.log');
  const text = written.map(({ at, message }) => `${new Date(at).toISOString()} ${message}\n`);
  const older = Buffer.concat([headerOf(5000), Buffer.from(text.slice(0, split).join(''))]);
  await writeFile(`${path}.1`, older);
  await writeFile(path, Buffer.concat([headerOf(5000 + older.length), Buffer.from(text.slice(split).join(''))]));
  const view = await StreamView.open(path);
  try {
    await use(view, path);
  } finally {
    await view.close();
    await rm(folder, { recursive: true });
  }
}

function asWritten(drawn: readonly { later: number; length: number }[]): Written[] {
  let at = START;
  return drawn.map(({ later, length }, number) => {
    at += later;
    return { at, message: `${number} ${'x'.repeat(length)}` };
  });
}

const seen = (events: readonly LogEvent[]): Written[] => events.map(({ at, message }) => ({ at, message }));

test('pages of any size give every event once, in order, in both directions and within any times', async () => {
  await fc.assert(
    fc.asyncProperty(
      lines,
      fc.nat(200),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(100, 5000, 1 << 20),
      fc.option(fc.nat(20_000), { nil: undefined }),
      fc.option(fc.nat(20_000), { nil: undefined }),
      async (drawn, split, limit, maxBytes, from, to) => {
        const written = asWritten(drawn);
        const range = {
          ...(from !== undefined && { startTime: START + from }),
          ...(to !== undefined && { endTime: START + to }),
        };
        const expected = written.filter(
          ({ at }) => at >= START + (from ?? 0) && at < START + (to ?? Number.POSITIVE_INFINITY),
        );
        await withStream(written, split, async (view) => {
          for (const direction of ['forward', 'backward'] as const) {
            const found = await walk(view, { direction, limit, maxBytes, ...range });
            assert.deepEqual(seen(found), expected, direction);
          }
        });
      },
    ),
    { numRuns: 60 },
  );
});

/** Everything that pages show, one after the other until one is empty, in the order of the stream. */
async function walk(view: StreamView, request: Omit<PageRequest, 'from'>): Promise<LogEvent[]> {
  const forward = request.direction === 'forward';
  const found: LogEvent[] = [];
  for (let from: PageRequest['from'] = forward ? 'start' : 'end'; ; ) {
    const page = await readPage(view, { ...request, from });
    assert(page.events.length <= request.limit);
    const bytes = page.events.reduce((sum, { message }) => sum + message.length + EVENT_OVERHEAD_BYTES, 0);
    assert(page.events.length <= 1 || bytes <= request.maxBytes);
    if (page.events.length === 0) {
      // The place does not move any more.
      const place = forward ? page.end : page.start;
      const again = await readPage(view, { ...request, from: place });
      assert.deepEqual([again.events, forward ? again.end : again.start], [[], place]);
      return found;
    }
    if (forward) found.push(...page.events);
    else found.unshift(...page.events);
    from = forward ? page.end : page.start;
  }
}

test('a page turned round shows the same events', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(200), fc.integer({ min: 1, max: 60 }), async (drawn, split, limit) => {
      await withStream(asWritten(drawn), split, async (view) => {
        const paging = { limit, maxBytes: 1 << 20 };
        const first = await readPage(view, { ...paging, from: 'start', direction: 'forward' });
        const second = await readPage(view, { ...paging, from: first.end, direction: 'forward' });
        const back = await readPage(view, { ...paging, from: second.start, direction: 'backward' });
        assert.deepEqual(seen(back.events), seen(first.events));
      });
    }),
    { numRuns: 30 },
  );
});

test('a time is found by halving what is left', async () => {
  const written = Array.from({ length: 20_000 }, (_, number) => ({
    at: START + Math.floor(number / 10) * 10,
    message: `${number}`.padEnd(60, '.'),
  }));
  await withStream(written, 9000, async (view) => {
    let reads = 0;
    const counted = new Proxy(view, {
      get(target, name) {
        if (name === 'after') reads += 1;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    for (const number of [0, 1, 9, 8_999, 9_000, 9_001, 12_345, 19_990, 19_999]) {
      reads = 0;
      const time = START + number;
      const offset = await offsetOfTime(counted, time);
      assert(reads < 40, `${reads} reads`);
      const [event] = (await readPage(view, { from: offset, direction: 'forward', limit: 1, maxBytes: 1 << 20 }))
        .events;
      assert.equal(event?.message, written.find(({ at }) => at >= time)?.message);
      assert(event === undefined || event.offset === offset);
    }
    assert.equal(await offsetOfTime(view, START + 1e9), view.end);
  });
});

test('a line without its newline is not there yet', async () => {
  await withStream([{ at: START, message: 'whole' }], 0, async (view, path) => {
    await appendFile(path, '2026-11-22T10:00:01.000Z half');
    const now = await StreamView.open(path);
    assert.equal(now.end, view.end);
    await now.close();
    await appendFile(path, ' and half\n');
    const later = await StreamView.open(path);
    const page = await readPage(later, { from: view.end, direction: 'forward', limit: 9, maxBytes: 999 });
    assert.deepEqual(
      page.events.map(({ message }) => message),
      ['half and half'],
    );
    await later.close();
  });
});

test('segments that do not follow one another, of two moments or after somebody has removed one, are not mixed', async () => {
  await withStream([{ at: START, message: 'old' }], 0, async (_, path) => {
    const events = async (): Promise<(string | number)[][]> => {
      const view = await StreamView.open(path);
      const page = await readPage(view, { from: 'start', direction: 'forward', limit: 9, maxBytes: 999 });
      await view.close();
      return page.events.map(({ message, offset }) => [message, offset]);
    };
    const line = `${new Date(START).toISOString()} new\n`;
    const [header, older] = [headerOf(20_000), headerOf(30_000)];
    await writeFile(path, header + line);
    assert.deepEqual(await events(), [['new', 20_000 + header.length]]);
    await writeFile(`${path}.1`, older + line);
    assert.deepEqual(await events(), [['new', 30_000 + older.length]]);
    await rm(path);
    assert.deepEqual(await events(), [['new', 30_000 + older.length]]);
  });
});
