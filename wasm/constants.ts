// Bytes 16 times over. V8 makes a constant of 16 bytes from four instructions at every use; loading it is one.

const CONSTANTS: usize = 1152;

export const NEWLINE16: usize = CONSTANTS;
export const COMMA16: usize = CONSTANTS + 16;
export const QUOTE16: usize = CONSTANTS + 32;
export const BACKSLASH16: usize = CONSTANTS + 48;
export const COLON16: usize = CONSTANTS + 64;
export const DOT16: usize = CONSTANTS + 80;
export const MINUS16: usize = CONSTANTS + 96;
export const ZERO16: usize = CONSTANTS + 112;
export const DEL16: usize = CONSTANTS + 128;
/** Bits that tell brackets from each other. */
export const BRACKET_BITS16: usize = CONSTANTS + 144;
/** What takes the digit 0 to the least signed byte, and the first behind the digits then. */
export const DIGIT_SHIFT16: usize = CONSTANTS + 160;
export const DIGIT_LIMIT16: usize = CONSTANTS + 176;
export const LOW_BITS16: usize = CONSTANTS + 192;
export const CONTROLS16: usize = CONSTANTS + 208;
/** At the place of its lower half each byte that is space. */
export const SPACES16: usize = CONSTANTS + 224;

export function initConstants(): void {
  v128.store(NEWLINE16, i8x16.splat(10));
  v128.store(COMMA16, i8x16.splat(0x2c));
  v128.store(QUOTE16, i8x16.splat(0x22));
  v128.store(BACKSLASH16, i8x16.splat(0x5c));
  v128.store(COLON16, i8x16.splat(0x3a));
  v128.store(DOT16, i8x16.splat(0x2e));
  v128.store(MINUS16, i8x16.splat(0x2d));
  v128.store(ZERO16, i8x16.splat(0x30));
  v128.store(DEL16, i8x16.splat(0x7f));
  v128.store(BRACKET_BITS16, i8x16.splat(0x26));
  v128.store(DIGIT_SHIFT16, i8x16.splat(0x50));
  v128.store(DIGIT_LIMIT16, i8x16.splat(-118));
  v128.store(LOW_BITS16, i8x16.splat(15));
  v128.store(CONTROLS16, i8x16.splat(0x1f));
  v128.store(SPACES16, i8x16(0x20, 0, 0, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0, 13, 0, 0));
}
