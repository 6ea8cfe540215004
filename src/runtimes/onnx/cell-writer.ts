import type { Tensor } from 'onnxruntime-node';
import type { ByteWriter } from './byte-writer.ts';
import { fromHalf, toHalf } from './half-float.ts';
import { shortestText, writeFloat32, writeInteger } from './number-writer.ts';

/** Writes element `index` of an output tensor. */
export type CellWriter = (out: ByteWriter, index: number) => void;

/** How values that are no finite numbers, and strings, are spelled. */
export interface Spelling {
  readonly nan: string;
  readonly infinity: string;
  readonly minusInfinity: string;
  readonly string: (text: string) => string;
}

/** NaN and the infinities as pandas and numpy write and read them; quotes only where RFC 4180 asks for them. */
export const csvSpelling: Spelling = {
  nan: 'NaN',
  infinity: 'inf',
  minusInfinity: '-inf',
  string: (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),
};

/** JSON has no word for what is no finite number. */
export const jsonSpelling: Spelling = {
  nan: 'null',
  infinity: 'null',
  minusInfinity: 'null',
  string: (text) => JSON.stringify(text),
};

/** The writer for a tensor's elements; numbers have the fewest digits that read back as the same number of their type. */
export function cellWriter(tensor: Tensor, spelling: Spelling): CellWriter {
  const { data, type } = tensor;
  if (Array.isArray(data)) return (out, index) => out.text(spelling.string(data[index] as string));
  if (data instanceof Float32Array) {
    return (out, index) => {
      const value = data[index] as number;
      if (Number.isFinite(value)) writeFloat32(out, value);
      else writeSpecial(out, value, spelling);
    };
  }
  if (type === 'float16') return halfWriter(data as ArrayBufferView, spelling);
  if (data instanceof Float64Array) {
    return (out, index) => {
      const value = data[index] as number;
      if (Number.isFinite(value)) out.ascii(Object.is(value, -0) ? '-0' : String(value));
      else writeSpecial(out, value, spelling);
    };
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return (out, index) => {
      const value = data[index] as bigint;
      const number = Number(value);
      if (Number.isSafeInteger(number)) writeInteger(out, number);
      else out.ascii(String(value));
    };
  }
  if (type === 'bool') return (out, index) => out.ascii(data[index] === 1 ? 'true' : 'false');
  return (out, index) => writeInteger(out, data[index] as number);
}

function halfWriter(view: ArrayBufferView, spelling: Spelling): CellWriter {
  const bits = new Uint16Array(view.buffer, view.byteOffset, view.byteLength / 2);
  const round = (value: number): number => fromHalf(toHalf(value));
  return (out, index) => {
    const value = fromHalf(bits[index] as number);
    if (!Number.isFinite(value)) writeSpecial(out, value, spelling);
    else out.ascii(Object.is(value, -0) ? '-0' : shortestText(value, round));
  };
}

function writeSpecial(out: ByteWriter, value: number, spelling: Spelling): void {
  if (Number.isNaN(value)) out.ascii(spelling.nan);
  else out.ascii(value > 0 ? spelling.infinity : spelling.minusInfinity);
}
