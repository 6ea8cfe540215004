import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Failure, parseRetryAfter, pauseBeforeRetry } from './retry-policy.ts';

const limits = { maxRetries: 3, maxPauseMs: 600_000 };
const status = (code: number, retryAfterMs?: number): Failure => ({ kind: 'status', status: code, retryAfterMs });

test('what is tried again, and after which pause', () => {
  const rows: [failure: Failure, tries: number, random: number, pauseMs: number | undefined][] = [
    [{ kind: 'connect' }, 1, 0, 100],
    [{ kind: 'connection' }, 1, 0, 100],
    [{ kind: 'connection' }, 2, 0, 400],
    [{ kind: 'timeout' }, 3, 0, 1600],
    [{ kind: 'timeout' }, 4, 0, undefined],
    [{ kind: 'connection' }, 1, 1, 75],
    [{ kind: 'too-large' }, 1, 0, undefined],
    [status(500), 1, 0, 100],
    [status(599), 1, 0, 100],
    [status(429), 1, 0, 100],
    [status(400), 1, 0, undefined],
    [status(404), 1, 0, undefined],
    [status(302), 1, 0, undefined],
    [status(503, 5000), 1, 0, 5000],
    [status(503, 50), 1, 0, 100],
    [status(503, 86_400_000), 1, 0, 600_000],
    [status(503, 5000), 4, 0, undefined],
  ];
  for (const [failure, tries, random, pauseMs] of rows) {
    assert.equal(pauseBeforeRetry(failure, tries, limits, random), pauseMs, JSON.stringify({ failure, tries }));
  }
  assert.equal(pauseBeforeRetry({ kind: 'connection' }, 1, { ...limits, maxRetries: 0 }, 0), undefined);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  assert.equal(parseRetryAfter('3', now), 3000);
  assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:28:10 GMT', now), 10_000);
  assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:27:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), undefined);
  assert.equal(parseRetryAfter(undefined, now), undefined);
});
