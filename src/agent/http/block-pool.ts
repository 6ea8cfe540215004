/** Bytes of a block: what one read of a socket brings at the most. */
export const BLOCK_BYTES = 64 * 1024;
/** Free blocks kept for later: as many as the responses that wait for their turn may fill. */
const MAX_FREE = 1024;

/**
 * Reused memory for the bodies of responses. Fresh buffers would do, were they not freed at the garbage collector's leisure:
 * with 6 MB answers to 6 MB requests a process of 100 MB grew to 800. How many blocks are in use is bounded by who takes them.
 */
export class BlockPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** Takes blocks back, which nobody may look at any more. */
  give(blocks: readonly Buffer[]): void {
    for (const block of blocks) if (this.#free.length < MAX_FREE) this.#free.push(block);
  }
}
