import { ARRAY } from '../scan/scanner.ts';
import type { JsonPath, Step } from './json-path.ts';
import { lengthsOf, type MemberSink, Name } from './member-sink.ts';
import type { Pieces, Range } from './pieces.ts';
import { RecordScan } from './record-scan.ts';

/** Takes what a path selects, in order. */
export interface NodeSink {
  node(source: Pieces, from: number, to: number): void;
  /** An object of the members that were found, from a path that ends in several names. */
  object(members: readonly Slot[]): void;
}

/** What was found of one name or index of a path in the record at hand. Used again: a record would make garbage for each otherwise. */
export class Slot {
  readonly name: Name | undefined;
  found = false;
  source: Pieces | undefined;
  from = 0;
  to = 0;

  constructor(name: Name | undefined) {
    this.name = name;
  }

  set(source: Pieces, from: number, to: number): void {
    this.found = true;
    this.source = source;
    this.from = from;
    this.to = to;
  }
}

/** Elements that are kept until they are counted, for steps that count from the end; with more they are scanned once more. */
const KEPT_ELEMENTS = 4096;

/** What can be wrong with a selection; where, is known by whoever asked for it. */
export class SelectionError extends Error {
  override readonly name = 'SelectionError';
  readonly problem:
    | { readonly code: 'IndexOutOfRange'; readonly index: number; readonly length: number }
    | { readonly code: 'DuplicateAttribute'; readonly name: string };

  constructor(problem: SelectionError['problem']) {
    super(problem.code);
    this.problem = problem;
  }
}

/**
 * A path, ready to be applied to one record after the other. It takes the record's members while they are scanned and passes
 * on what it selects; only the values on the way of a longer path are scanned again.
 *
 * @throws SelectionError from its calls
 */
export class Selection {
  readonly #steps: readonly StepSink[];
  /** Takes a record's members, and its end. */
  readonly sink: MemberSink;

  constructor(path: JsonPath, format: 'csv' | 'json', nodes: NodeSink) {
    const steps: StepSink[] = [];
    for (const step of path.steps.toReversed()) steps.unshift(new StepSink(step, format, steps[0], nodes));
    this.#steps = steps;
    this.sink = steps[0] ?? new WholeSink(nodes);
  }

  /** Forgets a record that was not finished. */
  reset(): void {
    for (const step of this.#steps) step.reset();
  }
}

/** The path `$`. */
class WholeSink implements MemberSink {
  readonly #nodes: NodeSink;

  constructor(nodes: NodeSink) {
    this.#nodes = nodes;
  }

  member(): void {}
  named(): void {}
  end(source: Pieces, from: number, to: number, _kind: number, _count: number, more?: Range): void {
    this.#nodes.node(source, from, to);
    if (more !== undefined) this.#nodes.node(more.source, more.from, more.to);
  }
}

class StepSink implements MemberSink {
  readonly #step: Step;
  readonly #names: readonly Name[];
  /** The rest of the path; `undefined` when this step is the last. */
  readonly #next: MemberSink | undefined;
  readonly #nodes: NodeSink;
  /** Scans the values that were selected for the rest of the path. */
  readonly #values: RecordScan;
  /** Scans the elements once more, when they are counted. A value of them may be scanned meanwhile. */
  readonly #elementsAgain: RecordScan;
  /** Of each name or index. */
  readonly #slots: readonly Slot[];
  #any = false;
  /** Elements seen so far. */
  #elements = 0;
  /** The places wanted, from 0: of a step that counts from the end only known when the elements are counted. */
  #indexes: readonly number[] | undefined;
  #range: readonly [from: number, to: number] | undefined;
  /** True for a step that counts from the end. */
  readonly #fromEnd: boolean;
  #kept: Range[] = [];
  readonly #lengths: number;

  constructor(step: Step, format: 'csv' | 'json', next: MemberSink | undefined, nodes: NodeSink) {
    this.#step = step;
    this.#next = next;
    this.#nodes = nodes;
    this.#values = new RecordScan(format);
    this.#elementsAgain = new RecordScan(format);
    const names = step.kind === 'name' ? [step.name] : step.kind === 'names' ? step.names : [];
    this.#names = names.map((name) => new Name(name));
    this.#lengths = lengthsOf(this.#names);
    this.#resolve(Number.NaN);
    this.#slots = this.#indexes?.map(() => new Slot(undefined)) ?? this.#names.map((name) => new Slot(name));
    this.#fromEnd = Boolean(this.#indexes?.some(Number.isNaN) || this.#range?.some(Number.isNaN));
  }

  reset(): void {
    if (this.#kept.length > 0) this.#kept = [];
    this.#begin();
  }

  member(source: Pieces, key: number, keyTo: number, escaped: boolean, from: number, to: number): void {
    if (this.#step.kind === 'all') this.#pass(source, from, to);
    else if (key === -1) this.#element(source, from, to);
    else if (escaped || (this.#lengths >>> ((keyTo - key) & 31)) & 1) {
      for (let i = 0; i < this.#names.length; i++) {
        if ((this.#names[i] as Name).is(source, key, keyTo, escaped)) this.#keep(i, source, from, to);
      }
    }
  }

  named(text: string, source: Pieces, from: number, to: number): void {
    if (this.#step.kind === 'all') this.#pass(source, from, to);
    for (let i = 0; i < this.#names.length; i++) {
      if ((this.#names[i] as Name).text === text) this.#keep(i, source, from, to);
    }
  }

  end(source: Pieces, from: number, to: number, kind: number, count: number, more?: Range): void {
    try {
      if (kind === ARRAY && this.#fromEnd) this.#again({ source, from, to }, more, count);
      if (this.#indexes !== undefined && kind === ARRAY) this.#checkIndexes(count);
      this.#passFound();
    } finally {
      this.reset();
    }
  }

  /** Makes ready for the next record. */
  #begin(): void {
    this.#elements = 0;
    if (!this.#any) return;
    this.#any = false;
    for (const slot of this.#slots) slot.found = false;
  }

  /** The places that are asked for, of an array with `count` elements; of those from the end they are `NaN` while it is not known. */
  #resolve(count: number): void {
    const step = this.#step;
    const place = (index: number): number => (index >= 0 ? index : index + count);
    if (step.kind === 'index') this.#indexes = [place(step.index)];
    if (step.kind === 'indexes') this.#indexes = step.indexes.map(place);
    if (step.kind === 'slice') {
      this.#range = [Math.max(0, place(step.start ?? 0)), place(step.end ?? Number.POSITIVE_INFINITY)];
    }
  }

  /** The elements once more, now that they are counted. */
  #again(range: Range, more: Range | undefined, count: number): void {
    const kept = this.#kept;
    this.#resolve(count);
    if (count <= KEPT_ELEMENTS) {
      for (const { source, from, to } of kept) this.#counted(source, from, to);
      return;
    }
    const again: MemberSink = {
      member: (source, _key, _keyTo, _escaped, from, to) => this.#counted(source, from, to),
      named: () => undefined,
      end: () => undefined,
    };
    for (const { source, from, to } of more === undefined ? [range] : [range, more]) {
      this.#elementsAgain.value(source, from, to, again);
    }
  }

  #element(source: Pieces, from: number, to: number): void {
    if (!this.#fromEnd) this.#counted(source, from, to);
    else if (this.#kept.length < KEPT_ELEMENTS) this.#kept.push({ source, from, to });
  }

  #counted(source: Pieces, from: number, to: number): void {
    const at = this.#elements;
    this.#elements = at + 1;
    const range = this.#range;
    if (range !== undefined) {
      if (at >= range[0] && at < range[1]) this.#pass(source, from, to);
      return;
    }
    const indexes = this.#indexes;
    if (indexes === undefined) return;
    for (let i = 0; i < indexes.length; i++) {
      if (indexes[i] !== at) continue;
      (this.#slots[i] as Slot).set(source, from, to);
      this.#any = true;
    }
  }

  #keep(i: number, source: Pieces, from: number, to: number): void {
    const slot = this.#slots[i] as Slot;
    if (slot.found) throw new SelectionError({ code: 'DuplicateAttribute', name: slot.name?.text ?? '' });
    slot.set(source, from, to);
    this.#any = true;
  }

  #checkIndexes(length: number): void {
    const step = this.#step;
    const asked = step.kind === 'index' ? [step.index] : step.kind === 'indexes' ? step.indexes : [];
    const missing = asked.findIndex((_, i) => !this.#slots[i]?.found);
    if (missing !== -1) throw new SelectionError({ code: 'IndexOutOfRange', index: asked[missing] as number, length });
  }

  #passFound(): void {
    if (!this.#any) return;
    if (this.#step.kind === 'names' && this.#next === undefined) {
      this.#nodes.object(this.#slots);
      return;
    }
    for (const { found, source, from, to } of this.#slots) if (found) this.#pass(source as Pieces, from, to);
  }

  #pass(source: Pieces, from: number, to: number): void {
    if (this.#next === undefined) this.#nodes.node(source, from, to);
    else this.#values.value(source, from, to, this.#next);
  }
}
