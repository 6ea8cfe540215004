import { escapeMessage, STAMP_BYTES } from './log-line.ts';

/** Lines as they go to the disk, gathered in one piece of memory. */
export interface LineBlock {
  readonly bytes: Buffer;
  /** How many lines that were pushed are accounted for by it. */
  readonly lines: number;
  /** Times of its first and its last line. */
  readonly firstAt: number;
  readonly lastAt: number;
}

interface OpenBlock {
  readonly memory: Buffer;
  filled: number;
  lines: number;
  readonly firstAt: number;
  lastAt: number;
}

/** Beyond this length what a text takes in UTF-8 is counted; below, three bytes a character are set aside. */
const COUNTED_CHARS = 4096;

/**
 * Lines that are not on the disk yet. When they come faster than they are taken, the oldest go, a block at a time, and a line
 * says how many. A push costs less than 1 µs: a model server may print 100,000 lines a second.
 */
export class LineBuffer {
  readonly #maxBytes: number;
  readonly #blockBytes: number;
  readonly #blocks: OpenBlock[] = [];
  #bytes = 0;
  #dropped = 0;
  #stamp = '';
  #stampedAt = Number.NaN;

  /** Holds `maxBytes` at the most, and always one block: of `blockBytes`, or one line that needs more. */
  constructor(maxBytes: number, blockBytes: number) {
    this.#maxBytes = maxBytes;
    this.#blockBytes = blockBytes;
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#bytes;
  }

  get empty(): boolean {
    return this.#blocks.length === 0;
  }

  push(at: number, message: string): void {
    const text = escapeMessage(message);
    const room = STAMP_BYTES + 1 + (text.length > COUNTED_CHARS ? Buffer.byteLength(text) : 3 * text.length);
    let block = this.#blocks.at(-1);
    if (block === undefined || block.memory.length - block.filled < room) block = this.#addBlock(room, at);
    const { memory } = block;
    let end = block.filled + memory.write(this.#stampOf(at), block.filled, 'latin1');
    end += memory.write(text, end);
    memory[end] = 0x0a;
    block.filled = end + 1;
    block.lines += 1;
    block.lastAt = at;
  }

  /** The oldest lines; before those that follow dropped ones a line that says so. */
  take(): LineBlock | undefined {
    const [block] = this.#blocks;
    if (block === undefined) return undefined;
    const { firstAt, lastAt, lines } = block;
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      const notice = `${this.#stampOf(firstAt)}[millrace] ${dropped} lines are missing here: they came faster than they could be written\n`;
      return { bytes: Buffer.from(notice), lines: dropped, firstAt, lastAt: firstAt };
    }
    this.#blocks.shift();
    this.#bytes -= block.memory.length;
    return { bytes: block.memory.subarray(0, block.filled), lines, firstAt, lastAt };
  }

  #addBlock(room: number, at: number): OpenBlock {
    const memory = Buffer.allocUnsafeSlow(Math.max(this.#blockBytes, room));
    const block = { memory, filled: 0, lines: 0, firstAt: at, lastAt: at };
    this.#blocks.push(block);
    this.#bytes += memory.length;
    while (this.#bytes > this.#maxBytes && this.#blocks.length > 1) {
      const oldest = this.#blocks.shift();
      this.#bytes -= oldest?.memory.length ?? 0;
      this.#dropped += oldest?.lines ?? 0;
    }
    return block;
  }

  /** Most lines of a flood are of one millisecond. */
  #stampOf(at: number): string {
    if (at !== this.#stampedAt) {
      this.#stamp = `${new Date(at).toISOString()} `;
      this.#stampedAt = at;
    }
    return this.#stamp;
  }
}
