import { BadInput } from './bad-input.ts';
import type { InputBatch } from './input-batch.ts';
import { countColumns, isObject, storeInstance } from './json-instance.ts';
import type { RecordSource } from './record-source.ts';

const newline = 10;

/**
 * JSON Lines: one instance a line, or `{"instances": […]}` with one instance in it. The last line may go without a line
 * end; one empty line at the end is ignored, elsewhere it is an error.
 */
export class JsonLinesRecords implements RecordSource {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #lines = 0;
  readonly #instancesIsInput: boolean;

  /**
   * @param bytes the body and after it, at `end`, one newline more
   * @param inputNames the model's inputs: one called `instances` keeps its plain meaning
   */
  constructor(bytes: Buffer, end: number, inputNames: readonly string[]) {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    this.#instancesIsInput = inputNames.includes('instances');
  }

  firstWidth(): number {
    const at = this.#at;
    const first = this.#nextInstance();
    this.#at = at;
    this.#lines = 0;
    return first === undefined ? 0 : countColumns(first.instance);
  }

  read(batch: InputBatch, limit: number): number {
    for (let row = 0; row < limit; row++) {
      const next = this.#nextInstance();
      if (next === undefined) return row;
      storeInstance(batch, row, next.instance, `line ${this.#lines}`);
    }
    return limit;
  }

  #nextInstance(): { readonly instance: unknown } | undefined {
    if (this.#at >= this.#end) return undefined;
    const lineEnd = this.#bytes.indexOf(newline, this.#at);
    const line = this.#bytes.toString('utf8', this.#at, Math.min(lineEnd, this.#end));
    this.#at = lineEnd + 1;
    this.#lines++;
    if (line.trim() === '') {
      if (this.#at >= this.#end) return undefined;
      throw new BadInput(`line ${this.#lines}: the line is empty`);
    }
    return { instance: this.#unwrap(this.#parse(line)) };
  }

  #parse(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch (error) {
      throw new BadInput(`line ${this.#lines}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #unwrap(value: unknown): unknown {
    if (!isObject(value) || !('instances' in value) || this.#instancesIsInput) return value;
    const { instances } = value;
    if (Array.isArray(instances) && instances.length === 1) return instances[0];
    const found = Array.isArray(instances) ? `${instances.length} of them` : 'no array';
    throw new BadInput(
      `line ${this.#lines}: "instances" has to hold one instance, found ${found}; one line is one record`,
    );
  }
}
