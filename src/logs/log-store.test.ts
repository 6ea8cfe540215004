import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogStore } from './log-store.ts';
import { openLogs, START } from './logs-under-test.test.ts';
import type { PageRequest } from './read-page.ts';

const ALL: PageRequest = { from: 'start', direction: 'forward', limit: 1_000_000, maxBytes: 1 << 30 };

async function messagesOf(logs: LogStore, name: string): Promise<string[]> {
  const page = await logs.read(name, ALL);
  assert(page, `${name} is not there`);
  return page.events.map(({ message }) => message);
}

test('a stream is there before its first line, in the index and on the disk', async (t) => {
  const { logs, folder } = await openLogs(t);
  logs.stream('job', 'job/i-1-1');
  logs.stream('job', 'job/i-1-1/data-log');
  const infos = await logs.list({ orderBy: 'name', prefix: 'job/', descending: false, limit: 10 });
  assert.deepEqual(
    infos.map(({ name }) => name),
    ['job/i-1-1', 'job/i-1-1/data-log'],
  );
  assert.deepEqual(infos[0], {
    name: 'job/i-1-1',
    job: 'job',
    createdAt: START,
    firstEventAt: undefined,
    lastEventAt: undefined,
    lastIngestedAt: undefined,
    storedBytes: 0,
  });
  assert.deepEqual(await messagesOf(logs, 'job/i-1-1'), []);
  assert.equal(await readFile(join(folder, 'job/i-1-1/data-log.log'), 'utf8'), '');
  assert.equal(await logs.read('job/i-2', ALL), undefined);
});

test('lines are read as soon as they are written, and stand on the disk for people', async (t) => {
  const { logs, folder, clock } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  writer.write('started');
  clock.ms += 123;
  writer.write('C:\\temp\r\nsecond line, größer 🙂');
  writer.write('');
  assert.deepEqual(await messagesOf(logs, 'job/i-1'), ['started', 'C:\\temp\r\nsecond line, größer 🙂', '']);
  assert.equal(
    await readFile(join(folder, 'job/i-1.log'), 'utf8'),
    '2026-11-22T10:00:00.000Z started\n' +
      '2026-11-22T10:00:00.123Z C:\\\\temp\\r\\nsecond line, größer 🙂\n' +
      '2026-11-22T10:00:00.123Z \n',
  );
  const info = await logs.get('job/i-1');
  assert.deepEqual([info?.firstEventAt, info?.lastEventAt], [START, START + 123]);
  assert.equal(info?.storedBytes, (await stat(join(folder, 'job/i-1.log'))).size);
});

test('lines reach the disk without a reader, within 200 ms', async (t) => {
  const { logs, folder } = await openLogs(t);
  const started = performance.now();
  logs.stream('job', 'job/i-1').write('x');
  while ((await stat(join(folder, 'job/i-1.log'))).size === 0) {
    assert(performance.now() - started < 5000, 'nothing was written');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(performance.now() - started < 1000);
});

test('any message comes back as it was, in the order in which it was written', async (t) => {
  const { logs } = await openLogs(t);
  let count = 0;
  const message = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\\nr\n\r" ]*$/),
    fc.constant('# starts at byte 7 of the stream'),
    fc.string({ minLength: 21_000, maxLength: 22_000, unit: fc.constantFrom('a', '\\', 'ü') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
      const name = `job/i-${++count}`;
      const writer = logs.stream('job', name);
      for (const text of messages) writer.write(text);
      assert.deepEqual(await messagesOf(logs, name), messages);
      await writer.close();
      assert.deepEqual(await messagesOf(logs, name), messages);
    }),
    { numRuns: 40 },
  );
});

test('a line that is too long becomes several events, characters stay whole', async (t) => {
  const { logs } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  const line = `${'x'.repeat(79_999)}🙂${'y'.repeat(90_000)}`;
  writer.write(line);
  const messages = await messagesOf(logs, 'job/i-1');
  assert.equal(messages.join(''), line);
  assert.deepEqual(
    messages.map((message) => message.length),
    [79_999, 80_000, 10_002],
  );
});

test('times never go back, in no stream and not from one to another', async (t) => {
  const { logs, clock } = await openLogs(t);
  const [one, two] = [logs.stream('job', 'job/i-1'), logs.stream('job', 'job/i-2')];
  clock.ms += 500;
  one.write('now');
  two.write('earlier', clock.ms - 400);
  two.write('in an hour', clock.ms + 3_600_000);
  clock.ms -= 10_000;
  one.write('after the clock was set back');
  const times = async (name: string): Promise<number[] | undefined> =>
    (await logs.read(name, ALL))?.events.map(({ at }) => at - START);
  assert.deepEqual(await times('job/i-1'), [500, 500]);
  assert.deepEqual(await times('job/i-2'), [500, 500]);
});

test('names that are no safe files are refused', async (t) => {
  const { logs } = await openLogs(t);
  for (const name of ['job', 'job/', 'job//x', 'job/../x', 'job/.x', 'job/x.log', 'job/x\0', 'other/x', '/job/x']) {
    assert.throws(() => logs.stream('job', name), /is not the name of a log stream/, name);
  }
  assert.throws(() => logs.stream('..', '../x'), /is not the name/);
  logs.stream('job', 'job/x');
  assert.throws(() => logs.stream('job', 'job/x'), /is open/);
});

test('a stream keeps its newest lines, and offsets stay what they were', async (t) => {
  const { logs, folder, clock } = await openLogs(t, { maxStreamBytes: 8192 });
  const writer = logs.stream('job', 'job/i-1');
  const offsets = new Map<number, string>();
  for (let number = 0; number < 2000; number++) {
    clock.ms += 1;
    writer.write(`line ${number}`);
    if (number % 31 > 0) continue;
    const page = await logs.read('job/i-1', { ...ALL, from: 'end', direction: 'backward', limit: 3 });
    for (const { offset, message } of page?.events ?? []) {
      assert.equal(offsets.get(offset) ?? message, message);
      offsets.set(offset, message);
    }
  }
  const kept = await messagesOf(logs, 'job/i-1');
  assert.equal(kept.at(-1), 'line 1999');
  assert(kept.length > 80 && kept.length < 230, `${kept.length} lines`);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, at) => `line ${2000 - kept.length + at}`),
  );
  assert.deepEqual((await readdir(join(folder, 'job'))).sort(), ['i-1.log', 'i-1.log.1']);
  const info = await logs.get('job/i-1');
  assert(info && info.storedBytes <= 8192 && info.storedBytes > 4096, `${info?.storedBytes} bytes`);
  assert.equal(info.firstEventAt, START + 1);

  // An offset of what is gone goes on with the oldest line that is kept; one that is kept is where it was.
  for (const [offset, message] of offsets) {
    const page = await logs.read('job/i-1', { ...ALL, from: offset, limit: 1 });
    const expected = kept.includes(message) ? message : kept[0];
    assert.equal(page?.events[0]?.message, expected);
  }
});

test('a stream goes on in the next process, with its offsets and its times', async (t) => {
  const { logs, clock, reopened } = await openLogs(t, { maxStreamBytes: 4096 });
  const writer = logs.stream('job', 'job/i-1');
  for (let number = 0; number < 300; number++) writer.write(`line ${number}`, clock.ms++);
  await writer.close();
  const before = await logs.read('job/i-1', ALL);
  const end = before?.end ?? 0;
  assert(end > 4096);

  clock.ms -= 5000;
  const next = reopened();
  assert.deepEqual((await next.read('job/i-1', ALL))?.events, before?.events);
  const again = next.stream('job', 'job/i-1');
  again.write('after');
  const page = await next.read('job/i-1', { ...ALL, from: end });
  assert.deepEqual(
    page?.events.map(({ at, message, offset }) => [message, offset, at]),
    [['after', end, before?.events.at(-1)?.at]],
  );
  const info = await next.get('job/i-1');
  assert.equal(info?.createdAt, START);
});

for (const [what, torn, expected] of [
  ['completed', '2026-11-22T10:00:00.000Z half a li', ['whole', 'half a li', 'next']],
  ['cut off', '2026-11-22T10:00:00.0', ['whole', 'next']],
] as const) {
  test(`a line whose writing was interrupted is ${what}`, async (t) => {
    const { logs, folder, reopened } = await openLogs(t);
    const writer = logs.stream('job', 'job/i-1');
    writer.write('whole');
    await writer.close();
    await appendFile(join(folder, 'job/i-1.log'), torn);
    const next = reopened();
    assert.deepEqual(await messagesOf(next, 'job/i-1'), ['whole']);
    next.stream('job', 'job/i-1').write('next');
    assert.deepEqual(await messagesOf(next, 'job/i-1'), expected);
  });
}

test('a kill between the two steps of a new segment loses nothing', async (t) => {
  for (const file of ['', '# starts at by']) {
    const { logs, folder, reopened } = await openLogs(t, { maxStreamBytes: 100_000 });
    const writer = logs.stream('job', 'job/i-1');
    for (let number = 0; number < 50; number++) writer.write(`line ${number}`);
    await writer.close();
    const end = (await logs.read('job/i-1', ALL))?.end ?? 0;
    const path = join(folder, 'job/i-1.log');
    await writeFile(`${path}.1`, await readFile(path));
    await rm(path);
    const next = reopened();
    assert.equal((await messagesOf(next, 'job/i-1')).length, 50);
    if (file !== '') await writeFile(path, file);
    next.stream('job', 'job/i-1').write('after');
    const page = await next.read('job/i-1', { ...ALL, from: end });
    assert.deepEqual(
      page?.events.map(({ message }) => message),
      ['after'],
    );
    assert.equal((await messagesOf(next, 'job/i-1')).length, 51);
  }
});

test('what somebody else has written into a file is no event, and hides none', async (t) => {
  const { logs, folder } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  writer.write('one');
  await writer.close();
  await appendFile(join(folder, 'job/i-1.log'), `a note\n${'\0'.repeat(70_000)}\n2026-11-22T10:00:01.000Z two\n`);
  assert.deepEqual(await messagesOf(logs, 'job/i-1'), ['one', 'two']);
  const backward = await logs.read('job/i-1', { ...ALL, from: 'end', direction: 'backward' });
  assert.deepEqual(
    backward?.events.map(({ message }) => message),
    ['one', 'two'],
  );
});

test('rows of a process that was killed are put right from the files', async (t) => {
  const { logs, folder, index, reopened } = await openLogs(t);
  await logs.stream('job', 'job/i-1').close();
  await logs.stream('job', 'job/i-2').close();
  await writeFile(
    join(folder, 'job/i-1.log'),
    '2026-11-22T09:00:00.000Z a\n2026-11-22T09:00:05.000Z b\n2026-11-22T09:0',
  );
  assert.equal(index.get('job/i-1')?.lastEventAt, undefined);
  const next = reopened();
  const merged = await next.merge({ prefix: '', from: { at: START - 3_599_000, name: '', offset: 0 } });
  assert.equal((await merged?.next())?.message, 'b');
  const at = Date.parse('2026-11-22T09:00:00.000Z');
  const info = await next.get('job/i-1');
  assert.deepEqual([info?.firstEventAt, info?.lastEventAt, info?.storedBytes], [at, at + 5000, 69]);
  assert.deepEqual(index.get('job/i-1'), info);
});

test('a disk that cannot be written loses no line that there is room for, and a job goes on', async (t) => {
  const { logs, folder, failures } = await openLogs(t, { maxStreamBytes: 1 << 16 });
  const writer = logs.stream('job', 'job/i-1');
  const path = join(folder, 'job/i-1.log');
  // A folder where the file should be fails for root, too.
  await rm(path);
  await mkdir(path);
  writer.write('one');
  assert.deepEqual((await logs.get('job/i-1'))?.lastEventAt, START);
  await assert.rejects(logs.read('job/i-1', ALL));
  writer.write('two');
  await assert.rejects(logs.read('job/i-1', ALL));
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['WriteFailed'],
  );
  await rm(path, { recursive: true });
  await writeFile(path, '');
  assert.deepEqual(await messagesOf(logs, 'job/i-1'), ['one', 'two']);
  assert.equal(failures.length, 1);

  await writer.close();
  const lost = logs.stream('job', 'job/i-2');
  await rm(join(folder, 'job/i-2.log'));
  await mkdir(join(folder, 'job/i-2.log'));
  lost.write('lost');
  await lost.close();
  assert.match(failures.at(-1)?.message ?? '', /i-2\.log failed: 1 lines are lost: .*EISDIR/);
  await rm(join(folder, 'job/i-2.log'), { recursive: true });
});

test('the streams of the oldest ended jobs go first, those of running ones never', async (t) => {
  const { logs, folder, clock, running, failures } = await openLogs(t, { maxBytes: 200_000 });
  running.add('job-0');
  for (let job = 0; job < 6; job++) {
    clock.ms += 1000;
    for (const name of ['i-1', 'i-1/data-log']) {
      const writer = logs.stream(`job-${job}`, `job-${job}/${name}`);
      for (let line = 0; line < 200; line++) writer.write('x'.repeat(74));
      await writer.close();
    }
  }
  await logs.prune();
  // 20,000 bytes of lines and 4 KiB each: four jobs have room. The newest is running while it is written.
  const left = async (): Promise<string[]> => (await readdir(folder)).sort();
  assert.deepEqual(await left(), ['job-0', 'job-3', 'job-4', 'job-5']);
  assert.equal(await logs.get('job-1/i-1'), undefined);
  assert.equal((await logs.summary()).storedBytes, 8 * 20_000);

  for (const job of ['job-3', 'job-4', 'job-5']) running.add(job);
  const writer = logs.stream('job-6', 'job-6/i-1');
  for (let line = 0; line < 1000; line++) writer.write('x'.repeat(74));
  await messagesOf(logs, 'job-6/i-1');
  await logs.prune();
  assert.deepEqual(await left(), ['job-0', 'job-3', 'job-4', 'job-5', 'job-6']);
  await writer.close();
  await logs.prune();
  assert.deepEqual(await left(), ['job-0', 'job-3', 'job-4', 'job-5']);
  assert.deepEqual(failures, []);
});

test('a job is removed with its folders and nothing else, also while it writes', async (t) => {
  const { logs, folder } = await openLogs(t);
  const writer = logs.stream('job', 'job/i-1');
  logs.stream('job', 'job/i-1/data-log').write('x');
  logs.stream('job-2', 'job-2/i-1').write('y');
  writer.write('x');
  await logs.removeJob('job');
  writer.write('late');
  assert.deepEqual(await readdir(folder), ['job-2']);
  assert.equal(await logs.get('job/i-1'), undefined);
  assert.deepEqual(await messagesOf(logs, 'job-2/i-1'), ['y']);
  await logs.removeJob('nobody');
  assert.equal((await logs.summary()).storedBytes, 27);
});

test('streams are listed by name and by their last event, page by page', async (t) => {
  const { logs, clock } = await openLogs(t);
  const written = [5, 1, undefined, 3, 1, undefined, 2];
  const streams = written.map((second, number) => {
    const name = `job/i-${number}-${second}`;
    return { second, name, writer: logs.stream('job', name) };
  });
  for (let second = 1; second <= 5; second++) {
    clock.ms += 1000;
    for (const { writer, second: when } of streams) if (when === second) writer.write('x');
  }
  const byTime = ['i-2-undefined', 'i-5-undefined', 'i-1-1', 'i-4-1', 'i-6-2', 'i-3-3', 'i-0-5'].map(
    (it) => `job/${it}`,
  );
  for (const limit of [1, 2, 3, 7, 10]) {
    for (const descending of [false, true]) {
      const direction = (expected: readonly string[]): string[] => (descending ? expected.toReversed() : [...expected]);
      assert.deepEqual(await pages(logs, 'lastEvent', descending, limit), direction(byTime));
      assert.deepEqual(await pages(logs, 'name', descending, limit), direction(streams.map(({ name }) => name).sort()));
    }
  }
});

async function pages(
  logs: LogStore,
  orderBy: 'name' | 'lastEvent',
  descending: boolean,
  limit: number,
): Promise<string[]> {
  const names: string[] = [];
  let after: { name: string; lastEventAt: number | undefined } | undefined;
  for (;;) {
    const paging = { descending, limit, ...(after && { after }) };
    const page = await logs.list(orderBy === 'name' ? { orderBy, prefix: '', ...paging } : { orderBy, ...paging });
    names.push(...page.map(({ name }) => name));
    after = page.at(-1);
    if (page.length < limit) return names;
  }
}
