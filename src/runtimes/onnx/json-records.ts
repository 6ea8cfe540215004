import { BadInput } from './bad-input.ts';
import type { InputBatch } from './input-batch.ts';
import { countColumns, isObject, storeInstance } from './json-instance.ts';
import type { RecordSource } from './record-source.ts';
import { inputWidth, type Signature } from './signature.ts';

/**
 * The records of one JSON document: `{"instances": […]}`, other members ignored. Without that member, an array is a list
 * of instances, except that an array of plain values is one instance for a model of several columns; any other value is
 * one instance.
 */
export class JsonRecords implements RecordSource {
  readonly #instances: readonly unknown[];
  #next = 0;

  /** @throws BadInput when the body is not JSON */
  constructor(bytes: Buffer, end: number, signature: Signature) {
    this.#instances = instancesOf(parseDocument(bytes, end), signature);
  }

  firstWidth(): number {
    return this.#instances.length === 0 ? 0 : countColumns(this.#instances[0]);
  }

  read(batch: InputBatch, limit: number): number {
    const rows = Math.min(limit, this.#instances.length - this.#next);
    for (let row = 0; row < rows; row++) {
      storeInstance(batch, row, this.#instances[this.#next], `instance ${this.#next + 1}`);
      this.#next++;
    }
    return rows;
  }
}

function parseDocument(bytes: Buffer, end: number): unknown {
  const text = bytes.toString('utf8', 0, end).replace(/^\ufeff/, '');
  if (text.trim() === '') throw new BadInput('the body is empty; expected a JSON document');
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new BadInput(
      `the body is not one JSON document: ${message} (for one document a line send application/jsonlines)`,
    );
  }
}

function instancesOf(document: unknown, signature: Signature): readonly unknown[] {
  if (isObject(document)) {
    if (!('instances' in document) || signature.inputs.some((input) => input.name === 'instances')) return [document];
    const { instances } = document;
    if (!Array.isArray(instances)) throw new BadInput('"instances" has to be an array');
    return instances;
  }
  if (!Array.isArray(document)) return [document];
  const columns = signature.inputs.reduce((sum, input) => sum + (inputWidth(input) ?? 2), 0);
  const plain = document.every((element) => typeof element !== 'object' || element === null);
  return plain && columns > 1 && document.length > 0 ? [document] : document;
}
