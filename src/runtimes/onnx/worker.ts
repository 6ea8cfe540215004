import { parentPort, workerData } from 'node:worker_threads';
import { BadInput } from './bad-input.ts';
import type { Format } from './media-type.ts';
import { Model } from './model.ts';
import { Predictor } from './predict.ts';
import { type Probe, probe } from './probe.ts';

/** What a worker is started with. */
export interface WorkerOptions {
  readonly modelPath: string;
  /** Whether to try the model out after loading it. One worker does it for all. */
  readonly probe: boolean;
}

/** One request, as it is handed to a worker. `body` is transferred: it holds `length` bytes and a newline after them. */
export interface Task {
  readonly body: ArrayBuffer;
  readonly length: number;
  readonly request: Format;
  readonly response: Format;
}

/**
 * What a worker is told. `cancel` gives up the task it was given last (a run of the model that has begun is finished);
 * `stop` does so too, and ends the worker. Ending it from outside, in the middle of a run, aborts the whole process.
 */
export type WorkerOrder =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'stop' };

/** What a worker says; `answer` and `refusal` settle the task it was given last. */
export type WorkerMessage =
  | { readonly kind: 'loaded'; readonly probe: Probe | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'answer'; readonly body: ArrayBuffer; readonly length: number }
  | { readonly kind: 'refusal'; readonly status: 400 | 500; readonly message: string };

function say(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

const now = (): number => performance.now() / 1000;

async function work({ modelPath, probe: wanted }: WorkerOptions): Promise<void> {
  let predictor: Predictor;
  try {
    const model = await Model.load(modelPath);
    predictor = new Predictor(model, now);
    say({ kind: 'loaded', probe: wanted ? await probe(model, now) : undefined });
  } catch (error) {
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    return;
  }
  // One task at a time: the pool sends the next when this one is answered.
  let current = new AbortController();
  parentPort?.on('message', (order: WorkerOrder) => {
    if (order.kind === 'task') {
      current = new AbortController();
      void answer(predictor, order.task, current.signal);
    } else {
      current.abort();
      if (order.kind === 'stop') parentPort?.close();
    }
  });
}

async function answer(predictor: Predictor, task: Task, signal: AbortSignal): Promise<void> {
  try {
    const out = await predictor.predict(Buffer.from(task.body), task.length, task.request, task.response, signal);
    say({ kind: 'answer', body: out.bytes.buffer, length: out.length }, [out.bytes.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say({ kind: 'refusal', status: error instanceof BadInput ? 400 : 500, message });
  }
}

await work(workerData as WorkerOptions);
