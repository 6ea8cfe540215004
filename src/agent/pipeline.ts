import type { Inference, Invocation, Invoker } from './invoker.ts';

/** The heads of an object's requests, made once per container and content type. */
export interface ObjectHeads {
  readonly object: string;
  readonly made: { contentType: string | undefined; head: string }[];
}

/**
 * The containers of an instance, called in order: the response of one is the request of the next, with its content type
 * (behaviour 3). One container is a pipeline of one.
 */
export class Pipeline {
  readonly #invokers: readonly Invoker[];
  readonly #contentType: string | undefined;

  /** @param contentType of the requests to the first container */
  constructor(invokers: readonly Invoker[], contentType: string | undefined) {
    this.#invokers = invokers;
    this.#contentType = contentType;
  }

  /** @throws MillraceError as `Invoker.invoke` does; the signal's reason when it is aborted */
  invoke(heads: ObjectHeads, first: Omit<Invocation, 'head'>, signal: AbortSignal): Promise<Inference> {
    const [only] = this.#invokers;
    if (only === undefined || this.#invokers.length > 1) return this.#inARow(heads, first, signal);
    const { place, segments, bytes, sequence, maxRetries } = first;
    const head = this.#head(heads, 0, this.#contentType);
    return only.invoke({ place, head, segments, bytes, sequence, maxRetries }, signal);
  }

  async #inARow(heads: ObjectHeads, first: Omit<Invocation, 'head'>, signal: AbortSignal): Promise<Inference> {
    let contentType = this.#contentType;
    let body: Pick<Invocation, 'segments' | 'bytes'> = first;
    let before: Inference | undefined;
    for (const [stage, invoker] of this.#invokers.entries()) {
      const head = this.#head(heads, stage, contentType);
      try {
        const inference: Inference = await invoker.invoke({ ...first, ...body, head }, signal);
        before?.release();
        before = inference;
      } catch (error) {
        before?.release();
        throw error;
      }
      ({ contentType } = before);
      body = { segments: before.pieces, bytes: before.bytes };
    }
    if (before === undefined) throw new Error('a pipeline has a container');
    return before;
  }

  #head({ object, made }: ObjectHeads, stage: number, contentType: string | undefined): string {
    const known = made[stage];
    if (known !== undefined && known.contentType === contentType) return known.head;
    const head = (this.#invokers[stage] as Invoker).headFor(object, contentType);
    made[stage] = { contentType, head };
    return head;
  }
}
