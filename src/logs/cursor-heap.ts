/** Where something is in the order of all events: by time, then by the name of the stream, then by the offset in it. */
export interface Position {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly offset: number;
}

function comparePositions(a: Position, b: Position): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.offset - b.offset;
}

/** The first of many positions, when the first is what changes. */
export class CursorHeap<C extends Position> {
  readonly #items: C[];

  constructor(items: readonly C[]) {
    // Sorted is a heap.
    this.#items = items.toSorted(comparePositions);
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): C | undefined {
    return this.#items[0];
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.firstHasMoved();
  }

  /** To be called when the position of the first has become a later one. */
  firstHasMoved(): void {
    const items = this.#items;
    const [moved] = items;
    if (moved === undefined) return;
    for (let at = 0; ; ) {
      let child = 2 * at + 1;
      let next = items[child];
      const right = items[child + 1];
      if (next !== undefined && right !== undefined && comparePositions(right, next) < 0) {
        child += 1;
        next = right;
      }
      if (next === undefined || comparePositions(moved, next) <= 0) {
        items[at] = moved;
        return;
      }
      items[at] = next;
      at = child;
    }
  }
}
