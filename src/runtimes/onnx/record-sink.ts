import type { Tensor } from 'onnxruntime-node';

/** One of the model's outputs for the records of one run. */
export interface BatchOutput {
  readonly name: string;
  readonly tensor: Tensor;
  /** The dimensions after the batch. */
  readonly shape: readonly number[];
  /** Elements per record. */
  readonly width: number;
  /** The classes of a ZipMap output, one for each element of a record. */
  readonly classes: readonly string[] | undefined;
}

/** Takes the results of one request, run by run, and writes them down. */
export interface RecordSink {
  /** Writes one result for each of the first `rows` records, in order. */
  write(outputs: readonly BatchOutput[], rows: number): void;
  /** To be called once, after the last write. */
  finish(): void;
}
