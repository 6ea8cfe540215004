import { MillraceError, type Place } from '../../core/errors.ts';
import type { MiniBatch } from '../mini-batch.ts';
import { ScanError } from '../scan/scanner.ts';
import type { AppliedFilter } from './applied-filter.ts';
import type { Pieces } from './pieces.ts';
import type { ObjectRecords } from './processing.ts';
import { SelectionError } from './selection.ts';

/** Characters of a record that a message shows. */
const SHOWN_CHARS = 80;
const NEWLINE = 10;

/** Which record of a mini-batch is at hand, to say so when it turns out to be bad. */
export class RecordCursor {
  readonly #object: ObjectRecords;
  readonly #batch: MiniBatch;
  readonly text: Pieces;
  /** Records complete, and where the last of them ended. */
  count = 0;
  #end = 0;

  constructor(object: ObjectRecords, batch: MiniBatch, text: Pieces) {
    this.#object = object;
    this.#batch = batch;
    this.text = text;
  }

  /** The record at hand is complete, its value or row ends at `to`. */
  next(to: number): void {
    this.count += 1;
    this.#end = to;
  }

  /** The text is gone through once more. */
  restart(): void {
    this.count = 0;
    this.#end = 0;
  }

  /** The place of the record at hand in its object. */
  place(): Place {
    return this.placeOf(this.count, this.count === 0 ? 0 : lineAfter(this.text, this.#end));
  }

  placeOf(record: number, from: number): Place {
    const { name } = this.#object;
    return { object: name, record: this.#batch.record + record, offset: this.#batch.offset + from };
  }

  /** The place of a record by its number in the mini-batch, one line each, without having read up to it. */
  placeOfLine(record: number): Place {
    let from = 0;
    for (let line = 0; line < record; line++) from = lineAfter(this.text, from);
    return this.placeOf(record, from);
  }

  /** The place of the mini-batch. */
  start(): Place {
    return this.placeOf(0, 0);
  }
}

/** What a scan or a selection threw, as an error that names the record. */
export function inputFailure(
  error: unknown,
  cursor: RecordCursor,
  format: 'CSV' | 'JSON',
  filter?: AppliedFilter,
): unknown {
  if (error instanceof SelectionError) return selectionFailure(error, cursor.place(), filter);
  if (!(error instanceof ScanError)) return error;
  return new MillraceError('InputNotParsed', {
    ...cursor.placeOf(error.record, error.recordStart),
    format,
    line: excerpt(cursor.text, error.recordStart),
    cause: causeOfScan(error),
  });
}

/** The same for a response; `cursor` is that of the mini-batch, `response` the text that was looked into. */
export function outputFailure(error: unknown, cursor: RecordCursor, response: Pieces, format: 'CSV' | 'JSON'): unknown {
  if (!(error instanceof ScanError)) return error;
  return outputNotParsed(cursor, response, format, error.record, error.recordStart, causeOfScan(error));
}

export function outputNotParsed(
  cursor: RecordCursor,
  response: Pieces,
  format: 'CSV' | 'JSON',
  row: number,
  from: number,
  cause: string,
): MillraceError {
  return new MillraceError('OutputNotParsed', {
    ...cursor.start(),
    format,
    row,
    line: excerpt(response, from),
    cause,
  });
}

export function selectionFailure(
  { problem }: SelectionError,
  place: Place,
  filter: AppliedFilter | undefined,
): MillraceError {
  if (problem.code === 'DuplicateAttribute') {
    return new MillraceError('DuplicateAttribute', { ...place, name: problem.name });
  }
  const { index, length } = problem;
  return new MillraceError('IndexOutOfRange', { ...place, ...filterDetails(filter), index, length });
}

/** Nothing of a record was selected. */
export function selectsNothing(place: Place, filter: AppliedFilter): MillraceError {
  return new MillraceError('FilterSelectsNothing', { ...place, ...filterDetails(filter) });
}

function filterDetails(filter: AppliedFilter | undefined) {
  return { filter: filter?.filter ?? ('InputFilter' as const), path: filter?.path.text ?? '' };
}

function causeOfScan({ reason, position, recordStart }: ScanError): string {
  return `${reason} at its byte ${position - recordStart}`;
}

/** The start of a record, up to its end of line. */
function excerpt(text: Pieces, from: number): string {
  const bytes = text.slice(Math.min(from, text.length), Math.min(text.length, from + SHOWN_CHARS * 4));
  const end = bytes.indexOf(NEWLINE);
  const line = (end === -1 ? bytes : bytes.subarray(0, end)).toString().trimEnd();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}

/** Where the line behind `position` begins. */
function lineAfter(text: Pieces, position: number): number {
  let found = -1;
  text.forEach(position, text.length, (piece, from, to) => {
    if (found !== -1) return;
    const at = piece.subarray(from, to).indexOf(NEWLINE);
    if (at !== -1) found = position + at + 1;
    position += to - from;
  });
  return found === -1 ? text.length : found;
}
