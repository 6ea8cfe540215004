import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ModelServerOptions, Reply } from './model-server.ts';
import { perLine, transformed } from './transformed.ts';

export const JOIN = ['--join-source', 'Input'];

/** An object with bad data, or with a bad answer, between two good ones. */
export interface Case {
  readonly what: string;
  /** Of all objects. */
  readonly ending: string;
  readonly good: string;
  readonly bad: string | Buffer;
  readonly args: readonly string[];
  /** The answer to the bad object; as to the others when left out. */
  readonly reply?: Reply;
  readonly code: string;
  /** Where it happens: the record, from 1, and its byte. */
  readonly at: readonly [record: number, offset: number];
  readonly message: RegExp;
}

/** Answers the same to each line, unless the object is the bad one. */
function invoking(reply: Reply | undefined): ModelServerOptions['invoke'] {
  const answer = perLine(() => '{"s":1}');
  return (invocation) => {
    const object = String(invocation.headers['x-amzn-sagemaker-input-object']);
    return object.includes('/b.') && reply !== undefined ? reply : answer(invocation);
  };
}

/** A test for each: the object fails alone, leaves nothing, and is told with its record and byte. */
export function describeFailures(name: string, cases: readonly Case[]): void {
  describe(name, { concurrency: 4 }, () => {
    for (const one of cases) test(one.what, (t) => fails(t, one));
  });
}

async function fails(t: TestContext, { ending, good, bad, args, reply, code, at, message }: Case): Promise<void> {
  const objects = { [`a.${ending}`]: good, [`b.${ending}`]: bad, [`c.${ending}`]: good };
  const { out, summary, log } = await transformed(t, {
    objects,
    args: [...args, '--max-concurrent-transforms', '2'],
    invoke: invoking(reply),
    status: 1,
  });
  const others = [`a.${ending}.out`, `c.${ending}.out`];
  assert.deepEqual(Object.keys(out), others);
  assert.ok(out[`a.${ending}.out`] !== '' && out[`a.${ending}.out`] === out[`c.${ending}.out`]);
  const [failure, ...more] = summary.failures;
  assert.deepEqual(more, []);
  assert.equal(failure?.object, `in/b.${ending}`);
  assert.equal(failure.code, code, failure.message);
  assert.match(failure.message, message);
  assert.deepEqual([Number(failure.details['record']) + 1, failure.details['offset']], at, failure.message);
  const words = failure.message.split('\n')[0] ?? '';
  assert.ok(
    log.some((line) => line.startsWith(`in/b.${ending}: `) && line.includes(words)),
    log.join('\n'),
  );
}
