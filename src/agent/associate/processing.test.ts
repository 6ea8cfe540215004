import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  csvPathTexts,
  csvTexts,
  Fault,
  jsonPathTexts,
  jsonTexts,
  jsonWithPath,
  linesOf,
  transform,
} from '../../../test/data-processing-reference.ts';
import { MillraceError } from '../../core/errors.ts';
import { BlockPool } from '../http/block-pool.ts';
import type { Inference } from '../invoker.ts';
import type { MiniBatch } from '../mini-batch.ts';
import { CsvProcessing } from './csv-processing.ts';
import { parseJsonPath } from './json-path.ts';
import { JsonProcessing } from './json-processing.ts';
import type { Processing } from './processing.ts';

type Format = 'csv' | 'json-lines' | 'json';
interface Case {
  readonly format: Format;
  readonly input: string;
  readonly response: string;
  readonly inputFilter: string | undefined;
  readonly outputFilter: string | undefined;
  readonly join: boolean;
  readonly ids: boolean;
  readonly quotedNewlines: boolean;
  readonly indexed: boolean;
  readonly cuts: readonly number[];
}

const TIME = '2022-08-30T00:49:15Z';
const id = (record: number): string => `id-${record}`;

/** The text in pieces, some of them empty, as chunks of an object or reads of a socket are. */
function inPieces(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const ends = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

function filters(one: Case) {
  const parse = (filter: 'InputFilter' | 'OutputFilter', text: string | undefined) =>
    text === undefined ? undefined : parseJsonPath(filter, text, { csv: one.format === 'csv' });
  return { inputFilter: parse('InputFilter', one.inputFilter), outputFilter: parse('OutputFilter', one.outputFilter) };
}

function processingOf(one: Case): Processing {
  let record = 0;
  const inferenceIds = one.ids ? { next: () => id(record++), time: TIME } : undefined;
  const options = { ...filters(one), join: one.join, inferenceIds, pool: new BlockPool() };
  const { quotedNewlines } = one;
  if (one.format !== 'csv')
    return new JsonProcessing({ ...options, format: one.format, oneLine: false, splitByLine: true });
  return new CsvProcessing({ ...options, quotedNewlines, repeatsHeader: false, splitByLine: true });
}

interface Outcome {
  readonly request: string;
  readonly result: string;
}

function fast(one: Case): Outcome | string {
  const processing = processingOf(one);
  const segments = inPieces(one.input, one.cuts);
  const records = one.format === 'json' ? 1 : linesOf(one.input, one.quotedNewlines).length;
  const bytes = Buffer.byteLength(one.input);
  const batch: MiniBatch = { offset: 0, record: 0, records, bytes, segments, chunks: [] };
  const object = { name: 'o', header: undefined, columns: undefined, sentHeader: undefined };
  const pieces = inPieces(one.response, one.cuts);
  let released = 0;
  const response: Inference = {
    contentType: undefined,
    pieces,
    bytes: Buffer.byteLength(one.response),
    release: () => {
      released += 1;
    },
  };
  try {
    const body = processing.request(object, batch);
    const request = Buffer.concat(body.segments);
    assert.equal(body.bytes, request.length);
    body.release();
    const result = processing.respond(object, batch, response, one.indexed ? body.index : undefined);
    const text = Buffer.concat(result.pieces);
    assert.equal(result.bytes, text.length);
    result.release();
    assert.equal(released, 1, 'the response is let go of once');
    return { request: request.toString(), result: text.toString() };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return error.code;
  }
}

function slow(one: Case): Outcome | string {
  const same = (text: string | undefined): string | undefined => (text?.trim() === '$' ? undefined : text);
  const { inputFilter, outputFilter } = filters({
    ...one,
    inputFilter: same(one.inputFilter),
    outputFilter: same(one.outputFilter),
  });
  const { format, join, quotedNewlines } = one;
  try {
    const { request, respond } = transform(
      {
        format,
        join,
        quotedNewlines,
        ...(inputFilter === undefined ? {} : { inputFilter }),
        ...(outputFilter === undefined ? {} : { outputFilter }),
        ...(one.ids ? { inferenceId: { id, time: TIME } } : {}),
      },
      one.input,
    );
    return { request, result: respond(one.response) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code;
  }
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
const switches = { join: fc.boolean(), ids: fc.boolean(), indexed: fc.boolean(), cuts };
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Without any of the three there is nothing to process, and the agent asks nobody. */
function isProcessed(one: Case): boolean {
  return one.join || one.ids || (one.outputFilter !== undefined && one.outputFilter.trim() !== '$');
}

function check(one: Case, seen: Map<string, number>): void {
  fc.pre(isProcessed(one));
  // A lone surrogate is no UTF-8: that it is refused has a test of its own.
  fc.pre(one.input.isWellFormed() && one.response.isWellFormed());
  const [expected, actual] = [slow(one), fast(one)];
  const kind = typeof expected === 'string' ? expected : 'good';
  seen.set(kind, (seen.get(kind) ?? 0) + 1);
  // Of two faults in one mini-batch either may be found first.
  if (typeof expected === 'string' && typeof actual === 'string') return;
  assert.deepEqual(actual, expected);
}

test('JSON Lines: the same bytes as the plain way, in any pieces', () => {
  const record = jsonWithPath({ newlines: false, duplicates: true });
  const line = jsonTexts({ newlines: false, duplicates: false });
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(record, line), { minLength: 1, maxLength: 5 }),
      fc.record({ ...switches, inputFilter: some(jsonPathTexts()), outputFilter: some(jsonPathTexts()) }),
      fc.constantFrom('path', 'input', 'both', 'none'),
      fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
      (records, { inputFilter, outputFilter, ...rest }, use, extra) => {
        const path = records[0]?.[0].path;
        const outputs = records.map(([, output]) => output);
        if (extra > 0) outputs.push('1');
        if (extra < 0) outputs.pop();
        check(
          {
            ...rest,
            format: 'json-lines',
            quotedNewlines: false,
            input: `${records.map(([{ text }]) => text).join('\n')}\n`,
            response: outputs.join('\n'),
            inputFilter: use === 'input' || use === 'both' ? path : use === 'none' ? undefined : inputFilter,
            outputFilter: use === 'path' || use === 'both' ? path : outputFilter,
          },
          seen,
        );
      },
    ),
    { numRuns: 700 },
  );
  assert((seen.get('good') ?? 0) > 70, `too few good cases: ${JSON.stringify([...seen])}`);
});

test('a JSON document: the same bytes as the plain way, in any pieces', () => {
  const document = jsonWithPath({ newlines: true, duplicates: true });
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      document,
      document,
      fc.record(switches),
      fc.constantFrom('input', 'output', 'joined', 'both', 'none'),
      (input, output, rest, use) => {
        check(
          {
            ...rest,
            format: 'json',
            quotedNewlines: false,
            input: input.text,
            response: output.text,
            inputFilter: use === 'input' || use === 'both' ? input.path : undefined,
            outputFilter: use === 'output' ? output.path : use === 'joined' || use === 'both' ? input.path : undefined,
          },
          seen,
        );
      },
    ),
    { numRuns: 700 },
  );
  assert((seen.get('good') ?? 0) > 110, `too few good cases: ${JSON.stringify([...seen])}`);
});

test('CSV: the same bytes as the plain way, in any pieces', () => {
  const seen = new Map<string, number>();
  const texts = fc.boolean().chain((quotedNewlines) =>
    fc.record({
      quotedNewlines: fc.constant(quotedNewlines),
      input: csvTexts({ quotedNewlines }),
      response: csvTexts({ quotedNewlines }),
    }),
  );
  fc.assert(
    fc.property(
      texts,
      fc.record({ ...switches, inputFilter: some(csvPathTexts()), outputFilter: some(csvPathTexts()) }),
      fc.boolean(),
      (text, rest, sameCount) => {
        const rows = linesOf(text.input, text.quotedNewlines);
        const answers = linesOf(text.response, text.quotedNewlines);
        fc.pre(rows.length > 0);
        // Every row has its answer, but for some cases.
        const response = sameCount ? rows.map((_, i) => answers[i % answers.length] || 'x').join('\n') : text.response;
        check({ ...text, ...rest, response, format: 'csv' }, seen);
      },
    ),
    { numRuns: 700 },
  );
  assert((seen.get('good') ?? 0) > 70, `too few good cases: ${JSON.stringify([...seen])}`);
});
