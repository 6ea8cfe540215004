import type { ByteWriter } from './byte-writer.ts';
import { cellWriter, csvSpelling } from './cell-writer.ts';
import type { BatchOutput, RecordSink } from './record-sink.ts';

const newline = 10;
const comma = 44;

/** One line for each record, with the columns of all outputs in the model's order; a ZipMap has a column for each class. */
export class CsvSink implements RecordSink {
  readonly #out: ByteWriter;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  write(outputs: readonly BatchOutput[], rows: number): void {
    const out = this.#out;
    const cells = outputs.map(({ tensor, width }) => ({ width, write: cellWriter(tensor, csvSpelling) }));
    for (let row = 0; row < rows; row++) {
      const start = out.length;
      for (const { width, write } of cells) {
        for (let index = row * width; index < (row + 1) * width; index++) {
          if (out.length > start) out.byte(comma);
          write(out, index);
        }
      }
      out.byte(newline);
    }
  }

  finish(): void {}
}
