import { INPUT } from './layout';

/** Rounds after which a lane that counts one newline in each of them may overflow. */
const ROUNDS: usize = 255;

/**
 * Counts the newlines in the first `length` bytes of the input. Each of 16 lanes counts its columns, half of them in a second
 * counter that need not wait for the first, and all are added up before one overflows.
 */
export function countNewlines(length: i32): i32 {
  const newline = i8x16.splat(10);
  const zero = i8x16.splat(0);
  const end = INPUT + length;
  // What is left there of an earlier call is not counted.
  v128.store(end, zero);
  v128.store(end, zero, 16);
  v128.store(end, zero, 32);
  let at = INPUT;
  let total = 0;
  while (at < end) {
    const stop = min(at + ROUNDS * 32, end);
    let even = zero;
    let odd = zero;
    do {
      even = i8x16.sub(even, i8x16.eq(v128.load(at), newline));
      odd = i8x16.sub(odd, i8x16.eq(v128.load(at, 16), newline));
      at += 32;
    } while (at < stop);
    const sums = i32x4.extadd_pairwise_i16x8_u(
      i16x8.add(i16x8.extadd_pairwise_i8x16_u(even), i16x8.extadd_pairwise_i8x16_u(odd)),
    );
    total +=
      i32x4.extract_lane(sums, 0) +
      i32x4.extract_lane(sums, 1) +
      i32x4.extract_lane(sums, 2) +
      i32x4.extract_lane(sums, 3);
  }
  return total;
}
