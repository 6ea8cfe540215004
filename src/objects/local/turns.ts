/** Runs one task at a time, in the order in which they were given. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** What `task` comes to, when its turn has come; a task that fails does not hold up the next one. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
