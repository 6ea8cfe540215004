import { readFile, stat } from 'node:fs/promises';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { InputBatch } from './input-batch.ts';
import type { BatchOutput } from './record-sink.ts';
import { type Signature, signatureOf } from './signature.ts';
import { rewriteZipMaps } from './zip-map.ts';

type Runtime = typeof import('onnxruntime-node');

/** A model that is loaded and can be run, on one thread: the one that calls. `run` blocks it. */
export class Model {
  readonly signature: Signature;
  readonly #session: InferenceSession;
  readonly #TensorClass: typeof Tensor;

  private constructor(session: InferenceSession, signature: Signature, TensorClass: typeof Tensor) {
    this.#session = session;
    this.signature = signature;
    this.#TensorClass = TensorClass;
  }

  /** @throws Error that names the file and says why it cannot be served */
  static async load(path: string): Promise<Model> {
    try {
      if (!(await stat(path)).isFile()) throw new Error('it is not a file');
      const runtime = await loadRuntime();
      const rewritten = rewriteZipMaps(await readFile(path));
      if (rewritten?.hasExternalData) {
        throw new Error(
          'it has a ZipMap output and keeps weights in other files, which do not go together. Export it with one of the ' +
            "two only (skl2onnx: options={'zipmap': False})",
        );
      }
      const options: InferenceSession.SessionOptions = {
        intraOpNumThreads: 1, // the workers are the threads
        interOpNumThreads: 1,
        logSeverityLevel: 4, // a failing run is reported by its exception; the runtime would print it to stderr as well
      };
      const session =
        rewritten === undefined
          ? await runtime.InferenceSession.create(path, options)
          : await runtime.InferenceSession.create(rewritten.bytes, options);
      const signature = signatureOf(session.inputMetadata, session.outputMetadata, rewritten?.classes ?? new Map());
      return new Model(session, signature, runtime.Tensor);
    } catch (error) {
      throw new Error(`cannot load the model ${path}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  /**
   * Runs the model on the first `rows` records of the batch.
   *
   * @throws Error when the model fails, or does not give one result for each record
   */
  async run(batch: InputBatch, rows: number): Promise<BatchOutput[]> {
    const results = await this.#session.run(batch.tensors(rows, this.#TensorClass));
    const expected = this.signature.fixedBatch ?? rows;
    return this.signature.outputs.map(({ name, classes }) => {
      const tensor = results[name];
      if (tensor === undefined) throw new Error(`the model gave no output "${name}"`);
      const [count, ...shape] = tensor.dims;
      if (count !== expected) {
        throw new Error(
          `the model's output "${name}" has the shape [${tensor.dims.join(', ')}] for a batch of ${expected} records; its ` +
            'first dimension has to be the batch, so that every record has a result',
        );
      }
      const width = shape.reduce((product, size) => product * size, 1);
      if (classes !== undefined && classes.length !== width) {
        throw new Error(`the model's output "${name}" has ${width} scores for ${classes.length} classes`);
      }
      return { name, tensor, shape, width, classes };
    });
  }
}

async function loadRuntime(): Promise<Runtime> {
  try {
    // Optional, and loaded late: who runs containers only does not need it.
    return await import('onnxruntime-node');
  } catch (error) {
    throw new Error('the package onnxruntime-node cannot be loaded; npm install onnxruntime-node', { cause: error });
  }
}
