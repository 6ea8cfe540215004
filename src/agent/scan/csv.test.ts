import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { ScanError, Scanner, WINDOW_BYTES } from './scanner.ts';

type Entry = readonly [kind: string, flags: number, from: number, to: number, extra: number];
interface Outcome {
  readonly entries: readonly Entry[];
  readonly error?: Pick<ScanError, 'position' | 'record' | 'recordStart' | 'reason'>;
}
interface Options {
  readonly members: boolean;
  readonly quotedNewlines: boolean;
}

const KINDS = ['', 'key', 'member', 'record'];
const scanner = new Scanner('csv');

function scan(text: string, cuts: readonly number[], options: Options): Outcome {
  const bytes = Buffer.from(text);
  const entries: Entry[] = [];
  const take = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const [head = 0, from = 0, to = 0, extra = 0] = scanner.table.subarray(i * 4, i * 4 + 4);
      entries.push([KINDS[head & 255] ?? '?', head >> 8, from, to, extra]);
    }
  };
  scanner.start(options);
  try {
    for (let at = 0, cut = 0; at < bytes.length; cut++) {
      const to = Math.min(bytes.length, at + (cuts[cut % cuts.length] ?? 1));
      take(scanner.push(bytes, at, to));
      at = to;
    }
    take(scanner.end());
    return { entries };
  } catch (error) {
    assert(error instanceof ScanError);
    const { position, record, recordStart, reason } = error;
    // A character that comes in two pieces is shown by its first byte.
    return { entries, error: { position, record, recordStart, reason: reason.replace('byte 0xc3', '"ü"') } };
  }
}

/** The plain way: field by field. */
function reference(content: string, { members, quotedNewlines }: Options): Outcome {
  const text = Buffer.from(content).toString('latin1');
  const entries: Entry[] = [];
  let record = 0;
  for (let at = 0; at < text.length; record++) {
    const recordStart = at;
    const failure = (position: number, reason: string): Outcome => ({
      entries,
      error: { position, record, recordStart, reason },
    });
    for (let index = 0; ; index++) {
      const from = at;
      if (text[at] === '"') {
        for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at++) {
          if (at >= text.length) return failure(from, 'a quote is not closed');
          if (text[at] === '\n' && !quotedNewlines) return failure(from, 'a quote is not closed on its line');
          if (text[at] === '"') at += 1;
        }
        at += 1;
        const next = text.slice(at, at + 2);
        if (next !== '' && !/^(,|\n|\r\n)/.test(next)) {
          const [character] = Buffer.from(text.slice(at, at + 4), 'latin1').toString();
          return failure(at, `a closing quote is followed by ${JSON.stringify(character)}`);
        }
        if (next === '\r\n') at += 1;
      } else while (at < text.length && text[at] !== ',' && text[at] !== '\n') at += 1;
      const ends = text[at] !== ',';
      const to = text[at] === '\n' && at > from && text[at - 1] === '\r' ? at - 1 : at;
      if (members) entries.push(['member', 0, from, to, index]);
      at += 1;
      if (!ends) continue;
      entries.push(['record', Number(recordStart === to), recordStart, to, index + 1]);
      break;
    }
  }
  return { entries };
}

const cutting = fc.oneof(
  fc.constantFrom([WINDOW_BYTES], [1], [64], [63], [65], [7]),
  fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
);
const options = fc.record({ members: fc.boolean(), quotedNewlines: fc.boolean() });
const plain = fc.oneof(
  fc.stringMatching(/^[a-z0-9. ]{0,9}$/),
  fc.stringMatching(/^[a-zü\r"]{0,4}$/).filter((field) => !field.startsWith('"') && !field.endsWith('\r')),
  fc.nat(150).map((length) => 'x'.repeat(length)),
);
const quoted = fc
  .oneof(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'ü', ' '), maxLength: 12 }), plain)
  .map((content) => `"${content.replaceAll('"', '""')}"`);
const row = fc.array(fc.oneof({ weight: 3, arbitrary: plain }, quoted), { minLength: 1, maxLength: 14 });
const valid = fc
  .tuple(fc.array(fc.tuple(row, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 8 }), fc.boolean())
  .map(([rows, ended]) => {
    const text = rows.map(([fields, end]) => fields.join(',') + end).join('');
    return ended ? text : text.replace(/\r?\n$/, '');
  });
const mess = fc
  .array(fc.oneof(fc.constantFrom('"', '"', ',', '\n', '\r', '\r\n', 'x', 'ü'), plain, quoted), { maxLength: 30 })
  .map((parts) => parts.join(''));

test('any text gives the entries of the plain way, or the error', () => {
  fc.assert(
    fc.property(fc.oneof(valid, mess), cutting, options, (content, cuts, how) => {
      const expected = reference(content, how);
      const actual = scan(content, cuts, how);
      assert.deepEqual(actual.error, expected.error);
      // Where there is an error, what was found in the same push is not told.
      const length = expected.error === undefined ? expected.entries.length : actual.entries.length;
      assert.deepEqual(actual.entries, expected.entries.slice(0, length));
    }),
    { numRuns: 8000 },
  );
});

test('valid rows are those that csv-parse finds', () => {
  fc.assert(
    fc.property(valid, cutting, (content, cuts) => {
      const bytes = Buffer.from(content);
      const rows: string[][] = [];
      let fields: string[] = [];
      const { entries, error } = scan(content, cuts, { members: true, quotedNewlines: true });
      assert.equal(error, undefined);
      for (const [kind, , from, to] of entries) {
        if (kind === 'member') {
          const raw = bytes.toString('utf8', from, to);
          fields.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
        } else {
          rows.push(fields);
          fields = [];
        }
      }
      // It refuses quotes in plain fields unless told, and must not guess how rows end.
      const expected = parse(bytes, { relax_column_count: true, relax_quotes: true, record_delimiter: ['\r\n', '\n'] });
      assert.deepEqual(rows, expected);
    }),
    { numRuns: 2000 },
  );
});

test('the table has room for a window of empty rows', () => {
  const { entries } = scan('\n'.repeat(2 * WINDOW_BYTES), [WINDOW_BYTES], { members: true, quotedNewlines: false });
  assert.equal(entries.length, 4 * WINDOW_BYTES);
  assert.deepEqual(entries.at(-1), ['record', 1, 2 * WINDOW_BYTES - 1, 2 * WINDOW_BYTES - 1, 1]);
});

test('a window that is too large is refused, and none is nothing', () => {
  scanner.start({ members: true });
  assert.throws(() => scanner.push(Buffer.alloc(WINDOW_BYTES + 1), 0, WINDOW_BYTES + 1), RangeError);
  assert.equal(scanner.push(Buffer.alloc(9), 4, 4), 0);
  assert.equal(scanner.end(), 0);
});
