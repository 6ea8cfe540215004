import { BadInput, quoted } from './bad-input.ts';
import type { ElementStore } from './element-store.ts';
import type { InputBatch } from './input-batch.ts';

type Input = InputBatch['inputs'][number];

/**
 * Stores one JSON instance as row `row` of the batch. An instance is
 *
 * - an array of the record's columns, over all inputs in order; for one input of a higher rank also nested as its shape is,
 * - a single value where the model takes one column,
 * - an object with a value for each input, by its name,
 * - `{"features": …}`, which stands for what it holds (unless an input is called so).
 *
 * @param place where the instance is, for messages: `instance 3`
 * @throws BadInput that names the place and the column or the input
 */
export function storeInstance(batch: InputBatch, row: number, instance: unknown, place: string): void {
  const value = unwrapFeatures(instance, batch.inputs);
  if (isObject(value)) {
    storeByName(batch.inputs, row, value, place);
    return;
  }
  const [only] = batch.inputs;
  if (batch.inputs.length === 1 && only !== undefined) {
    storeInput(only, row, value, place);
    return;
  }
  const cells = Array.isArray(value) ? value : [value];
  if (cells.length !== batch.columns.length) throw badCount(place, batch.columns.length, cells.length);
  for (const [c, { store, width, offset }] of batch.columns.entries()) {
    storeCell(store, row * width + offset, cells[c], () => `${place}, column ${c + 1}`);
  }
}

/** How many columns an instance has, nested ones included. */
export function countColumns(instance: unknown): number {
  if (Array.isArray(instance)) return instance.reduce<number>((sum, element) => sum + countColumns(element), 0);
  if (isObject(instance)) return Object.values(instance).reduce<number>((sum, value) => sum + countColumns(value), 0);
  return 1;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unwrapFeatures(instance: unknown, inputs: readonly Input[]): unknown {
  if (!isObject(instance) || inputs.some((input) => input.name === 'features')) return instance;
  return Object.keys(instance).length === 1 && 'features' in instance ? instance['features'] : instance;
}

function storeByName(
  inputs: readonly Input[],
  row: number,
  instance: Readonly<Record<string, unknown>>,
  place: string,
): void {
  for (const input of inputs) {
    if (!Object.hasOwn(instance, input.name)) throw new BadInput(`${place}: input "${input.name}" is missing`);
    storeInput(input, row, instance[input.name], `${place}, input "${input.name}"`);
  }
  if (Object.keys(instance).length === inputs.length) return;
  const names = inputs.map((input) => input.name);
  const unknown = Object.keys(instance).find((key) => !names.includes(key));
  throw new BadInput(
    `${place}: there is no input ${quoted(unknown ?? '')}; the model's inputs are ${names.join(', ')}`,
  );
}

function storeInput(input: Input, row: number, value: unknown, place: string): void {
  const { store, width, shape } = input;
  const start = row * width;
  if (Array.isArray(value) && shape.length > 1 && Array.isArray(value[0])) {
    storeNested(store, start, width, shape, value, place);
    return;
  }
  const cells = Array.isArray(value) ? value : [value];
  if (cells.length !== width) throw badCount(place, width, cells.length);
  // The place is put together only for a message: this loop is what JSON input spends its time in after JSON.parse.
  for (let c = 0; c < width; c++) {
    storeCell(store, start + c, cells[c], () => (Array.isArray(value) ? `${place}, column ${c + 1}` : place));
  }
}

function storeNested(
  store: ElementStore,
  start: number,
  width: number,
  shape: readonly number[],
  value: unknown,
  place: string,
): void {
  const [length, ...inner] = shape;
  if (length === undefined) {
    storeCell(store, start, value, () => place);
    return;
  }
  if (!Array.isArray(value) || value.length !== length) {
    const found = Array.isArray(value) ? `${value.length} elements` : 'no array';
    throw new BadInput(`${place}: expected an array of ${length} elements, found ${found}`);
  }
  const step = width / length;
  for (const [i, element] of value.entries()) {
    storeNested(store, start + i * step, step, inner, element, `${place}[${i}]`);
  }
}

function storeCell(store: ElementStore, index: number, value: unknown, place: () => string): void {
  const problem = cellProblem(store, index, value);
  if (problem !== undefined) throw new BadInput(`${place()}: ${quotedJson(value)} ${problem}`);
}

function cellProblem(store: ElementStore, index: number, value: unknown): string | undefined {
  if (typeof value === 'number' && store.kind !== 'string') {
    if (store.setNumber(index, value)) return undefined;
    if (store.kind === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return 'is beyond 2^53, where JSON numbers lose digits; write it as a string';
    }
    return store.setText(index, String(value));
  }
  if (typeof value === 'string') return store.setText(index, value);
  if (value === null) return store.setText(index, '');
  if (typeof value === 'boolean' && store.kind === 'boolean') return store.setText(index, String(value));
  return `is not a ${store.kind}`;
}

function quotedJson(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : quoted(JSON.stringify(value)).slice(1, -1).replaceAll('\\"', '"');
}

function badCount(place: string, expected: number, found: number): BadInput {
  return new BadInput(`${place}: expected ${expected === 1 ? '1 column' : `${expected} columns`}, found ${found}`);
}
