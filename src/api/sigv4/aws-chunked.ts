import { brokenFrames, malformedTrailer } from './s3-refusals.ts';

/** The line before the bytes of a chunk. */
export interface ChunkHead {
  readonly size: number;
  /** `chunk-signature`, the empty string when there is none. */
  readonly signature: string;
}

/** A chunk's line is a size and a signature: some 90 bytes. */
const MAX_LINE_BYTES = 1024;
/** A trailer is a checksum and a signature: some 200 bytes. */
const MAX_TRAILER_BYTES = 8192;

/**
 * Takes `aws-chunked` bodies apart, which come in pieces of any size:
 * `<hex size>[;chunk-signature=<hex>]CRLF <bytes> CRLF`, a chunk of size 0 without bytes, trailing headers, CRLF.
 *
 * Nothing of a chunk is gathered: its bytes are passed on as parts of the pieces that they came in.
 */
export class AwsChunkedReader {
  #state: 'line' | 'data' | 'data-end' | 'trailer' = 'line';
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** What came of a line, of the CRLF after a chunk, or of the trailer. */
  #text = '';

  /**
   * The heads of chunks, and after each its bytes.
   *
   * @throws Fault `IncompleteBody` when it is no such body, `MalformedTrailerError` when its trailer is too long
   */
  *read(bytes: Buffer): Generator<ChunkHead | Buffer, void, undefined> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        yield at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
        at = end;
        if (this.#left === 0) this.#state = 'data-end';
      } else if (this.#state === 'trailer') {
        if (this.#text.length + bytes.length - at > MAX_TRAILER_BYTES) throw malformedTrailer();
        this.#text += bytes.toString('latin1', at);
        return;
      } else {
        const end = this.#takeLine(bytes, at);
        if (end === undefined) return;
        at = end;
        const line = this.#text;
        this.#text = '';
        if (this.#state === 'data-end') {
          this.#state = 'line';
        } else {
          const head = parseHead(line);
          this.#left = head.size;
          this.#state = head.size === 0 ? 'trailer' : 'data';
          yield head;
        }
      }
    }
  }

  /** Adds to the line what there is of it. @returns where it ends, `undefined` when that is still to come */
  #takeLine(bytes: Buffer, at: number): number | undefined {
    // After a chunk the line is an empty one: two bytes.
    const room = (this.#state === 'data-end' ? 2 : MAX_LINE_BYTES) - this.#text.length;
    const newline = bytes.subarray(at, at + room).indexOf(0x0a);
    const end = newline < 0 ? bytes.length : at + newline + 1;
    if (end - at > room) throw brokenFrames();
    this.#text += bytes.toString('latin1', at, end);
    if (newline < 0) {
      if (this.#text.length === MAX_LINE_BYTES) throw brokenFrames();
      return undefined;
    }
    if (!this.#text.endsWith('\r\n')) throw brokenFrames();
    this.#text = this.#text.slice(0, -2);
    return end;
  }

  /**
   * The trailing headers, when there is nothing more to come. Empty lines in between are passed over: minio-go ends a
   * header with LF CRLF, and others send the CRLF after the bytes of the last chunk, which has none.
   *
   * @throws Fault `IncompleteBody` when something is missing, `MalformedTrailerError`
   */
  end(): Map<string, string> {
    if (this.#state !== 'trailer' || !/(^|\n)\r\n$/.test(this.#text)) throw brokenFrames();
    const trailer = new Map<string, string>();
    for (const line of this.#text.split(/\r?\n/)) {
      if (line === '') continue;
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
      if (!/^[\w-]+$/.test(name) || trailer.has(name)) throw malformedTrailer();
      trailer.set(name, line.slice(colon + 1).trim());
    }
    return trailer;
  }
}

function parseHead(line: string): ChunkHead {
  const [size = '', ...extensions] = line.split(';');
  if (!/^[\da-f]+$/i.test(size) || !Number.isSafeInteger(Number.parseInt(size, 16))) throw brokenFrames();
  const name = 'chunk-signature=';
  const signature = extensions.map((extension) => extension.trim()).find((extension) => extension.startsWith(name));
  return { size: Number.parseInt(size, 16), signature: signature?.slice(name.length) ?? '' };
}
