export interface OrderedMapOptions<R> {
  /** Calls at once, at the most. */
  readonly concurrency: number;
  /** Items between the oldest result not yet taken and the newest call started, at the most; at least `concurrency`. */
  readonly lookAhead: number;
  /** Bytes (or whatever unit) that a finished result keeps while it waits for its turn. */
  readonly weigh?: (result: R) => number;
  /** No new call is started while finished results weigh this much or more. */
  readonly maxWeight?: number;
  readonly signal: AbortSignal;
}

interface Slot<R> {
  state: 'running' | 'done' | 'failed';
  result: R | undefined;
  error: unknown;
}

/**
 * Calls `call` for every item of `source`, `concurrency` at once, and yields the results in the order of the items.
 *
 * The source is pulled one item ahead of the calls, so that the next one is ready when a call ends; beyond that only when a
 * call can be started, so memory is bounded by `lookAhead` items and `maxWeight`. The first failure stops the pulling; results of the items before it are still yielded, then the error is thrown. However
 * it ends (all done, a failure, an abort, or a consumer that stops early), the signal that the source and the calls were
 * given is aborted, running calls are awaited and the source is closed before this generator returns.
 *
 * A call may return its result without a promise; that costs no turn of the event loop.
 */
export async function* orderedMap<T, R>(
  source: (signal: AbortSignal) => AsyncIterable<T>,
  call: (item: T, signal: AbortSignal) => Promise<R> | R,
  options: OrderedMapOptions<R>,
): AsyncGenerator<R, void, undefined> {
  const { concurrency, lookAhead, weigh = () => 0, maxWeight = Number.POSITIVE_INFINITY, signal: outer } = options;
  outer.throwIfAborted();
  const own = new AbortController();
  const signal = own.signal;
  const slots: Slot<R>[] = [];
  let head = 0; // slots before it were yielded; the array is compacted now and then
  let running = 0;
  let weight = 0;
  let stopped = false; // no further item is pulled
  let exhausted = false;
  let pulling = false;
  let next: { item: T } | undefined; // pulled and not started yet
  let sourceError: { error: unknown } | undefined;
  let wakeConsumer: (() => void) | undefined;
  let wakeIdle: (() => void) | undefined;

  const onAbort = (): void => {
    own.abort(outer.reason);
    stopped = true;
    wakeConsumer?.();
  };
  outer.addEventListener('abort', onAbort, { once: true });
  const iterator = source(signal)[Symbol.asyncIterator]();

  const settle = (slot: Slot<R>, state: 'done' | 'failed', result: R | undefined, error: unknown): void => {
    slot.state = state;
    slot.result = result;
    slot.error = error;
    if (state === 'failed') stopped = true;
    else weight += weigh(result as R);
    running -= 1;
    if (running === 0) wakeIdle?.();
    if (slots[head] === slot) wakeConsumer?.();
    pull();
  };

  const start = (item: T): void => {
    const slot: Slot<R> = { state: 'running', result: undefined, error: undefined };
    slots.push(slot);
    running += 1;
    let outcome: Promise<R> | R;
    try {
      outcome = call(item, signal);
    } catch (error) {
      settle(slot, 'failed', undefined, error);
      return;
    }
    if (outcome instanceof Promise) {
      outcome.then(
        (result) => settle(slot, 'done', result, undefined),
        (error) => settle(slot, 'failed', undefined, error),
      );
    } else settle(slot, 'done', outcome, undefined);
  };

  const mayStart = (): boolean => {
    if (running >= concurrency) return false;
    const waiting = slots.length - head;
    // The oldest item may always run: were it to wait for room that only its own result can make, nothing would move.
    return waiting === 0 || (waiting < lookAhead && weight < maxWeight);
  };

  const pull = (): void => {
    if (stopped) return;
    if (next !== undefined) {
      if (!mayStart()) return;
      const { item } = next;
      next = undefined;
      start(item);
      if (next !== undefined || stopped) return; // the call ended at once and went on from here
    }
    if (pulling || exhausted) return;
    pulling = true;
    iterator.next().then(
      (pulled) => {
        pulling = false;
        if (pulled.done) {
          exhausted = true;
          wakeConsumer?.();
        } else if (!stopped) {
          next = { item: pulled.value };
          pull();
        }
      },
      (error) => {
        pulling = false;
        sourceError = { error };
        exhausted = true;
        wakeConsumer?.();
      },
    );
  };

  try {
    pull();
    while (true) {
      outer.throwIfAborted();
      const slot = slots[head];
      if (slot === undefined) {
        if (exhausted && next === undefined) break;
      } else if (slot.state === 'failed') throw slot.error;
      else if (slot.state === 'done') {
        slots[head] = undefined as unknown as Slot<R>; // lets the result go even before the array is compacted
        head += 1;
        if (head >= 1024 && head * 2 > slots.length) {
          slots.splice(0, head);
          head = 0;
        }
        const result = slot.result as R;
        weight -= weigh(result);
        pull();
        yield result;
        continue;
      }
      await new Promise<void>((resolve) => {
        wakeConsumer = resolve;
      });
      wakeConsumer = undefined;
    }
    if (sourceError) throw sourceError.error;
  } finally {
    stopped = true;
    outer.removeEventListener('abort', onAbort);
    own.abort(outer.aborted ? outer.reason : undefined);
    if (running > 0) {
      await new Promise<void>((resolve) => {
        wakeIdle = resolve;
      });
    }
    await iterator.return?.();
  }
}
