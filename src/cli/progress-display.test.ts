import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newProgress } from '../agent/progress.ts';
import { type JobSummary, shownProgress } from './job-description.ts';
import { ProgressDisplay, type ShownProgress } from './progress-display.ts';

/** A display off a terminal, which writes a line every five seconds, and its lines. */
function linesOf(
  t: TestContext,
  progress: ShownProgress,
): { readonly lines: string[]; readonly display: ProgressDisplay } {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 100_000 });
  const lines: string[] = [];
  const target = { terminal: false, colour: false, columns: () => 80, write: (text: string) => void lines.push(text) };
  const display = new ProgressDisplay(progress, target);
  t.after(() => display.stop());
  return { lines, display };
}

/** A job as it is asked for at `at`, in seconds. */
function job(more: Partial<JobSummary>): JobSummary {
  return { TransformJobStatus: 'InProgress', CreationTime: 80, ...more };
}

test('a job that runs here: a line every five seconds, with the rates since the last one', (t) => {
  const progress = { ...newProgress(), objectsTotal: 2, bytesTotal: 200 };
  const { lines, display } = linesOf(t, progress);
  display.start();
  Object.assign(progress, { objectsDone: 1, records: 50, bytes: 100, requests: 7, requestsInFlight: 1 });
  t.mock.timers.tick(5000);
  t.mock.timers.tick(5000);
  assert.deepEqual(lines, [
    '5.0 s: 50 %, 1 of 2 objects, 50 records, 100 bytes of 200 bytes, 10 records/s, 1 in flight, 0 retried, 0 failed, 5.0 s left\n',
    '10 s: 50 %, 1 of 2 objects, 50 records, 100 bytes of 200 bytes, 0 records/s, 1 in flight, 0 retried, 0 failed\n',
  ]);
});

test('a job elsewhere: since it started there, rates between the times when it was asked, no line without news', (t) => {
  const counts = (Records: number): Partial<JobSummary> => ({
    TransformStartTime: 90,
    TransformProgress: { Objects: 1, Bytes: 400, BytesTransformed: Records * 2, Records, Requests: 9 },
  });
  const progress = { ...shownProgress(job(counts(20)), 100_000) };
  const { lines, display } = linesOf(t, progress);
  display.start();
  t.mock.timers.tick(5000);
  t.mock.timers.tick(5000);
  Object.assign(progress, shownProgress(job(counts(100)), 112_000));
  t.mock.timers.tick(5000);
  assert.deepEqual(lines, [
    '15 s: 10 %, 0 of 1 object, 20 records, 40 bytes of 400 bytes, 2 records/s, 9 requests, 0 retried, 0 failed, 1:30 left\n',
    '25 s: 50 %, 0 of 1 object, 100 records, 200 bytes of 400 bytes, 7 records/s, 9 requests, 0 retried, 0 failed, 15 s left\n',
  ]);
});

test('what the counters do not say is said beside them', (t) => {
  const TransformProgress = { Objects: 1, Bytes: 4 };
  const progress = { ...shownProgress(job({ TransformProgress }), 100_000) };
  const { lines, display } = linesOf(t, progress);
  display.start();
  t.mock.timers.tick(5000);
  const stopping = { TransformProgress, TransformJobStatus: 'Stopping', TransformStartTime: 99 };
  Object.assign(progress, shownProgress(job(stopping), 101_000));
  t.mock.timers.tick(5000);
  assert.match(lines[0] ?? '', /^25 s: waiting for its turn, 0 %, 0 of 1 object/);
  assert.match(lines[1] ?? '', /^11 s: Stopping, 0 %/);
});

test('without counters the status is all there is', (t) => {
  const progress = { ...shownProgress(job({}), 100_000) };
  const { lines, display } = linesOf(t, progress);
  display.start();
  t.mock.timers.tick(5000);
  assert.deepEqual(lines, ['25 s: InProgress\n']);
});

test('the clock of the service may be ahead', (t) => {
  const progress = { ...shownProgress(job({ CreationTime: 200 }), 100_000) };
  const { lines, display } = linesOf(t, progress);
  display.start();
  t.mock.timers.tick(5000);
  assert.deepEqual(lines, ['0.0 s: InProgress\n']);
});
