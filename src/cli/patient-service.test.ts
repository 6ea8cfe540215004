import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import { PatientService } from './patient-service.ts';
import type { Answer } from './service-client.ts';

const gone = new MillraceError('ServiceUnreachable', { endpoint: 'http://x', cause: 'ECONNREFUSED', remedy: '' });
const refused = (code: string, status: number): MillraceError =>
  new MillraceError('RequestRefused', { operation: 'X', code, message: 'm', status, remedy: '' });

/** A service that answers these one after the other, and the last of them for ever. */
function patient(...answers: (Answer | MillraceError)[]) {
  const told: string[] = [];
  let [asked, now] = [0, 0];
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
  const inner = {
    call: async (): Promise<Answer> => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      if (answer === undefined || answer instanceof MillraceError) throw answer;
      return answer;
    },
  };
  const { signal } = new AbortController();
  const service = new PatientService(inner, { clock, signal, onTrouble: (message) => told.push(message) });
  return { told, asked: () => asked, now: () => now, call: () => service.call('sagemaker', 'X', {}) };
}

test('the first answer is not waited for', async () => {
  const { call, asked } = patient(gone);
  await assert.rejects(call(), gone);
  assert.equal(asked(), 1);
});

test('after it, trouble that may pass is waited out, and told once', async () => {
  const trouble = [gone, gone, refused('ThrottlingException', 400), refused('InternalFailure', 500)];
  const { call, told, asked } = patient({ a: 1 }, ...trouble, { a: 2 }, gone, { a: 3 });
  assert.deepEqual([await call(), await call(), await call()], [{ a: 1 }, { a: 2 }, { a: 3 }]);
  assert.equal(asked(), 8);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /^No service answers at http:\/\/x: ECONNREFUSED\..* Trying again for 60 seconds …$/);
});

test('for a minute', async () => {
  const { call, now } = patient({}, gone);
  await call();
  await assert.rejects(call(), gone);
  assert.equal(now(), 60_000);
});

test('what will not pass is not waited out', async () => {
  for (const error of [refused('ValidationException', 400), refused('ResourceNotFound', 404)]) {
    const { call, asked } = patient({}, error);
    await call();
    await assert.rejects(call());
    assert.equal(asked(), 2);
  }
});
