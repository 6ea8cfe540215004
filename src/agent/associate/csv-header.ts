import { BlockPool } from '../http/block-pool.ts';
import { appliedFilter } from './applied-filter.ts';
import { BodyWriter } from './body-writer.ts';
import type { JsonPath } from './json-path.ts';
import { Pieces } from './pieces.ts';
import type { InferenceIds, ObjectRecords, OutputHeader } from './processing.ts';
import { RecordScan } from './record-scan.ts';

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

  /** The columns that it names. */
  columns(header: Buffer): number | undefined {
    return this.#scan.firstRecord(new Pieces([withoutLineEnd(header)]), { format: 'csv', quotedNewlines: true });
  }

  /** The line at the top of a request. */
  sent({ header }: ObjectRecords): Buffer {
    if (header === undefined) return Buffer.alloc(0);
    return line(this.#select(withoutLineEnd(header), this.#options.inputFilter));
  }

  /**
   * The line at the top of the result: the object's own; joined, with the output's columns behind it; or what the model itself
   * put above its rows.
   */
  written({ header }: ObjectRecords, output: OutputHeader = { columns: 1, row: undefined }): Buffer | undefined {
    if (header === undefined) return undefined;
    const { join, outputFilter, inferenceIds } = this.#options;
    const own = withoutLineEnd(header);
    const names = output.row ?? Buffer.from(columnNames(output.columns));
    let row: Buffer;
    if (join) row = this.#select(Buffer.concat([own, Buffer.from(','), names]), outputFilter);
    else row = output.row === undefined ? own : this.#select(output.row, outputFilter);
    const ids = inferenceIds === undefined ? '' : ',SageMakerInferenceId,SageMakerInferenceTime';
    return line(Buffer.concat([row, Buffer.from(ids)]));
  }

  #select(row: Buffer, path: JsonPath | undefined): Buffer {
    const writer = new BodyWriter(new BlockPool());
    const filter = appliedFilter('OutputFilter', path, 'csv', writer);
    if (filter === undefined) return row;
    this.#scan.value(new Pieces([row]), 0, row.length, filter.selection.sink);
    return Buffer.concat(writer.finish().segments);
  }
}

function columnNames(columns: number): string {
  if (columns === 1) return 'SageMakerOutput';
  return Array.from({ length: columns }, (_, i) => `SageMakerOutput${i + 1}`).join(',');
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
