import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../../core/errors.ts';
import { quotedLine } from './quoted-line.ts';

const split = quotedLine();
const object = { name: 'rows.csv', sizeBytes: undefined, maxRecordBytes: 1e6 };

interface Outcome {
  readonly boundaries: readonly number[];
  readonly error?: { readonly record: number; readonly offset: number; readonly cause: string };
}

/** The plain way: one byte after the other. */
function reference(bytes: Buffer): Outcome {
  const boundaries: number[] = [];
  let at = 0;
  const failure = (cause: string): Outcome => ({
    boundaries,
    error: { record: boundaries.length, offset: boundaries.at(-1) ?? 0, cause },
  });
  while (at < bytes.length) {
    if (bytes[at] === 0x22) {
      const opening = at;
      for (at += 1; bytes[at] !== 0x22 || bytes[at + 1] === 0x22; at++) {
        if (at >= bytes.length) return failure(`the quote at byte ${opening} is never closed`);
        if (bytes[at] === 0x22) at += 1;
      }
      at += 1;
      const next = bytes.toString('latin1', at, at + 2);
      if (next !== '' && !/^(,|\n|\r\n)/.test(next)) {
        const [character] = bytes.toString('utf8', at, at + 4);
        return failure(`a closing quote is followed by ${JSON.stringify(character)}`);
      }
      if (next === '\r\n') at += 1;
    } else while (at < bytes.length && bytes[at] !== 0x2c && bytes[at] !== 10) at += 1;
    if (bytes[at] === 10) boundaries.push(at + 1);
    at += 1;
  }
  return { boundaries };
}

const part = fc.oneof(
  fc.constantFrom('"', ',', '\n', '\r\n', '\r', 'x', 'ü', '""', '","', '"\n', '"a,\n""b"', '12.5,7,8\n'),
  fc.nat(300).map((length) => 'long '.repeat(length)),
  fc.array(fc.constantFrom('1,2\n', '"a\n",\n'), { maxLength: 400 }).map((rows) => rows.join('')),
);
const content = fc.array(part, { maxLength: 30 }).map((parts) => Buffer.from(parts.join('')));

test('records are those of the plain way, in pieces of any size with any limit, by several splitters in turns', () => {
  fc.assert(
    fc.property(
      fc.array(content, { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Infinity)), { minLength: 1, maxLength: 5 }),
      (objects, cuts, limits) => {
        const running = objects.map((bytes) => ({
          bytes,
          splitter: split.splitter(object),
          at: 0,
          records: 0,
          done: false,
        }));
        for (let turn = 0; running.some(({ done }) => !done); turn++) {
          for (const it of running) {
            if (it.done) continue;
            const { boundaries, error } = reference(it.bytes);
            const limit = limits[turn % limits.length] ?? 1;
            const to = Math.min(it.bytes.length, it.at + (cuts[turn % cuts.length] ?? 1));
            try {
              if (it.at === it.bytes.length) {
                it.done = true;
                it.splitter.end();
                assert.equal(error, undefined);
                continue;
              }
              const taken = it.splitter.scan(it.bytes, it.at, to, limit);
              const found = boundaries.filter((boundary) => boundary > it.at && boundary <= to).slice(0, limit);
              assert.equal(it.splitter.records, found.length);
              assert.equal(it.splitter.boundary, found.at(-1) ?? -1);
              assert.equal(taken, found.length === limit ? found.at(-1) : to);
              it.records += found.length;
              it.at = taken;
            } catch (thrown) {
              if (!(thrown instanceof MillraceError && thrown.is('InputNotParsed'))) throw thrown;
              const { record, offset, cause, format, line } = thrown.details;
              // A character that comes in two pieces is shown by its first byte.
              assert.deepEqual({ record, offset, cause: cause.replace('byte 0xc3', '"ü"') }, error);
              assert.deepEqual([format, thrown.details.object], ['CSV', object.name]);
              if (line !== '') assert(it.bytes.toString('utf8', offset, offset + 80).startsWith(line));
              it.done = true;
            }
          }
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('an error shows the beginning of the record, also where it came in a scan with records before it', () => {
  const bytes = Buffer.from('1,2\r\n"a"b,3\n4\n');
  const thrown = {
    code: 'InputNotParsed',
    details: {
      object: 'rows.csv',
      record: 1,
      offset: 5,
      format: 'CSV',
      line: '"a"b,3',
      cause: 'a closing quote is followed by "b"',
    },
  };
  assert.throws(() => split.splitter(object).scan(bytes, 0, bytes.length, Infinity), thrown);
  assert.throws(() => split.splitter(object).scan(bytes, 0, bytes.length, 9), thrown);
});
