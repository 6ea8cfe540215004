import type { Container } from '../agent/containers.ts';
import { BlockPool } from '../agent/http/block-pool.ts';
import { HttpClient } from '../agent/http/http-client.ts';
import { awaitReady, type ExecutionParameters, executionParameters } from '../agent/model-server.ts';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { Instance } from '../instances/instance.ts';
import type { JobContainer } from './transform-job.ts';

/** The model servers of a job, from their launch to their end: one, or those of an inference pipeline. */
export class ModelServers {
  readonly #containers: readonly JobContainer[];
  /** Aborted with `ModelExited` when one of them ends by itself. */
  readonly #gone: AbortController;
  readonly #instances: Instance[] = [];
  readonly #clients: Container[] = [];
  /** One for all: each would keep up to 64 MB for itself. */
  readonly #pool = new BlockPool();

  constructor(containers: readonly JobContainer[], gone: AbortController) {
    this.#containers = containers;
    this.#gone = gone;
  }

  /** Starts all of them; they need not answer yet when this resolves. */
  async launch(signal: AbortSignal): Promise<readonly Container[]> {
    // One after the other, as each takes a port that was free a moment ago; what takes time comes afterwards.
    for (const { driver, name } of this.#containers) {
      const instance = await driver.launch(signal).catch((error: unknown) => {
        throw named(error, name);
      });
      this.#instances.push(instance);
      this.#clients.push({ client: new HttpClient(instance.url, this.#pool), name });
      void instance.exited.then((how) => {
        const details = { container: name, how, output: instance.lastWords() };
        this.#gone.abort(new MillraceError('ModelExited', details));
        this.disconnect('the model server ended');
      });
    }
    return this.#clients;
  }

  /**
   * Waits until all answer `GET /ping`, and asks for their execution parameters. The first one gets the mini-batches, so its wishes
   * for them count; of the numbers of requests at once the smallest.
   */
  async offered(ready: {
    readonly timeoutMs: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  }): Promise<ExecutionParameters> {
    const offers = await Promise.all(
      this.#clients.map(async ({ client, name: container }) => {
        await awaitReady(client, { ...ready, container });
        return executionParameters(client);
      }),
    );
    const counts = offers.flatMap(({ maxConcurrentTransforms: count }) => (count === undefined ? [] : [count]));
    return { ...offers[0], ...(counts.length === 0 ? {} : { maxConcurrentTransforms: Math.min(...counts) }) };
  }

  /** Closes all connections; requests under way end with `reason`. */
  disconnect(reason?: string): void {
    for (const { client } of this.#clients) client.close(reason);
  }

  /** Ends the servers at the same time. Never rejects. */
  async stop(hurry: AbortSignal): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop(hurry)));
  }
}

function named(error: unknown, container: string | undefined): unknown {
  if (!(error instanceof MillraceError && error.is('ModelExited'))) return error;
  return new MillraceError('ModelExited', { ...error.details, container }, { cause: error });
}
