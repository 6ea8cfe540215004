/** The places of the rows of a response: two numbers each, because a mini-batch may have a million. */
export class RowTable {
  #places = new Uint32Array(256);
  #most = Number.POSITIVE_INFINITY;
  count = 0;

  /** @param most rows whose places are kept: of a response with more lines than there are records, which fails, the others are counted */
  begin(most: number): void {
    this.count = 0;
    this.#most = most;
  }

  add(from: number, to: number): void {
    if (this.count >= this.#most) {
      this.count += 1;
      return;
    }
    const at = this.count * 2;
    if (at === this.#places.length) {
      const larger = new Uint32Array(at * 2);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#places[at] = from;
    this.#places[at + 1] = to;
    this.count += 1;
  }

  from(row: number): number {
    return this.#places[row * 2] as number;
  }

  to(row: number): number {
    return this.#places[row * 2 + 1] as number;
  }
}
