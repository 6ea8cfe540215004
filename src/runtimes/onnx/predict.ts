import { BadInput } from './bad-input.ts';
import { ByteWriter } from './byte-writer.ts';
import { CsvRecords } from './csv-records.ts';
import { CsvSink } from './csv-sink.ts';
import { InputBatch } from './input-batch.ts';
import { JsonLinesRecords } from './json-lines-records.ts';
import { JsonRecords } from './json-records.ts';
import { JsonSink } from './json-sink.ts';
import type { Format } from './media-type.ts';
import type { Model } from './model.ts';
import type { RecordSink } from './record-sink.ts';
import type { RecordSource } from './record-source.ts';
import { firstRunSize, nextRunSize } from './run-size.ts';
import { inputWidth, type Signature } from './signature.ts';

/** Answers requests with one model, one at a time. It owns the memory that records are parsed into. */
export class Predictor {
  readonly #model: Model;
  /** Kept from request to request, unless each request decides about the width. */
  readonly #batch: InputBatch | undefined;
  readonly #now: () => number;
  #runSize = firstRunSize;

  /** @param now seconds of a monotonic clock */
  constructor(model: Model, now: () => number) {
    this.#model = model;
    this.#now = now;
    const open = model.signature.inputs.some((input) => inputWidth(input) === undefined);
    this.#batch = open ? undefined : new InputBatch(model.signature);
  }

  /**
   * One result for each record of the body, in order.
   *
   * @param body the request's body and, after its `length` bytes, one newline more
   * @param signal looked at between two runs of the model
   * @throws BadInput when the body does not fit the model; any other Error when the model fails, or at the signal
   */
  async predict(
    body: Buffer,
    length: number,
    request: Format,
    response: Format,
    signal: AbortSignal,
  ): Promise<ByteWriter> {
    const { signature } = this.#model;
    const source = recordsOf(body, length, request, signature);
    // Results are mostly shorter than their records; a guess that is too small costs a copy, one too large page faults.
    const out = new ByteWriter(length >> 2);
    const sink: RecordSink = response === 'csv' ? new CsvSink(out) : new JsonSink(out, response === 'jsonlines');
    const batch = this.#batch ?? openBatch(signature, source.firstWidth());
    const fixed = signature.fixedBatch !== undefined;
    for (;;) {
      const size = fixed ? batch.capacity : Math.min(this.#runSize, batch.capacity);
      const rows = source.read(batch, size);
      if (rows === 0) break;
      const start = this.#now();
      const outputs = await this.#model.run(batch, rows);
      this.#runSize = nextRunSize(size, rows, this.#now() - start, batch.capacity);
      sink.write(outputs, rows);
      signal.throwIfAborted();
    }
    sink.finish();
    return out;
  }
}

function recordsOf(body: Buffer, length: number, format: Format, signature: Signature): RecordSource {
  switch (format) {
    case 'csv':
      return new CsvRecords(body, length);
    case 'json':
      return new JsonRecords(body, length, signature);
    case 'jsonlines':
      return new JsonLinesRecords(
        body,
        length,
        signature.inputs.map(({ name }) => name),
      );
  }
}

/** The batch for a model whose only input leaves its width open: the first record decides, the others have to agree. */
function openBatch(signature: Signature, width: number): InputBatch {
  const known = signature.inputs[0]?.shape.reduce<number>((product, size) => product * (size ?? 1), 1) ?? 1;
  if (width % known !== 0) throw new BadInput(`record 1: expected a multiple of ${known} columns, found ${width}`);
  return new InputBatch(signature, Math.max(width, known));
}
