import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { toHalf } from './half-float.ts';
import { integerFromText, numberFromText } from './number-text.ts';

type Session = InferenceSession.TensorValueMetadata;

/** What the runtime takes as a tensor's data: typed arrays (float16 as bits), and plain arrays of strings. */
type TensorData = Exclude<Tensor['data'], Uint8ClampedArray>;

/**
 * The elements of one input tensor while they are being filled in.
 *
 * The setters return what is wrong with a value, to be put after it in a message (`is not a number`), or `undefined`
 * when it was stored.
 */
export interface ElementStore {
  readonly data: TensorData;
  readonly kind: 'number' | 'boolean' | 'string';
  /** Stores a number as it is; `false` when it has to go through `setText` to be stored exactly, or refused. */
  setNumber(index: number, value: number): boolean;
  setText(index: number, text: string): string | undefined;
}

/** A store for `count` elements of the type, or `undefined` for a type that cannot be served (int4 and the like). */
export function elementStore(type: Session['type'], count: number): ElementStore | undefined {
  switch (type) {
    case 'float32':
      return new FloatStore(new Float32Array(count));
    case 'float64':
      return new FloatStore(new Float64Array(count));
    case 'float16':
      return new HalfStore(new Uint16Array(count));
    case 'int8':
      return new IntegerStore(new Int8Array(count), type, -0x80, 0x7f);
    case 'uint8':
      return new IntegerStore(new Uint8Array(count), type, 0, 0xff);
    case 'int16':
      return new IntegerStore(new Int16Array(count), type, -0x8000, 0x7fff);
    case 'uint16':
      return new IntegerStore(new Uint16Array(count), type, 0, 0xffff);
    case 'int32':
      return new IntegerStore(new Int32Array(count), type, -0x80000000, 0x7fffffff);
    case 'uint32':
      return new IntegerStore(new Uint32Array(count), type, 0, 0xffffffff);
    case 'int64':
      return new BigIntegerStore(new BigInt64Array(count), type, -(2n ** 63n), 2n ** 63n - 1n);
    case 'uint64':
      return new BigIntegerStore(new BigUint64Array(count), type, 0n, 2n ** 64n - 1n);
    case 'bool':
      return new BooleanStore(new Uint8Array(count));
    case 'string':
      return new StringStore(new Array<string>(count).fill(''));
    default:
      return undefined;
  }
}

/** Bytes an element takes in memory; for strings a guess. */
export function elementBytes(type: Session['type']): number {
  if (type === 'string') return 32;
  const bits = /\d+$/.exec(type);
  return bits === null ? 1 : Math.max(1, Number(bits[0]) / 8);
}

export class FloatStore implements ElementStore {
  readonly kind = 'number';
  readonly data: Float32Array | Float64Array;

  constructor(data: Float32Array | Float64Array) {
    this.data = data;
  }

  setNumber(index: number, value: number): boolean {
    this.data[index] = value;
    return true;
  }

  setText(index: number, text: string): string | undefined {
    const value = text === '' ? Number.NaN : numberFromText(text);
    if (value === undefined) return 'is not a number';
    this.data[index] = value;
    return undefined;
  }
}

class HalfStore implements ElementStore {
  readonly kind = 'number';
  readonly data: Uint16Array;

  constructor(data: Uint16Array) {
    this.data = data;
  }

  setNumber(index: number, value: number): boolean {
    this.data[index] = toHalf(value);
    return true;
  }

  setText(index: number, text: string): string | undefined {
    const value = text === '' ? Number.NaN : numberFromText(text);
    if (value === undefined) return 'is not a number';
    this.data[index] = toHalf(value);
    return undefined;
  }
}

class IntegerStore implements ElementStore {
  readonly kind = 'number';
  readonly data: Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
  readonly #type: string;
  readonly #min: number;
  readonly #max: number;

  constructor(data: IntegerStore['data'], type: string, min: number, max: number) {
    this.data = data;
    this.#type = type;
    this.#min = min;
    this.#max = max;
  }

  setNumber(index: number, value: number): boolean {
    if (!Number.isInteger(value) || value < this.#min || value > this.#max) return false;
    this.data[index] = value;
    return true;
  }

  setText(index: number, text: string): string | undefined {
    const value = integerFromText(text);
    if (value === undefined) return notAnInteger(text);
    if (value < this.#min || value > this.#max) return outOfRange(this.#type, this.#min, this.#max);
    this.data[index] = Number(value);
    return undefined;
  }
}

class BigIntegerStore implements ElementStore {
  readonly kind = 'number';
  readonly data: BigInt64Array | BigUint64Array;
  /** The same memory as 32-bit halves, low half first: writing these is ten times cheaper than making a bigint. */
  readonly #halves: Int32Array;
  readonly #type: string;
  readonly #min: bigint;
  readonly #max: bigint;
  readonly #signed: boolean;

  constructor(data: BigInt64Array | BigUint64Array, type: string, min: bigint, max: bigint) {
    this.data = data;
    this.#halves = new Int32Array(data.buffer);
    this.#type = type;
    this.#min = min;
    this.#max = max;
    this.#signed = min < 0n;
  }

  setNumber(index: number, value: number): boolean {
    if (!Number.isSafeInteger(value) || (value < 0 && !this.#signed)) return false;
    const high = Math.floor(value / 0x1_0000_0000);
    this.#halves[2 * index] = value - high * 0x1_0000_0000;
    this.#halves[2 * index + 1] = high;
    return true;
  }

  setText(index: number, text: string): string | undefined {
    const value = integerFromText(text);
    if (value === undefined) return notAnInteger(text);
    if (value < this.#min || value > this.#max) return outOfRange(this.#type, this.#min, this.#max);
    this.data[index] = value;
    return undefined;
  }
}

class BooleanStore implements ElementStore {
  readonly kind = 'boolean';
  readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  setNumber(index: number, value: number): boolean {
    if (value !== 0 && value !== 1) return false;
    this.data[index] = value;
    return true;
  }

  setText(index: number, text: string): string | undefined {
    const word = text.trim().toLowerCase();
    if (word !== 'true' && word !== 'false' && word !== '1' && word !== '0') return 'is not true, false, 1 or 0';
    this.data[index] = word === 'true' || word === '1' ? 1 : 0;
    return undefined;
  }
}

class StringStore implements ElementStore {
  readonly kind = 'string';
  readonly data: string[];

  constructor(data: string[]) {
    this.data = data;
  }

  setNumber(): boolean {
    return false;
  }

  setText(index: number, text: string): string | undefined {
    this.data[index] = text;
    return undefined;
  }
}

function notAnInteger(text: string): string {
  return text.trim() === '' ? 'is empty, and integers know no missing value' : 'is not an integer';
}

function outOfRange(type: string, min: number | bigint, max: number | bigint): string {
  return `is out of the range of ${type} (${min} to ${max})`;
}
