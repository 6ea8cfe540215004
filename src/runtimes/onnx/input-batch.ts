import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ElementStore, elementBytes, elementStore } from './element-store.ts';
import { inputWidth, type Signature } from './signature.ts';

/** Where one column of a record goes: to `store`, at `row * width + offset`. */
export interface Column {
  readonly store: ElementStore;
  readonly width: number;
  readonly offset: number;
}

interface Input {
  readonly name: string;
  readonly type: InferenceSession.TensorValueMetadata['type'];
  /** The dimensions after the batch. */
  readonly shape: readonly number[];
  readonly width: number;
  readonly store: ElementStore;
}

// A small dense model on one core did 18 million rows of 12 columns a second in runs of 256, 102 in runs of 2,048 and 132 in
// runs of 4,096; parsing a row takes fifty times what a row takes there, and larger models gain nothing above 256.
const maxRows = 2048;
// Rows of images are large: what goes to the model at once stays near the caches and far from the machine's memory.
const maxBytes = 4 * 1024 * 1024;

/** The memory for the records of one run of the model; it is filled, run, and filled again. */
export class InputBatch {
  /** Records per run, at the most; with a fixed batch dimension exactly. */
  readonly capacity: number;
  readonly inputs: readonly Input[];
  /** The columns of a record, over all inputs in the model's order. */
  readonly columns: readonly Column[];
  readonly #fixed: boolean;

  /** @param freeWidth columns of a record, where the model leaves its only input's width open */
  constructor(signature: Signature, freeWidth?: number) {
    const inputs = signature.inputs.map((input) => {
      const known = input.shape.reduce<number>((product, size) => product * (size ?? 1), 1);
      const width = inputWidth(input) ?? freeWidth ?? known;
      return { ...input, width, shape: input.shape.map((size) => size ?? width / known) };
    });
    const rowBytes = inputs.reduce((sum, input) => sum + input.width * elementBytes(input.type), 0);
    this.#fixed = signature.fixedBatch !== undefined;
    this.capacity =
      signature.fixedBatch ?? Math.max(1, Math.min(maxRows, Math.floor(maxBytes / Math.max(rowBytes, 1))));
    this.inputs = inputs.map((input) => {
      const store = elementStore(input.type, this.capacity * input.width);
      if (store === undefined) throw new Error(`input "${input.name}": ${input.type} is not supported`);
      return { ...input, store };
    });
    this.columns = this.inputs.flatMap(({ store, width }) =>
      Array.from({ length: width }, (_, offset) => ({ store, width, offset })),
    );
  }

  /**
   * The first `rows` records as tensors. With a fixed batch dimension the rest is filled up with copies of the last
   * record; the caller drops their results.
   */
  tensors(rows: number, TensorClass: typeof Tensor): Record<string, Tensor> {
    const batch = this.#fixed ? this.capacity : rows;
    const feeds: Record<string, Tensor> = {};
    for (const { name, type, shape, width, store } of this.inputs) {
      for (let row = rows; row < batch; row++) store.data.copyWithin(row * width, (rows - 1) * width, rows * width);
      const count = batch * width;
      const data = Array.isArray(store.data) ? store.data.slice(0, count) : store.data.subarray(0, count);
      const tensor = new TensorClass(type, data, [batch, ...shape]);
      // The binding cannot read a Float16Array, which is what Tensor makes of the bits: show it the bits.
      if (type === 'float16') Object.defineProperty(tensor, 'data', { value: data });
      feeds[name] = tensor;
    }
    return feeds;
  }
}
