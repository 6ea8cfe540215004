import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../../core/errors.ts';
import type { BlockPool } from '../http/block-pool.ts';
import type { Inference } from '../invoker.ts';
import type { MiniBatch } from '../mini-batch.ts';
import { type AppliedFilter, appliedFilter } from './applied-filter.ts';
import { type Attribute, AttributeWriter, attribute } from './attribute-writer.ts';
import { BodyWriter } from './body-writer.ts';
import { JoinedRecord } from './joined-record.ts';
import type { JsonPath } from './json-path.ts';
import { MemberIndex } from './member-index.ts';
import { lengthsOf, Name, OUTPUT_ATTRIBUTE } from './member-sink.ts';
import { Pieces } from './pieces.ts';
import {
  type InferenceIds,
  type ObjectRecords,
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
import { type MemberTaker, RecordScan, type RecordTaker } from './record-scan.ts';
import { RowTable } from './row-table.ts';
import { SelectionError } from './selection.ts';

/** The scanner's `keyLengths` for members of whatever name. */
const ALL_MEMBERS = 0;
const [NEWLINE, RETURN, BLANK] = [10, 13, 32] as const;

/** What a join sets, and has to look for in the records. */
const ATTRIBUTES = [OUTPUT_ATTRIBUTE, 'SageMakerInferenceId', 'SageMakerInferenceTime'] as const;

export interface JsonProcessingOptions {
  /** `json-lines`: one value a line, one line a record. `json`: the text is one value. */
  readonly format: 'json-lines' | 'json';
  /** True when the objects are cut into lines, so that a mini-batch knows how many records it has. */
  readonly splitByLine: boolean;
  /** True when each document becomes a line of the result. */
  readonly oneLine: boolean;
  readonly inputFilter: JsonPath | undefined;
  readonly join: boolean;
  readonly outputFilter: JsonPath | undefined;
  readonly inferenceIds: InferenceIds | undefined;
  readonly pool: BlockPool;
}

/** Data processing for `application/json` and `application/jsonlines`. */
export class JsonProcessing implements Processing {
  readonly #options: JsonProcessingOptions;
  readonly #scan = new RecordScan('json');
  /** Scans single values, for their identifiers. */
  readonly #values = new RecordScan('json');
  readonly #idAttributes: readonly Attribute[];
  readonly #identifier: AttributeWriter | undefined;
  readonly #rows = new RowTable();
  readonly #writer: BodyWriter;
  readonly #inputFilter: AppliedFilter | undefined;
  readonly #outputFilter: AppliedFilter | undefined;
  /** The attributes that a join, and its output filter, look for; `undefined` when it is all of them. */
  readonly #joinNames: readonly Name[] | undefined;
  /** The lengths of the names that are looked for in requests and in joins, as the scanner has them. */
  readonly #requestLengths: number;
  readonly #joinLengths: number;

  constructor(options: JsonProcessingOptions) {
    const { inputFilter, outputFilter, inferenceIds, pool } = options;
    const writer = new BodyWriter(pool);
    // Identifiers are added to what the filter has made, which is written beside the result then.
    const filtered = inferenceIds === undefined ? writer : new BodyWriter(pool);
    this.#options = options;
    this.#writer = writer;
    this.#idAttributes = idAttributes(inferenceIds);
    if (inferenceIds !== undefined)
      this.#identifier = new AttributeWriter(writer, this.#idAttributes, OUTPUT_ATTRIBUTE);
    this.#inputFilter = appliedFilter('InputFilter', inputFilter, 'json', writer);
    this.#outputFilter = appliedFilter('OutputFilter', outputFilter, 'json', filtered);
    const [sent, written] = [firstNames(inputFilter), firstNames(outputFilter)];
    this.#joinNames = written === undefined ? undefined : [...ATTRIBUTES, ...written].map((name) => new Name(name));
    this.#joinLengths = this.#joinNames === undefined ? ALL_MEMBERS : lengthsOf(this.#joinNames);
    const wanted = sent === undefined ? ALL_MEMBERS : lengthsOf(sent.map((name) => new Name(name)));
    this.#requestLengths = options.join ? eitherLengths(wanted, this.#joinLengths) : wanted;
  }

  request(object: ObjectRecords, batch: MiniBatch): RequestBody {
    const filter = this.#inputFilter;
    if (filter === undefined) return { segments: batch.segments, bytes: batch.bytes, release: () => undefined };
    const cursor = new RecordCursor(object, batch, new Pieces(batch.segments));
    const index = this.#newIndex(batch);
    const { sink } = filter.selection;
    const members = index === undefined ? sink : both(sink, index);
    return this.#guarded(() => {
      this.#scanInput(
        cursor,
        filter,
        members,
        (from, to, kind, count) => {
          index?.record(from, to, kind, count);
          filter.selection.sink.end(cursor.text, from, to, kind, count);
          if (!filter.finish()) throw selectsNothing(cursor.place(), filter);
          this.#endRecord();
        },
        this.#requestLengths,
      );
      // As the mini-batch itself: a last line without a newline gains none, which might be a byte too many.
      if (this.#options.format === 'json-lines' && !cursor.text.endsWith(NEWLINE)) this.#writer.takeBackByte();
      return { ...this.#writer.finish(), index: index?.complete ? index : undefined };
    });
  }

  respond(object: ObjectRecords, batch: MiniBatch, response: Inference, index?: MemberIndex): Processed {
    const cursor = new RecordCursor(object, batch, new Pieces(batch.segments));
    const output = this.#onOneLine(new Pieces(response.pieces));
    try {
      const body = this.#guarded(() => {
        this.#findRows(cursor, batch, output);
        this.#checkCount(cursor, batch);
        if (this.#options.join) this.#join(cursor, output, index);
        else this.#each(cursor, output);
        return this.#writer.finish();
      });
      return resultOf(response, body);
    } catch (error) {
      response.release();
      throw error;
    }
  }

  headerLine(): undefined {}

  identified(result: Buffer): Buffer {
    this.#identified(new Pieces([result]), 0, result.length);
    const { segments, release } = this.#writer.finish();
    const identified = Buffer.concat(segments);
    release();
    return identified;
  }

  /** A document that becomes a line of the result must not span several; outside of strings a newline is but a blank. */
  #onOneLine(output: Pieces): Pieces {
    if (!this.#options.oneLine) return output;
    const bytes = output.slice(0, output.length);
    if (!bytes.includes(NEWLINE)) return output;
    return new Pieces([bytes.map((byte) => (byte === NEWLINE || byte === RETURN ? BLANK : byte)) as Buffer]);
  }

  /** An index for the join that follows; `undefined` where it would have to keep everything. */
  #newIndex({ bytes }: MiniBatch): MemberIndex | undefined {
    const names = this.#joinNames;
    return this.#options.join && names !== undefined
      ? new MemberIndex(names, this.#outputFilter === undefined, bytes)
      : undefined;
  }

  /** The response's rows, each a valid value; in a document there is one. */
  #findRows(cursor: RecordCursor, batch: MiniBatch, output: Pieces): void {
    const rows = this.#rows;
    const { format, splitByLine } = this.#options;
    rows.begin(splitByLine ? batch.records : Number.POSITIVE_INFINITY);
    if (!output.isUtf8()) throw this.#notUtf8(cursor, output);
    try {
      this.#scan.records(output, { format, quotedNewlines: false }, undefined, (from, to) => rows.add(from, to));
    } catch (error) {
      throw outputFailure(error, cursor, output, 'JSON');
    }
  }

  #notUtf8(cursor: RecordCursor, output: Pieces): MillraceError {
    return outputNotParsed(cursor, output, 'JSON', 0, 0, 'it is not UTF-8');
  }

  /** A response with another number of lines would give records the results of others. */
  #checkCount(cursor: RecordCursor, batch: MiniBatch): void {
    const { format, splitByLine, join } = this.#options;
    const lines = this.#rows.count;
    let { records } = batch;
    if (format === 'json') records = 1;
    else if (!splitByLine) {
      if (!join) return; // an object that is sent whole has as many records as the model says
      records = 0;
      this.#scanInput(cursor, undefined, undefined, () => {
        records += 1;
      });
      cursor.restart();
    }
    if (records !== lines) throw new MillraceError('MismatchedCount', { ...cursor.start(), records, lines });
  }

  #join(cursor: RecordCursor, output: Pieces, index: MemberIndex | undefined): void {
    const filter = this.#outputFilter;
    const result = filter === undefined ? this.#joinAll(cursor, output) : this.#joinSome(cursor, output, filter);
    const record: RecordTaker = (from, to, kind, count) => {
      result.record(from, to, kind, count);
      this.#endRecord();
    };
    this.#scanInput(cursor, result.filter, result.sink, record, this.#joinLengths, index);
  }

  #joinAll(cursor: RecordCursor, output: Pieces): JoinResult {
    const rows = this.#rows;
    const writeOutput = (writer: BodyWriter): void =>
      writer.range(output, rows.from(cursor.count), rows.to(cursor.count));
    const attributes = [attribute(ATTRIBUTES[0], writeOutput), ...this.#idAttributes];
    const writer = new AttributeWriter(this.#writer, attributes, 'SageMakerInput');
    writer.begin(cursor.text);
    const record: RecordTaker = (from, to, kind, count) => writer.record(from, to, kind, count);
    return { filter: undefined, sink: writer, record };
  }

  #joinSome(cursor: RecordCursor, output: Pieces, filter: AppliedFilter): JoinResult {
    const joined = new JoinedRecord(filter.selection.sink, cursor.text, output, this.#rows);
    const record: RecordTaker = (from, to, kind, count) => {
      joined.record(from, to, kind, count);
      if (!filter.finish()) throw selectsNothing(cursor.place(), filter);
      this.#identify(filter);
    };
    return { filter, sink: joined, record };
  }

  /** Without a join only the response matters: each of its rows is filtered, or gains its identifiers. */
  #each(cursor: RecordCursor, output: Pieces): void {
    const { format } = this.#options;
    const filter = this.#outputFilter;
    const rows = this.#rows;
    let row = 0;
    const record: RecordTaker = (from, to, kind, count) => {
      filter?.selection.sink.end(output, from, to, kind, count);
      if (filter === undefined) this.#identified(output, from, to);
      else if (filter.finish()) this.#identify(filter);
      else throw selectsNothing(cursor.placeOfLine(row), filter);
      this.#endRecord();
      row += 1;
    };
    try {
      if (filter === undefined) for (; row < rows.count; ) record(rows.from(row), rows.to(row), 0, 0);
      else {
        this.#scan.records(output, { format, quotedNewlines: false }, filter.selection.sink, record);
      }
    } catch (error) {
      throw error instanceof SelectionError ? selectionFailure(error, cursor.placeOfLine(row), filter) : error;
    }
  }

  #scanInput(
    cursor: RecordCursor,
    filter: AppliedFilter | undefined,
    members: MemberTaker | undefined,
    record: RecordTaker,
    keyLengths = ALL_MEMBERS,
    index?: MemberIndex,
  ): void {
    const { format } = this.#options;
    const { text } = cursor;
    const checksEach = index === undefined && !text.isUtf8();
    const counted: RecordTaker = (from, to, kind, count) => {
      if (checksEach && !isUtf8(text.slice(from, to))) throw inputNotUtf8(cursor, from, to);
      record(from, to, kind, count);
      cursor.next(to);
    };
    try {
      if (index === undefined)
        this.#scan.records(text, { format, quotedNewlines: false, keyLengths }, members, counted);
      else if (members !== undefined) index.replay(text, members, counted);
    } catch (error) {
      throw inputFailure(error, cursor, 'JSON', filter);
    }
  }

  #endRecord(): void {
    if (this.#options.format === 'json-lines') this.#writer.byte(NEWLINE);
  }

  /** Moves a filtered record into the result, with its identifiers. */
  #identify({ writer }: AppliedFilter): void {
    if (writer === this.#writer) return;
    const { segments, release } = writer.finish();
    const record = Buffer.concat(segments);
    release();
    this.#identified(new Pieces([record]), 0, record.length);
  }

  /** Writes a value with its identifiers (behaviour 4: after everything else). */
  #identified(source: Pieces, from: number, to: number): void {
    const identifier = this.#identifier;
    if (identifier === undefined) {
      this.#writer.range(source, from, to);
      return;
    }
    identifier.begin(source);
    this.#values.value(source, from, to, identifier);
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

/** The identifiers as attributes; none where they were not asked for. */
function idAttributes(ids: InferenceIds | undefined): Attribute[] {
  if (ids === undefined) return [];
  const time = Buffer.from(JSON.stringify(ids.time));
  return [
    attribute(ATTRIBUTES[1], (writer) => writer.literal(Buffer.from(`"${ids.next()}"`))),
    attribute(ATTRIBUTES[2], (writer) => writer.literal(time)),
  ];
}

function eitherLengths(one: number, other: number): number {
  return one === ALL_MEMBERS || other === ALL_MEMBERS ? ALL_MEMBERS : one | other;
}

/** The attributes that a path begins with; none for no path, `undefined` for one that begins with anything else. */
function firstNames(path: JsonPath | undefined): readonly string[] | undefined {
  const first = path?.steps[0];
  if (first === undefined) return [];
  return first.kind === 'name' ? [first.name] : first.kind === 'names' ? first.names : undefined;
}

function both(one: MemberTaker, other: MemberTaker): MemberTaker {
  return {
    member: (source, key, keyTo, escaped, from, to) => {
      one.member(source, key, keyTo, escaped, from, to);
      other.member(source, key, keyTo, escaped, from, to);
    },
  };
}

function inputNotUtf8(cursor: RecordCursor, from: number, to: number): MillraceError {
  const line = cursor.text.slice(from, Math.min(to, from + 80)).toString();
  return new MillraceError('InputNotParsed', { ...cursor.place(), format: 'JSON', line, cause: 'it is not UTF-8' });
}

interface JoinResult {
  readonly filter: AppliedFilter | undefined;
  readonly sink: MemberTaker;
  readonly record: RecordTaker;
}
