/**
 * A growing run of bytes that formatting code writes into directly.
 *
 * `bytes` and `length` are open on purpose: hot loops reserve once, then store bytes without a call for each.
 */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  readonly #encoder = new TextEncoder();

  /** @param size bytes to start with; the buffer doubles when they are used up. */
  constructor(size: number) {
    this.bytes = new Uint8Array(Math.max(size, 64));
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Writes a text of ASCII characters only, such as a number. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Writes any text as UTF-8. */
  text(text: string): void {
    this.reserve(text.length * 3);
    // Labels are short and mostly ASCII: this is several times faster than a call of the encoder for each.
    if (text.length <= 32) {
      const { bytes } = this;
      let at = this.length;
      let i = 0;
      for (; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (i === text.length) {
        this.length = at;
        return;
      }
    }
    this.length += this.#encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }
}
