/** What a byte does to the checksum, in two halves: JavaScript's bit operations have 32 bits. */
interface Table {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** The polynomial of the NVM Express specification (NVM Command Set, 64b CRC), its bits reversed: 0x9a6c9329ac4bc9b5. */
const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x9a6c9329;

/** `Tn` tells what a byte does when `n` more bytes follow it. */
const T0 = noneFollowing();
const T1 = oneMoreFollowing(T0);
const T2 = oneMoreFollowing(T1);
const T3 = oneMoreFollowing(T2);
const T4 = oneMoreFollowing(T3);
const T5 = oneMoreFollowing(T4);
const T6 = oneMoreFollowing(T5);
const T7 = oneMoreFollowing(T6);

function noneFollowing(): Table {
  const table = { low: new Int32Array(256), high: new Int32Array(256) };
  for (let value = 0; value < 256; value++) {
    let [low, high] = [value, 0];
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (isOdd) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    table.low[value] = low;
    table.high[value] = high;
  }
  return table;
}

function oneMoreFollowing(table: Table): Table {
  return {
    low: table.low.map((low, at) => ((low >>> 8) | (entry(table.high, at) << 24)) ^ entry(T0.low, low & 255)),
    high: table.high.map((high, at) => (high >>> 8) ^ entry(T0.high, entry(table.low, at) & 255)),
  };
}

function entry(table: Int32Array, index: number): number {
  return table[index] as number;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

/** The checksum CRC-64/NVME of bytes that come in pieces. */
export class Crc64Nvme {
  #low = -1;
  #high = -1;

  /** Eight bytes at a time: 0.8 to 1.2 GB/s. One at a time does 0.4. */
  update(bytes: Uint8Array): void {
    let low = this.#low;
    let high = this.#high;
    let at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      const a = (low ^ byte(bytes, at)) & 255;
      const b = ((low >>> 8) ^ byte(bytes, at + 1)) & 255;
      const c = ((low >>> 16) ^ byte(bytes, at + 2)) & 255;
      const d = (low >>> 24) ^ byte(bytes, at + 3);
      const e = (high ^ byte(bytes, at + 4)) & 255;
      const f = ((high >>> 8) ^ byte(bytes, at + 5)) & 255;
      const g = ((high >>> 16) ^ byte(bytes, at + 6)) & 255;
      const h = (high >>> 24) ^ byte(bytes, at + 7);
      low =
        entry(T7.low, a) ^
        entry(T6.low, b) ^
        entry(T5.low, c) ^
        entry(T4.low, d) ^
        entry(T3.low, e) ^
        entry(T2.low, f) ^
        entry(T1.low, g) ^
        entry(T0.low, h);
      high =
        entry(T7.high, a) ^
        entry(T6.high, b) ^
        entry(T5.high, c) ^
        entry(T4.high, d) ^
        entry(T3.high, e) ^
        entry(T2.high, f) ^
        entry(T1.high, g) ^
        entry(T0.high, h);
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ byte(bytes, at)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ entry(T0.low, index);
      high = (high >>> 8) ^ entry(T0.high, index);
    }
    this.#low = low;
    this.#high = high;
  }

  /** Of everything so far: eight bytes, the most significant first. */
  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeInt32BE(~this.#high, 0);
    bytes.writeInt32BE(~this.#low, 4);
    return bytes;
  }
}
