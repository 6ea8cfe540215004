/** What the one container of a job is called that is no pipeline. */
const MODEL = 'model';

/**
 * Short names for the streams of a job. The service calls them `<job>/<instance>-<epoch>`, what the container says, in a
 * pipeline with `/<container>` behind it, and `<job>/<instance>-<epoch>/data-log` (behaviour 8). In short they are `model`,
 * `data-log` or the container, and `2/data-log` for the second instance.
 */
export class LogStreamNames {
  readonly wanted: string | undefined;
  readonly #prefix: string;
  /** Instances in the order of their start. */
  readonly #instances: string[] = [];
  readonly #known = new Set<string>();

  constructor(job: string, wanted: string | undefined) {
    this.#prefix = `${job}/`;
    this.wanted = wanted;
  }

  /** All that were found, in short. */
  get all(): readonly string[] {
    return [...this.#known].map((name) => this.short(name));
  }

  /** Takes the streams that there are; returns those that are wanted. */
  add(found: readonly string[]): string[] {
    const names = found.toSorted((a, b) => this.#epoch(a) - this.#epoch(b));
    for (const name of names) {
      this.#known.add(name);
      const [instance] = this.#parts(name);
      if (!this.#instances.includes(instance)) this.#instances.push(instance);
    }
    return names.filter((name) => this.#isWanted(name));
  }

  short(name: string): string {
    const [instance, kind] = this.#parts(name);
    const number = this.#instances.indexOf(instance) + 1;
    return number > 1 ? `${number}/${kind}` : kind;
  }

  #isWanted(name: string): boolean {
    return this.wanted === undefined || [name, this.short(name), this.#parts(name)[1]].includes(this.wanted);
  }

  #parts(name: string): readonly [instance: string, kind: string] {
    const [instance = '', ...rest] = name.slice(this.#prefix.length).split('/');
    return [instance, rest.length === 0 ? MODEL : rest.join('/')];
  }

  #epoch(name: string): number {
    return Number(/-(\d+)$/.exec(this.#parts(name)[0])?.[1] ?? 0);
  }
}
