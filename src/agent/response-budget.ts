/**
 * The bound on the bytes of responses that have arrived and are not written yet. Whoever is over it waits, but for the
 * oldest request: its response is the next to be written, so only taking it in makes room for the others.
 */
export class ResponseBudget {
  readonly #maxBytes: number;
  readonly #waiting = new Map<number, () => void>();
  #held = 0;
  #oldest = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Takes up `bytes` that have arrived for request `sequence`. False: read no more until `resume` is called. */
  take(sequence: number, bytes: number, resume: () => void): boolean {
    this.#held += bytes;
    if (this.#held <= this.#maxBytes || sequence <= this.#oldest) return true;
    this.#waiting.set(sequence, resume);
    return false;
  }

  /** Resolves when there is room, or `sequence` is the oldest; rejects with the signal's reason when it is aborted first. */
  async room(sequence: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#held <= this.#maxBytes || sequence <= this.#oldest) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.set(sequence, resolve);
    await promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** Gives back bytes that were written, or whose response failed. Whoever waits goes on, up to one read of 64 KiB each. */
  release(bytes: number): void {
    this.#held -= bytes;
    if (this.#held > this.#maxBytes) return;
    for (const sequence of [...this.#waiting.keys()].sort((a, b) => a - b)) this.#resume(sequence);
  }

  /** Everything before `sequence` has been taken over: it is the oldest request now. */
  advance(sequence: number): void {
    this.#oldest = sequence;
    if (this.#waiting.has(sequence)) this.#resume(sequence);
  }

  /** The request failed for good or is tried again; it waits for nothing any more. */
  forget(sequence: number): void {
    this.#waiting.delete(sequence);
  }

  #resume(sequence: number): void {
    const resume = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    resume?.();
  }
}
