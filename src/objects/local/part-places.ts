/** No file system ends below, and no object of S3 is larger (5 TiB): numbers with large gaps lead beyond. */
const MAX_BYTES = 5 * 2 ** 40;

/**
 * Where parts go in the file that becomes the object, so that nothing has to be copied when they are all there: part `n` at
 * `n - 1` strides, if it fits there.
 *
 * The stride is the size of part 1, or one that two parts have had: the last part is smaller, and may come first when parts
 * are sent side by side.
 */
export class PartPlaces {
  #stride: number | undefined;
  readonly #sizesBefore = new Set<number>();
  readonly #held = new Set<number>();

  /** @param stride of an upload that was begun before a restart */
  constructor(stride: number | undefined) {
    this.#stride = stride;
  }

  get stride(): number | undefined {
    return this.#stride;
  }

  /** Places that are being written at this moment. */
  get held(): number {
    return this.#held.size;
  }

  /** Where in the file part `number` may be written until it is released; `undefined` when it needs a file of its own. */
  hold(number: number, size: number | undefined): number | undefined {
    if (size === undefined || size === 0) return undefined;
    if (this.#stride === undefined) {
      if (number === 1 || this.#sizesBefore.has(size)) {
        this.#stride = size;
        this.#sizesBefore.clear();
      } else if (this.#sizesBefore.size < 100) this.#sizesBefore.add(size);
    }
    if (this.#stride === undefined || size > this.#stride || this.#held.has(number)) return undefined;
    const position = (number - 1) * this.#stride;
    if (position + size > MAX_BYTES) return undefined;
    this.#held.add(number);
    return position;
  }

  release(number: number): void {
    this.#held.delete(number);
  }
}
