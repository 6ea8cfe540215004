import { Fault } from '../fault.ts';
import { shownValue } from './shown-value.ts';

/** Characters of violations after which further ones are only counted. */
const MAX_LISTED = 16_384;

/** What is wrong with a request, as one message; a hostile one has many violations, so their texts are bounded. */
export class Violations {
  readonly #texts: string[] = [];
  #characters = 0;
  #count = 0;

  add(path: string, value: unknown, constraint: string): void {
    this.#count += 1;
    if (this.#characters > MAX_LISTED) return;
    const text = `Value ${shownValue(value)} at '${path}' failed to satisfy constraint: ${constraint}`;
    this.#texts.push(text);
    this.#characters += text.length;
  }

  /** @throws Fault `ValidationException` (behaviour 7) */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const rest = this.#count - this.#texts.length;
    const texts = rest === 0 ? this.#texts : [...this.#texts, `and ${rest} more`];
    const errors = this.#count === 1 ? 'error' : 'errors';
    throw new Fault('ValidationException', `${this.#count} validation ${errors} detected: ${texts.join('; ')}`);
  }
}
