import type { BatchStrategy } from './mini-batch.ts';
import { line } from './split/line.ts';
import { none } from './split/none.ts';
import { quotedLine } from './split/quoted-line.ts';
import { recordIO } from './split/recordio.ts';
import type { Split, SplitType, Splitter } from './split/split.ts';
import { tfRecord } from './split/tfrecord.ts';

export type CompressionType = 'None' | 'Gzip';
export type CsvHeader = 'drop' | 'repeat';

const SPLITS: Readonly<Record<SplitType, () => Split>> = {
  None: none,
  Line: line,
  RecordIO: recordIO,
  TFRecord: tfRecord,
};

export interface RecordRulesOptions {
  readonly splitType: SplitType;
  readonly compressionType: CompressionType;
  readonly batchStrategy: BatchStrategy;
  /** Bytes of a request; `Infinity` when objects are streamed. */
  readonly maxPayloadBytes: number;
  /** `--max-records-per-mini-batch` */
  readonly maxRecords: number | undefined;
  readonly csvHeader: CsvHeader | undefined;
  /** `--csv-quoted-newlines`: a record of a line split may span lines inside quotes. */
  readonly quotedNewlines: boolean;
  /** True when records are looked into, for a filter or a join. */
  readonly processed: boolean;
}

/** How the objects of a job are cut into records, and these packed into mini-batches (behaviour 2). */
export class RecordRules {
  readonly splitType: SplitType;
  readonly compressed: boolean;
  readonly maxPayloadBytes: number;
  readonly header: CsvHeader | undefined;
  /** True when whole objects are sent without a look at what is in them. */
  readonly sentAsIs: boolean;
  readonly limits: { readonly maxRecords: number; readonly maxBytes: number };
  readonly #split: Split;
  readonly #bare: boolean;

  constructor(options: RecordRulesOptions) {
    const { splitType, maxPayloadBytes } = options;
    const single = options.batchStrategy === 'SingleRecord';
    this.#split = splitType === 'Line' && options.quotedNewlines ? quotedLine() : SPLITS[splitType]();
    this.#bare = single && this.#split.payload !== undefined;
    this.splitType = splitType;
    this.compressed = options.compressionType === 'Gzip';
    this.maxPayloadBytes = maxPayloadBytes;
    this.header = options.csvHeader;
    this.sentAsIs = splitType === 'None' && !options.processed;
    this.limits = {
      maxRecords: single ? 1 : (options.maxRecords ?? Number.POSITIVE_INFINITY),
      // Alone, a record is sent without its framing, and only what is sent counts.
      maxBytes: maxPayloadBytes + (this.#bare ? this.#split.framingBytes : 0),
    };
  }

  /** True when an object is sent as one request of any size, while it is read (`MaxPayloadInMB=0`). */
  get streamed(): boolean {
    return this.maxPayloadBytes === Number.POSITIVE_INFINITY;
  }

  splitter(name: string, sizeBytes: number | undefined): Splitter {
    return this.#split.splitter({ name, sizeBytes, maxRecordBytes: this.maxPayloadBytes });
  }

  /** What is sent of a mini-batch: whole frames, or the bare record when it is sent alone (behaviour 2). */
  payload(segments: readonly Buffer[]): readonly Buffer[] {
    return this.#bare && this.#split.payload !== undefined ? this.#split.payload(segments) : segments;
  }
}
