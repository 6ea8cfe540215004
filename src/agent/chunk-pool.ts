/** A piece of reused memory that input is read into. Free again when everybody who retained it has released it. */
export interface Chunk {
  readonly buffer: Buffer;
  holders: number;
}

/**
 * The memory of an agent's input: at most `capacity` chunks of `chunkBytes`, made when first needed and reused, because
 * fresh ones cost a page fault per 4 KiB and leave the bound on memory to the garbage collector.
 */
export class ChunkPool {
  readonly chunkBytes: number;
  readonly #capacity: number;
  readonly #free: Chunk[] = [];
  readonly #waiting: { resolve: (chunk: Chunk) => void; reject: (reason: unknown) => void }[] = [];
  #made = 0;

  constructor(chunkBytes: number, capacity: number) {
    this.chunkBytes = chunkBytes;
    this.#capacity = capacity;
  }

  /** Resolves to a chunk with one holder, when there is one. Rejects with the signal's reason when it is aborted first. */
  acquire(signal: AbortSignal): Chunk | Promise<Chunk> {
    const free = this.#free.pop();
    if (free !== undefined) {
      free.holders = 1;
      return free;
    }
    if (this.#made < this.#capacity) {
      this.#made += 1;
      return { buffer: Buffer.allocUnsafeSlow(this.chunkBytes), holders: 1 };
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = {
        resolve: (chunk: Chunk) => {
          signal.removeEventListener('abort', onAbort);
          resolve(chunk);
        },
        reject,
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  release(chunk: Chunk): void {
    chunk.holders -= 1;
    if (chunk.holders > 0) return;
    if (chunk.holders < 0) throw new Error('a chunk was released more often than it was retained');
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#free.push(chunk);
    else {
      chunk.holders = 1;
      waiter.resolve(chunk);
    }
  }

  /** Chunks that somebody holds, for tests that nothing leaks. */
  get held(): number {
    return this.#made - this.#free.length;
  }
}
