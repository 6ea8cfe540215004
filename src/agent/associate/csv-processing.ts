import { MillraceError } from '../../core/errors.ts';
import type { BlockPool } from '../http/block-pool.ts';
import type { Inference } from '../invoker.ts';
import type { MiniBatch } from '../mini-batch.ts';
import { ARRAY, EMPTY } from '../scan/scanner.ts';
import { type AppliedFilter, appliedFilter } from './applied-filter.ts';
import { BodyWriter } from './body-writer.ts';
import { CsvHeader } from './csv-header.ts';
import type { JsonPath } from './json-path.ts';
import type { MemberSink } from './member-sink.ts';
import { Pieces } from './pieces.ts';
import {
  type InferenceIds,
  type ObjectRecords,
  type OutputHeader,
  type Processed,
  type Processing,
  type RequestBody,
  resultOf,
} from './processing.ts';
import {
  inputFailure,
  outputFailure,
  outputNotParsed,
  RecordCursor,
  selectionFailure,
  selectsNothing,
} from './record-failure.ts';
import { RecordScan, type RecordTaker } from './record-scan.ts';
import { RowTable } from './row-table.ts';
import { SelectionError } from './selection.ts';

const [NEWLINE, COMMA] = [10, 44] as const;

export interface CsvProcessingOptions {
  readonly inputFilter: JsonPath | undefined;
  readonly join: boolean;
  readonly outputFilter: JsonPath | undefined;
  readonly inferenceIds: InferenceIds | undefined;
  /** `--csv-header repeat`: the header stands at the top of every request. */
  readonly repeatsHeader: boolean;
  readonly quotedNewlines: boolean;
  /** True when the objects are cut into lines, so that a mini-batch knows how many rows it has. */
  readonly splitByLine: boolean;
  readonly pool: BlockPool;
}

/** Data processing for `text/csv` (RFC 4180). */
export class CsvProcessing implements Processing {
  readonly #options: CsvProcessingOptions;
  readonly #header: CsvHeader;
  readonly #scan = new RecordScan('csv');
  readonly #outputFields = new RecordScan('csv');
  readonly #rows = new RowTable();
  readonly #writer: BodyWriter;
  readonly #inputFilter: AppliedFilter | undefined;
  readonly #outputFilter: AppliedFilter | undefined;
  /** Columns of the response's first row. */
  #outputColumns = 0;

  constructor(options: CsvProcessingOptions) {
    this.#options = options;
    this.#writer = new BodyWriter(options.pool);
    this.#header = new CsvHeader(options);
    this.#inputFilter = appliedFilter('InputFilter', options.inputFilter, 'csv', this.#writer);
    this.#outputFilter = appliedFilter('OutputFilter', options.outputFilter, 'csv', this.#writer);
  }

  request(object: ObjectRecords, batch: MiniBatch): RequestBody {
    const { join, repeatsHeader } = this.#options;
    const filter = this.#inputFilter;
    const cursor = new RecordCursor(object, batch, new Pieces(batch.segments));
    if (filter !== undefined || join) this.#learnColumns(object, cursor);
    const header = repeatsHeader ? this.#header.sent(object) : Buffer.alloc(0);
    if (filter === undefined) {
      const segments = header.length === 0 ? batch.segments : [header, ...batch.segments];
      return { segments, bytes: header.length + batch.bytes, release: () => undefined };
    }
    return this.#guarded(() => {
      this.#writer.literal(header);
      let [start, end] = [header.length, header.length];
      this.#scanInput(object, cursor, filter, (from, to, columns) => {
        filter.selection.sink.end(cursor.text, from, to, ARRAY, columns);
        if (!filter.finish()) throw selectsNothing(cursor.place(), filter);
        this.#writer.byte(NEWLINE);
        [start, end] = [end, this.#writer.bytes];
      });
      // As the mini-batch itself: a last line without a newline gains none, which might be a byte too many; an empty one needs it.
      if (!cursor.text.endsWith(NEWLINE) && end - start > 1) this.#writer.takeBackByte();
      return this.#writer.finish();
    });
  }

  respond(object: ObjectRecords, batch: MiniBatch, response: Inference): Processed {
    const cursor = new RecordCursor(object, batch, new Pieces(batch.segments));
    const output = new Pieces(response.pieces);
    let header: OutputHeader | undefined;
    try {
      const body = this.#guarded(() => {
        this.#findRows(cursor, batch, output);
        const skipped = this.#answersHeader(object, batch) ? 1 : 0;
        header = this.#outputHeader(object, output, skipped);
        if (this.#options.join) this.#join(object, cursor, output, skipped);
        else this.#each(cursor, batch, output, skipped);
        return this.#writer.finish();
      });
      return { ...resultOf(response, body), header };
    } catch (error) {
      response.release();
      throw error;
    }
  }

  headerLine(object: ObjectRecords, output: OutputHeader | undefined): Buffer | undefined {
    return this.#header.written(object, output);
  }

  /**
   * The first row that can be read says how many columns the others have. Calls begin in the order of the mini-batches, and this is
   * done when they begin, so it does not depend on which of them ends first.
   */
  #learnColumns(object: ObjectRecords, { text }: RecordCursor): void {
    if (object.columns !== undefined) return;
    if (object.header !== undefined) object.columns = this.#header.columns(object, object.header);
    else object.columns = this.#scan.firstRecord(text, this.#options.quotedNewlines);
  }

  identified(result: Buffer): Buffer {
    const ids = this.#options.inferenceIds;
    return ids === undefined ? result : Buffer.concat([result, Buffer.from(`,${ids.next()},${ids.time}`)]);
  }

  #findRows(cursor: RecordCursor, batch: MiniBatch, output: Pieces): void {
    const rows = this.#rows;
    // One more than there are records may be the model's own header.
    rows.begin(this.#options.splitByLine ? batch.records + 1 : Number.POSITIVE_INFINITY);
    const record: RecordTaker = (from, to, empty, columns) => {
      if (empty === EMPTY) throw outputNotParsed(cursor, output, 'CSV', rows.count, from, 'the line is empty');
      if (rows.count === 0) this.#outputColumns = columns;
      rows.add(from, to);
    };
    const { quotedNewlines } = this.#options;
    try {
      this.#scan.records(output, { format: 'csv', quotedNewlines }, undefined, record);
    } catch (error) {
      throw outputFailure(error, cursor, output, 'CSV');
    }
  }

  /** A model that answers one line more than it was asked for, where there are headers, has put one above its results. */
  #answersHeader(object: ObjectRecords, batch: MiniBatch): boolean {
    return object.header !== undefined && this.#rows.count === batch.records + 1;
  }

  #outputHeader(object: ObjectRecords, output: Pieces, skipped: number): OutputHeader | undefined {
    if (object.header === undefined) return undefined;
    // Kept for later, so copied: the response is let go of.
    const row = skipped === 0 ? undefined : Buffer.from(output.slice(this.#rows.from(0), this.#rows.to(0)));
    return { columns: this.#outputColumns, row };
  }

  #join(object: ObjectRecords, cursor: RecordCursor, output: Pieces, skipped: number): void {
    const filter = this.#outputFilter;
    const [writer, rows, { text }] = [this.#writer, this.#rows, cursor];
    this.#scanInput(object, cursor, filter, (from, to, columns) => {
      const row = cursor.count + skipped;
      if (row >= rows.count) return; // counted on, for the message
      const [outFrom, outTo] = [rows.from(row), rows.to(row)];
      if (filter === undefined) {
        writer.range(text, from, to);
        writer.byte(COMMA);
        writer.range(output, outFrom, outTo);
      } else {
        const count = columns + this.#passFields(output, outFrom, outTo, filter.selection.sink);
        filter.selection.sink.end(text, from, to, ARRAY, count, {
          source: output,
          from: outFrom,
          to: outTo,
        });
        if (!filter.finish()) throw selectsNothing(cursor.place(), filter);
      }
      this.#endRow();
    });
    const lines = rows.count - skipped;
    if (cursor.count !== lines) {
      throw new MillraceError('MismatchedCount', { ...cursor.start(), records: cursor.count, lines });
    }
  }

  /** Adds the fields of an output row to those of the input row that `selected` has had; returns how many. */
  #passFields(output: Pieces, from: number, to: number, selected: MemberSink): number {
    let fields = 0;
    this.#outputFields.value(output, from, to, {
      member: (source, key, keyTo, escaped, at, end) => selected.member(source, key, keyTo, escaped, at, end),
      named: () => undefined,
      end: (_source, _from, _to, _kind, count) => {
        fields = count;
      },
    });
    return fields;
  }

  /** Without a join only the response matters. */
  #each(cursor: RecordCursor, batch: MiniBatch, output: Pieces, skipped: number): void {
    const { splitByLine } = this.#options;
    const filter = this.#outputFilter;
    const [writer, rows] = [this.#writer, this.#rows];
    const lines = rows.count - skipped;
    if (splitByLine && lines !== batch.records) {
      throw new MillraceError('MismatchedCount', { ...cursor.start(), records: batch.records, lines });
    }
    for (let row = skipped; row < rows.count; row++) {
      const [from, to] = [rows.from(row), rows.to(row)];
      if (filter === undefined) writer.range(output, from, to);
      else {
        try {
          this.#outputFields.value(output, from, to, filter.selection.sink);
        } catch (error) {
          if (!(error instanceof SelectionError)) throw error;
          throw selectionFailure(error, cursor.placeOfLine(row - skipped), filter);
        }
        if (!filter.finish()) throw selectsNothing(cursor.placeOfLine(row - skipped), filter);
      }
      this.#endRow();
    }
  }

  #scanInput(
    object: ObjectRecords,
    cursor: RecordCursor,
    filter: AppliedFilter | undefined,
    row: (from: number, to: number, columns: number) => void,
  ): void {
    const { quotedNewlines } = this.#options;
    const record: RecordTaker = (from, to, _empty, columns) => {
      if (columns !== object.columns) {
        const expected = object.columns ?? 0;
        throw new MillraceError('RaggedRow', { ...cursor.placeOf(cursor.count, from), columns, expected });
      }
      row(from, to, columns);
      cursor.next(to);
    };
    try {
      this.#scan.records(cursor.text, { format: 'csv', quotedNewlines }, filter?.selection.sink, record);
    } catch (error) {
      throw inputFailure(error, cursor, 'CSV', filter);
    }
  }

  /** Identifiers come after everything else (behaviour 4). */
  #endRow(): void {
    const ids = this.#options.inferenceIds;
    if (ids !== undefined) this.#writer.literal(Buffer.from(`,${ids.next()},${ids.time}`));
    this.#writer.byte(NEWLINE);
  }

  /** Whatever was written of a mini-batch that fails is given back. */
  #guarded<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      this.#writer.discard();
      this.#inputFilter?.reset();
      this.#outputFilter?.reset();
      throw error;
    }
  }
}
