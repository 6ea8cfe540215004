// 64 bytes of text as 64 bits, one for each byte: bit 0 is the first byte.

/** The top bits of 64 lanes. */
@inline
export function topBits(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = <u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16);
  const high = <u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16);
  return <u64>low | ((<u64>high) << 32);
}

@inline
export function equalTo(a: v128, b: v128, c: v128, d: v128, byte: v128): u64 {
  return topBits(i8x16.eq(a, byte), i8x16.eq(b, byte), i8x16.eq(c, byte), i8x16.eq(d, byte));
}

/** Bit i of the result is the parity of the bits 0 to i. */
@inline
export function parity(bits: u64): u64 {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ (bits << 32);
}

/** The bits below bit `index`, which is at most 63. */
@inline
export function below(index: u64): u64 {
  return (<u64>1 << index) - 1;
}
