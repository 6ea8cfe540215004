/**
 * Protocol Buffers on the level of the wire: just enough to take a message apart into its fields and put it together
 * again. What a field means is for the caller to know; fields that are not touched keep their bytes.
 */

/** One field of a message. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly type: number;
  /** The whole field with its tag, as it stands in the message. */
  readonly raw: Uint8Array;
  /** The content: without the tag, and without the length of a length-delimited field. */
  readonly content: Uint8Array;
}

/** @throws Error when the bytes are no message (or use groups, which were given up long before ONNX) */
export function readFields(message: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  while (at < message.length) {
    const start = at;
    const tag = readVarint(message, at);
    at = tag.next;
    const type = Number(tag.value & 7n);
    let from = at;
    if (type === 0) at = readVarint(message, at).next;
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = readVarint(message, at);
      from = length.next;
      at = from + Number(length.value);
    } else throw new Error(`no protobuf message: wire type ${type} at byte ${start}`);
    if (at > message.length) throw new Error(`no protobuf message: it ends within the field at byte ${start}`);
    const number = Number(tag.value >> 3n);
    fields.push({ number, type, raw: message.subarray(start, at), content: message.subarray(from, at) });
  }
  return fields;
}

/** A varint as an unsigned 64-bit number, and the index after it. */
export function readVarint(bytes: Uint8Array, start: number): { readonly value: bigint; readonly next: number } {
  let value = 0n;
  for (let at = start, shift = 0n; at < start + 10; at++, shift += 7n) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new Error(`no protobuf message: a broken varint at byte ${start}`);
}

/** The varints of a repeated int64 field, which may come packed or one by one. */
export function signedVarints(field: WireField): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < field.content.length; ) {
    const { value, next } = readVarint(field.content, at);
    values.push(BigInt.asIntN(64, value));
    at = next;
  }
  return values;
}

export function writeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A length-delimited field: a text, bytes, or a message inside a message. */
export function delimitedField(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return Buffer.concat([writeVarint(number * 8 + 2), writeVarint(bytes.length), bytes]);
}

export function varintField(number: number, value: number): Uint8Array {
  return Buffer.concat([writeVarint(number * 8), writeVarint(value)]);
}
