import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../fault.ts';
import { checked } from './check.ts';
import type { Shape, StringShape } from './shape.ts';
import { s3Uri } from './tables/members.ts';
import * as models from './tables/models.ts';
import * as tags from './tables/tags.ts';
import * as jobs from './tables/transform-jobs.ts';

function stringsOf(shape: Shape): StringShape[] {
  if (shape.kind === 'string') return [shape];
  if (shape.kind === 'list') return stringsOf(shape.item);
  if (shape.kind === 'map') return [shape.key, shape.value];
  if (shape.kind !== 'structure') return [];
  return Object.values(shape.members).flatMap((member) =>
    stringsOf(member.kind === 'required' ? member.shape : member),
  );
}

const patternRules = new Map(
  [...Object.values(models), ...Object.values(tags), ...Object.values(jobs)]
    .flatMap(stringsOf)
    .flatMap(({ rules }) => rules.filter(({ text }) => text.includes(' pattern: ')))
    .map((rule) => [rule.text, rule]),
);

/** Values that make a pattern try again and again: a long part that could be cut anywhere, and an end that fits nothing. */
function hostileValues(length: number): string[] {
  const heads = ['', 's3://', 's3://b/', 'arn:aws', 'arn:aws:iam::123456789012:role/', 'arn:aws:sagemaker:', 'a'];
  const fillers = ['a', '-', 'a-', '--a', '/', 'a/', ':', '1', ' ', '\n', 'é'];
  const ends = ['\n', '#', '-', '/\n', ':'];
  return heads.flatMap((head) =>
    fillers.flatMap((filler) =>
      ends.map((end) => head + filler.repeat(length).slice(0, length - head.length - end.length) + end),
    ),
  );
}

function fastest(times: number, run: () => void): number {
  const measured = Array.from({ length: times }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...measured);
}

test('no pattern takes long for any value', () => {
  assert(patternRules.size === 19, `${patternRules.size} patterns`);
  // 1,024 characters take some microseconds. The longest value that is matched would take a quadratic pattern 0.5 s and more.
  for (const [length, limitMs] of [
    [1024, 1],
    [16_384, 20],
  ] as const) {
    for (const { text, holds } of patternRules.values()) {
      for (const value of hostileValues(length)) {
        const ms = fastest(3, () => holds(value));
        assert(ms < limitMs, `${text}: ${ms} ms for ${JSON.stringify(value.slice(0, 40))}… of ${length} characters`);
      }
    }
  }
});

test('a value of megabytes is refused by its length, unmatched', () => {
  assert.throws(
    () => checked(models.deleteModelInput, { ModelName: '-'.repeat(5_000_000) }),
    (error) => error instanceof Fault && error.message.endsWith(': Member must have length less than or equal to 63'),
  );
});

test('an address of S3 is matched as the original pattern matches it', () => {
  const rule = s3Uri.rules.find(({ text }) => text.endsWith(' pattern: (https|s3)://([^/]+)/?(.*)'));
  assert(rule);
  const original = /^(?:(https|s3):\/\/([^/]+)\/?(.*))$/u;
  const piece = fc.constantFrom('s3://', 'https://', 's3:', '/', '//', 'a', 'b.c', '\n', '\u2028', ' ', '😀', '\ud83d');
  let matching = 0;
  fc.assert(
    fc.property(fc.boolean(), fc.array(piece, { maxLength: 8 }), (start, pieces) => {
      const value = `${start ? 's3://' : ''}${pieces.join('')}`;
      matching += original.test(value) ? 1 : 0;
      assert.equal(rule.holds(value), original.test(value));
    }),
    { numRuns: 3000 },
  );
  assert(matching > 300 && matching < 2700, `${matching} matched`);
});
