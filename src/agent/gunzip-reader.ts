import { createGunzip, type Gunzip } from 'node:zlib';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { ObjectReader } from '../objects/object-store.ts';

/** Bytes of the compressed object that are read, and given to zlib, at once; one such piece is read ahead. */
const PIECE_BYTES = 128 * 1024;
/** Bytes that zlib makes at once. */
const CHUNK_BYTES = 128 * 1024;
/** Decompressed bytes that may wait for the consumer here; zlib's stream holds one or two chunks more. */
const MAX_WAITING_BYTES = 2 * CHUNK_BYTES;
/** How gzip begins: two magic bytes and the only method there is. */
const GZIP_HEADER = [0x1f, 0x8b, 0x08];

export interface GunzipReaderOptions {
  /** The object's name in messages. */
  readonly object: string;
  /** True when what comes out may be gzip itself: an object that is sent as it is after one decompression. */
  readonly allowNested: boolean;
  /** Aborting it makes pending reads reject with its reason. */
  readonly signal: AbortSignal;
}

/**
 * The bytes of a gzip object decompressed (`CompressionType=Gzip`, behaviour 2), with the methods of an `ObjectReader`. What
 * it holds at a time, some 800 KiB, does not depend on the object. Several members are one stream, as for gzip itself; zeros
 * behind the last one are padding; an object of 0 bytes has none.
 *
 * It owns the reader that it is given. Nothing is allocated or read before the first `read`, so that opening ahead is cheap.
 */
export class GunzipReader implements Pick<ObjectReader, 'read' | 'close'> {
  /** Nobody knows before the end; tells this reader from one that has its `size`. */
  readonly size = undefined;
  /** Bytes of the object as it is stored. */
  readonly compressedSize: number;
  readonly #reader: ObjectReader;
  readonly #options: GunzipReaderOptions;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #gunzip: Gunzip | undefined;
  /** Set once and for good: what every later `read` rejects with. */
  #failure: { readonly error: unknown } | undefined;
  /** Bytes of the compressed object that zlib was given; it may not have come to all of them yet. */
  #given = 0;
  #fed = false;
  #inflated = false;
  /** Bytes that begin the decompressed object and are gzip's own; -1 when one was not. */
  #nestedHeader = 0;
  #wakeConsumer: (() => void) | undefined;
  #wakeFeeder: (() => void) | undefined;

  constructor(reader: ObjectReader, options: GunzipReaderOptions) {
    this.#reader = reader;
    this.#options = options;
    this.compressedSize = reader.size;
  }

  /**
   * Fills `into` from its start with as much as is there and resolves to the number of bytes, 0 only at the end.
   *
   * @throws MillraceError `CompressionInvalid`, `CompressedTwice`, and whatever the reader itself rejects with
   */
  async read(into: Uint8Array): Promise<number> {
    this.#options.signal.throwIfAborted();
    if (this.#failure === undefined) this.#gunzip ??= this.#start();
    while (this.#waiting.length === 0 && this.#failure === undefined && !(this.#inflated && this.#fed)) {
      await new Promise<void>((resolve) => {
        this.#wakeConsumer = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#take(into);
  }

  async close(): Promise<void> {
    const details = { object: this.#options.object, offset: this.#offset, cause: 'the reader was closed' };
    this.#fail(new MillraceError('ReadFailed', details));
    await this.#reader.close();
  }

  /** Bytes of the compressed object that were read, about. */
  get consumed(): number {
    return this.#given;
  }

  /** Byte of the compressed object up to which everything was decompressed. */
  get #offset(): number {
    return this.#gunzip?.bytesWritten ?? 0;
  }

  #start(): Gunzip {
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    gunzip.on('data', (bytes: Buffer) => this.#put(gunzip, bytes));
    gunzip.on('end', () => {
      this.#inflated = true;
      this.#wake();
    });
    gunzip.on('error', (error: NodeJS.ErrnoException) => this.#fail(this.#describe(error)));
    this.#options.signal.addEventListener('abort', this.#onAbort, { once: true });
    void this.#feed(gunzip);
    return gunzip;
  }

  readonly #onAbort = (): void => this.#fail(this.#options.signal.reason);

  #put(gunzip: Gunzip, bytes: Buffer): void {
    if (this.#failure !== undefined) return; // a stream that was destroyed still hands over what it had
    for (let at = 0; this.#nestedHeader >= 0 && this.#nestedHeader < GZIP_HEADER.length && at < bytes.length; at++) {
      this.#nestedHeader = bytes[at] === GZIP_HEADER[this.#nestedHeader] ? this.#nestedHeader + 1 : -1;
    }
    if (this.#nestedHeader === GZIP_HEADER.length && !this.#options.allowNested) {
      const cause = 'The object is still gzip after decompressing it once';
      this.#fail(new MillraceError('CompressedTwice', { object: this.#options.object, cause }));
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= MAX_WAITING_BYTES) gunzip.pause();
    this.#wake();
  }

  #take(into: Uint8Array): number {
    let taken = 0;
    for (let first = this.#waiting[0]; first !== undefined && taken < into.length; first = this.#waiting[0]) {
      const room = into.length - taken;
      if (first.length <= room) {
        into.set(first, taken);
        taken += first.length;
        this.#waiting.shift();
      } else {
        into.set(first.subarray(0, room), taken);
        taken += room;
        this.#waiting[0] = first.subarray(room);
      }
    }
    this.#waitingBytes -= taken;
    if (this.#waitingBytes < MAX_WAITING_BYTES && this.#gunzip?.isPaused()) this.#gunzip.resume();
    return taken;
  }

  /** Gives zlib the object piece by piece; the next piece is read while one is inflated. Never rejects. */
  async #feed(gunzip: Gunzip): Promise<void> {
    // An object of 200 bytes needs no more than that; the second piece is made when there is one.
    const pieceBytes = Math.max(1, Math.min(PIECE_BYTES, this.compressedSize));
    const free: Buffer[] = [];
    try {
      let piece = await this.#readPiece(free, pieceBytes);
      this.#fed = piece.length === 0;
      this.#inflated = this.#fed;
      while (piece.length > 0 && this.#failure === undefined) {
        this.#given += piece.length;
        const inflated = this.#inflate(gunzip, piece);
        const next = this.#readPiece(free, pieceBytes);
        next.catch(() => undefined); // met below, once what was read before it has been inflated
        await inflated;
        if (this.#failure !== undefined) return;
        if (this.#offset < this.#given) return await this.#expectPadding(piece, next);
        free.push(whole(piece));
        piece = await next;
      }
      this.#fed = true;
      gunzip.end();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#wake();
    }
  }

  async #readPiece(free: Buffer[], pieceBytes: number): Promise<Buffer> {
    const piece = free.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
    return piece.subarray(0, await this.#reader.read(piece));
  }

  /** Resolves when zlib has read all of `piece`, or the reader has failed: zlib then calls nobody back. */
  #inflate(gunzip: Gunzip, piece: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeFeeder = resolve;
      gunzip.write(piece, () => resolve());
    });
  }

  /** zlib takes nothing more when a zero follows a member, and Node looks no further: whatever comes would be lost in silence. */
  async #expectPadding(last: Buffer, next: Promise<Buffer>): Promise<void> {
    let start = this.#given - last.length;
    const free: Buffer[] = [];
    for (let piece = last, from = this.#offset - start; piece.length > 0; from = 0) {
      const at = piece.subarray(from).findIndex((byte) => byte !== 0);
      if (at >= 0) {
        const cause = 'there is something else behind the end of the gzip data and zeros that follow it';
        throw new MillraceError('CompressionInvalid', {
          object: this.#options.object,
          offset: start + from + at,
          cause,
        });
      }
      if (this.#failure !== undefined) return;
      start += piece.length;
      piece = piece === last ? await next : await this.#readPiece(free, PIECE_BYTES);
      free[0] = whole(piece);
    }
    this.#fed = true;
  }

  #describe(error: NodeJS.ErrnoException): MillraceError {
    const { object } = this.#options;
    const offset = this.#offset;
    const options = { cause: error };
    // What is not about the data is the machine's: no memory left for zlib.
    if (error.code !== 'Z_DATA_ERROR' && error.code !== 'Z_BUF_ERROR') {
      return new MillraceError('ReadFailed', { object, offset, cause: causeOf(error) }, options);
    }
    return new MillraceError(
      'CompressionInvalid',
      { object, offset, cause: words(error, offset, this.#given) },
      options,
    );
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#gunzip?.destroy();
    this.#wakeFeeder?.();
    this.#wake();
  }

  #wake(): void {
    this.#wakeConsumer?.();
    this.#wakeConsumer = undefined;
  }
}

/** The memory that a piece was read into, all of it. */
function whole(piece: Buffer): Buffer {
  return Buffer.from(piece.buffer);
}

/** zlib's own words, with what they mean where they are not plain. It tells only from where on it could not go on. */
function words(error: NodeJS.ErrnoException, offset: number, given: number): string {
  const said = causeOf(error);
  if (error.code === 'Z_BUF_ERROR') return `${said}, the object is cut short`;
  if (said === 'incorrect header check' && offset === 0) return `${said}, this does not begin as gzip does`;
  return offset < given ? `${said}, between there and byte ${given}` : said;
}
