import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemberIndex } from './member-index.ts';
import { Name } from './member-sink.ts';
import { Pieces } from './pieces.ts';

const names = [new Name('a'), new Name('SageMakerOutput')];
const text = new Pieces([Buffer.from('aSageMakerOutputother\\u0061')]);
/** Where names lie in the text: two that are kept, one that is not, one written with an escape, and an element without a name. */
const KEYS = [
  [0, 1, false],
  [1, 16, false],
  [16, 21, false],
  [21, 27, true],
  [-1, -1, false],
] as const;
const ELEMENT = 4;

test('records are replayed with the members of the names, and with their last one where it is wanted', () => {
  const record = fc.array(fc.tuple(fc.nat(KEYS.length - 1), fc.nat(2 ** 27), fc.nat(2 ** 27)), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 200 }), fc.boolean(), (records, keepsLast) => {
      const index = new MemberIndex(names, keepsLast, 1e6);
      const expected: unknown[] = [];
      for (const [at, members] of records.entries()) {
        const named = members.filter(([key]) => key !== ELEMENT).length;
        let seen = 0;
        for (const [key, from, to] of members) {
          const [start, end, escaped] = KEYS[key] ?? [-1, -1, false];
          index.member(text, start, end, escaped, from, to);
          if (key === ELEMENT) continue;
          seen += 1;
          const kept = key === 0 || key === 1 || key === 3 || (keepsLast && seen === named);
          if (kept) expected.push([start, end, escaped, from, to]);
        }
        index.record(at, at + 1, 2, members.length);
        expected.push([at, at + 1, 2, members.length]);
      }
      assert(index.complete);
      const actual: unknown[] = [];
      index.replay(
        text,
        { member: (_source, key, keyTo, escaped, from, to) => actual.push([key, keyTo, escaped, from, to]) },
        (...seen) => actual.push(seen),
      );
      assert.deepEqual(actual, expected);
    }),
  );
});

test('an index takes no more memory than half of its mini-batch, however many records that has', () => {
  for (const bytes of [100_000, 1_000_000]) {
    const index = new MemberIndex(names, true, bytes);
    // Nine numbers of four bytes for a record with one member.
    const records = Math.floor(bytes / 8 / 9) - 1;
    const add = (i: number): void => {
      index.member(text, 0, 1, false, i, i + 1);
      index.record(i, i + 1, 1, 1);
    };
    for (let i = 0; i < records; i++) add(i);
    assert(index.complete);
    for (let i = 0; i < 2; i++) add(i);
    assert(!index.complete);
  }
});

test('an index that grows too large says so, whatever comes then', () => {
  const index = new MemberIndex(names, true, 1e6);
  for (let i = 0; i < 300_000; i++) {
    index.member(text, 0, 1, false, i, i + 1);
    index.record(i, i + 1, 1, 1);
  }
  assert(!index.complete);
});
