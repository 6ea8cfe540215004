import { MillraceError } from '../../core/errors.ts';
import { BlockPool } from '../http/block-pool.ts';
import { ScanError } from '../scan/scanner.ts';
import { appliedFilter } from './applied-filter.ts';
import { BodyWriter } from './body-writer.ts';
import type { Filter, JsonPath } from './json-path.ts';
import { OUTPUT_ATTRIBUTE } from './member-sink.ts';
import { Pieces } from './pieces.ts';
import type { InferenceIds, ObjectRecords, OutputHeader } from './processing.ts';
import { RecordScan } from './record-scan.ts';
import { SelectionError } from './selection.ts';

/** Characters of a header that a message shows. */
const SHOWN_CHARS = 80;

export interface CsvHeaderOptions {
  readonly inputFilter: JsonPath | undefined;
  readonly join: boolean;
  readonly outputFilter: JsonPath | undefined;
  readonly inferenceIds: InferenceIds | undefined;
}

/** What becomes of a CSV header (`--csv-header`): it passes the same filters as the rows below it. */
export class CsvHeader {
  readonly #options: CsvHeaderOptions;
  readonly #scan = new RecordScan('csv');

  constructor(options: CsvHeaderOptions) {
    this.#options = options;
  }

  /** The columns that it names. @throws MillraceError `HeaderInvalid` */
  columns(object: ObjectRecords, header: Buffer): number {
    let columns = 0;
    const text = new Pieces([withoutLineEnd(header)]);
    if (text.length === 0) return 1;
    try {
      this.#scan.records(text, { format: 'csv', quotedNewlines: true }, undefined, (_from, _to, _kind, count) => {
        columns = count;
      });
    } catch (error) {
      throw invalid(error, object, header);
    }
    return columns;
  }

  /** The line at the top of a request. @throws MillraceError `HeaderInvalid` */
  sent(object: ObjectRecords): Buffer {
    const { header } = object;
    if (header === undefined) return Buffer.alloc(0);
    try {
      // Once for each object: every request has it.
      object.sentHeader ??= line(this.#select(withoutLineEnd(header), 'InputFilter', this.#options.inputFilter));
      return object.sentHeader;
    } catch (error) {
      throw invalid(error, object, header);
    }
  }

  /**
   * The line at the top of the result: the object's own; joined, with the output's columns behind it; or what the model itself
   * put above its rows.
   *
   * @param output of the first mini-batch; without it nobody knows how many columns the output has, and a filter that needs more than
   *   one of them leaves the line as it is
   * @throws MillraceError `HeaderInvalid`
   */
  written(object: ObjectRecords, output: OutputHeader | undefined): Buffer | undefined {
    const { header } = object;
    if (header === undefined) return undefined;
    const { join, outputFilter, inferenceIds } = this.#options;
    const own = withoutLineEnd(header);
    const names = output?.row ?? Buffer.from(columnNames(output?.columns ?? 1));
    const joined = Buffer.concat([own, Buffer.from(','), names]);
    let row: Buffer;
    try {
      if (join) row = this.#select(joined, 'OutputFilter', outputFilter);
      else row = output?.row === undefined ? own : this.#select(output.row, 'OutputFilter', outputFilter);
    } catch (error) {
      if (output !== undefined || !(error instanceof SelectionError)) throw invalid(error, object, header);
      row = joined;
    }
    const ids = inferenceIds === undefined ? '' : ',SageMakerInferenceId,SageMakerInferenceTime';
    return line(Buffer.concat([row, Buffer.from(ids)]));
  }

  #select(row: Buffer, name: Filter, path: JsonPath | undefined): Buffer {
    const writer = new BodyWriter(new BlockPool());
    const filter = appliedFilter(name, path, 'csv', writer);
    if (filter === undefined) return row;
    this.#scan.value(new Pieces([row]), 0, row.length, filter.selection.sink);
    return Buffer.concat(writer.finish().segments);
  }
}

function invalid(error: unknown, { name: object }: ObjectRecords, bytes: Buffer): unknown {
  const text = withoutLineEnd(bytes).toString();
  const header = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  if (error instanceof ScanError) return new MillraceError('HeaderInvalid', { object, header, cause: error.message });
  if (!(error instanceof SelectionError) || error.problem.code !== 'IndexOutOfRange') return error;
  const { index, length } = error.problem;
  const cause = `a filter selects the column ${index} of ${length}`;
  return new MillraceError('HeaderInvalid', { object, header, cause });
}

function columnNames(columns: number): string {
  if (columns === 1) return OUTPUT_ATTRIBUTE;
  return Array.from({ length: columns }, (_, i) => `${OUTPUT_ATTRIBUTE}${i + 1}`).join(',');
}

function withoutLineEnd(header: Buffer): Buffer {
  let to = header.length;
  if (header[to - 1] === 10) to -= 1;
  if (header[to - 1] === 13) to -= 1;
  return header.subarray(0, to);
}

function line(row: Buffer): Buffer {
  return Buffer.concat([row, Buffer.from('\n')]);
}
