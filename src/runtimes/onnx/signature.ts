import type { InferenceSession } from 'onnxruntime-node';
import { elementStore } from './element-store.ts';

type TensorType = InferenceSession.TensorValueMetadata['type'];

export interface InputTensor {
  readonly name: string;
  readonly type: TensorType;
  /** The dimensions after the batch; `undefined` for one that the records of a request decide. */
  readonly shape: readonly (number | undefined)[];
}

interface OutputTensor {
  readonly name: string;
  readonly type: TensorType;
  /** The classes of a ZipMap output, in the order of the tensor's columns. */
  readonly classes: readonly string[] | undefined;
}

/** What a model takes and gives, as far as it concerns handing in records and handing out results. */
export interface Signature {
  readonly inputs: readonly InputTensor[];
  readonly outputs: readonly OutputTensor[];
  /** Records that every run must have; `undefined` when the model takes any number. */
  readonly fixedBatch: number | undefined;
}

/** The columns of one record in this input; `undefined` when a request's records decide. */
export function inputWidth(input: InputTensor): number | undefined {
  let width = 1;
  for (const size of input.shape) {
    if (size === undefined) return undefined;
    width *= size;
  }
  return width;
}

/**
 * Reads the signature from a session's metadata.
 *
 * @param classes the classes of each output that was a ZipMap, by the output's name
 * @throws Error when the model cannot be served record by record, saying why
 */
export function signatureOf(
  inputs: readonly InferenceSession.ValueMetadata[],
  outputs: readonly InferenceSession.ValueMetadata[],
  classes: ReadonlyMap<string, readonly string[]>,
): Signature {
  if (inputs.length === 0) throw new Error('the model has no inputs');
  const batches = new Set<number>();
  const inputTensors = inputs.map((input) => {
    if (!input.isTensor) throw new Error(`input "${input.name}" is not a tensor (a sequence or a map)`);
    if (elementStore(input.type, 0) === undefined) {
      throw new Error(`input "${input.name}" has the element type ${input.type}, which cannot be filled from text`);
    }
    const [batch, ...shape] = input.shape;
    if (batch === undefined) throw new Error(`input "${input.name}" is a single value without a batch dimension`);
    if (typeof batch === 'number') batches.add(batch);
    return { name: input.name, type: input.type, shape: shape.map((n) => (typeof n === 'number' ? n : undefined)) };
  });
  if (batches.size > 1) {
    throw new Error(`the inputs have different fixed batch sizes (${[...batches].join(', ')})`);
  }
  const free = inputTensors.flatMap((input) => input.shape.filter((n) => n === undefined).map(() => input.name));
  if (free.length > 1 || (free.length === 1 && inputTensors.length > 1)) {
    throw new Error(
      `the width of input "${free[0]}" cannot be told: of the dimensions after the batch, only one of a model with one ` +
        'input may be left open. Export the model with fixed dimensions',
    );
  }
  const outputTensors = outputs.map((output) => {
    if (!output.isTensor) {
      throw new Error(`output "${output.name}" is a sequence or a map; only tensors and ZipMap outputs can be served`);
    }
    return { name: output.name, type: output.type, classes: classes.get(output.name) };
  });
  return { inputs: inputTensors, outputs: outputTensors, fixedBatch: [...batches][0] };
}
