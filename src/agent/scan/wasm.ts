import { MODULE } from './module.ts';

/** The part of the platform's WebAssembly that is used here; neither ES nor Node's types declare it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** What wasm/index.ts exports. Each instance has its own memory and state. */
export interface Wasm {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly startJson: (lines: number, members: number, keyLengths: number) => void;
  readonly scanJson: (length: number) => number;
  readonly endJson: () => number;
  readonly startCsv: (members: number, quotedNewlines: number) => void;
  readonly scanCsv: (length: number) => number;
  readonly endCsv: () => number;
  readonly findRows: (length: number, state: number, maxRows: number) => void;
  readonly countNewlines: (length: number) => number;
}

/** Addresses in the memory, as in wasm/layout.ts. */
export const RESULT = 1024;
export const INPUT = 8192;
export const INPUT_BYTES = 64 * 1024;
export const TABLE = 184_320;
export const TABLE_NUMBERS = (2 * 16 * 1024 + 4) * 4;

const compiled = new WebAssembly.Module(Buffer.from(MODULE.join(''), 'base64'));

/** A new instance of the module, which is compiled once. */
export function newWasm(): Wasm {
  return new WebAssembly.Instance(compiled).exports as Wasm;
}
