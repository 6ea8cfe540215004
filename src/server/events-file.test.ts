import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '../../test/manual-clock.ts';
import { EventsFile } from './events-file.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-events-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function writing(path: string) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const file = new EventsFile({ path, clock, say: (line) => lines.push(line) });
  const send = (text: string): void => file.send({ job: 'a', status: 'Completed', text });
  return { file, clock, lines, send };
}

const never = new AbortController().signal;

test('every event is a line behind what the file has', async (t) => {
  const path = join(await folderOf(t), 'events.jsonl');
  await writeFile(path, 'earlier\n');
  const { file, send, lines } = writing(path);
  await file.check();
  for (const text of ['1', '2', '3']) send(text);
  await file.close(never);
  assert.equal(await readFile(path, 'utf8'), 'earlier\n1\n2\n3\n');
  assert.deepEqual([file.delivered, file.lost, lines], [3, 0, []]);
});

test('a new file is for nobody else, because of the secrets that events may hold', async (t) => {
  if (process.platform === 'win32') return t.skip('no modes');
  const path = join(await folderOf(t), 'events.jsonl');
  const { file } = writing(path);
  await file.check();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a file that is moved away is followed by a new one', async (t) => {
  const path = join(await folderOf(t), 'events.jsonl');
  const { file, clock, send } = writing(path);
  send('1');
  await until(() => file.delivered === 1);
  await rename(path, `${path}.1`);
  send('2');
  await file.close(never);
  assert.deepEqual([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')], ['1\n', '2\n']);
  assert.deepEqual(clock.asleep, []);
});

test('while it cannot be written events wait, and that is said once', async (t) => {
  const folder = join(await folderOf(t), 'later');
  const path = join(folder, 'events.jsonl');
  const { file, clock, lines, send } = writing(path);
  await file.check();
  assert.match(lines.join(), /^The events file \S+ cannot be written: ENOENT.*Up to 1000 events wait for it\.$/);
  for (const text of ['1', '2']) send(text);
  await clock.sleeping(5000);
  clock.pass(5000);
  await clock.sleeping(5000);
  send('3');
  assert.equal(lines.length, 1);
  await mkdir(folder);
  clock.pass(5000);
  await until(() => file.delivered === 3);
  assert.equal(await readFile(path, 'utf8'), '1\n2\n3\n');
  assert.equal(lines[1], `The events file ${path} can be written again.`);
  // The next time it is said again.
  await rm(folder, { recursive: true });
  send('4');
  await clock.sleeping(5000);
  assert.equal(lines.length, 3);
  await file.close(never);
  assert.deepEqual([file.delivered, file.lost, lines.length], [3, 1, 4]);
  assert.equal(lines[3], `The events file ${path} did not get the last 1 events: the service stops.`);
});

test('of more than 1,000 that wait the oldest go', async (t) => {
  const folder = join(await folderOf(t), 'later');
  const { file, clock, send } = writing(join(folder, 'events.jsonl'));
  for (let number = 0; number < 1103; number++) send(String(number));
  await clock.sleeping(5000);
  assert.equal(file.lost, 102);
  await mkdir(folder);
  await file.close(never);
  const written = (await readFile(join(folder, 'events.jsonl'), 'utf8')).trimEnd().split('\n').map(Number);
  assert.deepEqual(written, [0, ...Array.from({ length: 1000 }, (_, at) => 103 + at)]);
  assert.deepEqual([file.delivered, file.lost], [1001, 102]);
});

test('a line that was cut off does not spoil the next', async (t) => {
  if (process.platform !== 'linux') return t.skip('needs a pipe that takes 64 KiB');
  const path = join(await folderOf(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const { file, clock, lines, send } = writing(path);
  await file.check();
  assert.match(lines.join(), /cannot be written: ENXIO/, 'nobody reads, and nobody waits for that');
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => reader.close());
  const [first, second] = ['1'.repeat(40_000), '2'.repeat(40_000)];
  send(first);
  send(second);
  await clock.sleeping(5000);
  assert.match(lines.at(-1) ?? '', /cannot be written: it took \d+ of 40001 bytes/);
  const took = async (): Promise<string> => {
    const buffer = Buffer.alloc(100_000);
    const { bytesRead } = await reader.read(buffer);
    return buffer.toString('latin1', 0, bytesRead);
  };
  const before = await took();
  clock.pass(5000);
  await until(() => file.delivered === 2);
  const [one, torn, ...rest] = `${before}${await took()}`.split('\n');
  assert.equal(one, first);
  assert(torn !== undefined && torn.length > 0 && torn.length < second.length);
  assert.deepEqual(rest, [second, '']);
  await file.close(never);
});

test('a file that hangs does not hold the end of the service', async (t) => {
  const { file, clock, send } = writing(join(await folderOf(t), 'nowhere', 'events.jsonl'));
  t.mock.method(clock, 'sleep', () => new Promise(() => undefined));
  send('1');
  const late = new AbortController();
  const closed = file.close(late.signal);
  late.abort();
  await closed;
});

/** Resolves when it is so: what is waited for comes with the next turns of the loop. */
async function until(so: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !so(); turn++) await new Promise((resolve) => setImmediate(resolve));
  assert(so());
}
