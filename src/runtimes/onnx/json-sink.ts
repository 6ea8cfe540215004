import type { ByteWriter } from './byte-writer.ts';
import { type CellWriter, cellWriter, jsonSpelling } from './cell-writer.ts';
import type { BatchOutput, RecordSink } from './record-sink.ts';

const newline = 10;
const comma = 44;
const bracket = { open: 91, close: 93 };
const brace = { open: 123, close: 125 };

/**
 * One JSON value for each record: a scalar for a single output of one column, an array (nested as the tensor is) for a
 * wider one, an object by class for a ZipMap; an object by output name when there are several outputs.
 */
export class JsonSink implements RecordSink {
  readonly #out: ByteWriter;
  readonly #lines: boolean;
  #records = 0;

  /** @param lines whether to write JSON Lines; otherwise `{"predictions": […]}` */
  constructor(out: ByteWriter, lines: boolean) {
    this.#out = out;
    this.#lines = lines;
    if (!lines) out.ascii('{"predictions":[');
  }

  write(outputs: readonly BatchOutput[], rows: number): void {
    const out = this.#out;
    const writers = outputs.map((output) => elementWriter(output));
    const keys = outputs.map((output, i) => `${i > 0 ? ',' : '{'}${JSON.stringify(output.name)}:`);
    const [only] = writers;
    for (let row = 0; row < rows; row++) {
      if (!this.#lines && this.#records > 0) out.byte(comma);
      this.#records++;
      if (writers.length === 1 && only !== undefined) only(row);
      else {
        for (const [i, write] of writers.entries()) {
          out.text(keys[i] as string);
          write(row);
        }
        out.byte(brace.close);
      }
      if (this.#lines) out.byte(newline);
    }

    function elementWriter({ tensor, shape, width, classes }: BatchOutput): (row: number) => void {
      const cell = cellWriter(tensor, jsonSpelling);
      if (classes !== undefined) return (row) => writeClasses(out, classes, cell, row * width);
      if (width === 1) return (row) => cell(out, row);
      return (row) => writeArray(out, shape, 0, width, cell, row * width);
    }
  }

  finish(): void {
    if (!this.#lines) this.#out.ascii(']}');
  }
}

function writeClasses(out: ByteWriter, classes: readonly string[], cell: CellWriter, start: number): void {
  for (let i = 0; i < classes.length; i++) {
    out.byte(i === 0 ? brace.open : comma);
    out.text(JSON.stringify(classes[i]));
    out.ascii(':');
    cell(out, start + i);
  }
  out.byte(brace.close);
}

function writeArray(
  out: ByteWriter,
  shape: readonly number[],
  depth: number,
  width: number,
  cell: CellWriter,
  start: number,
): void {
  if (depth === shape.length) {
    cell(out, start);
    return;
  }
  const length = shape[depth] as number;
  const step = width / length;
  out.byte(bracket.open);
  for (let i = 0; i < length; i++) {
    if (i > 0) out.byte(comma);
    writeArray(out, shape, depth + 1, step, cell, start + i * step);
  }
  out.byte(bracket.close);
}
