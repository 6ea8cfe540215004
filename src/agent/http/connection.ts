import { connect, type Socket } from 'node:net';
import { BLOCK_BYTES, type BlockPool } from './block-pool.ts';
import { type Head, ProtocolError, ResponseParser } from './response-parser.ts';

/** Up to here head and body are copied together: one system call for both beats handing over two buffers. */
const ONE_WRITE_BYTES = 20 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
/** Bodies up to this size are kept in a buffer of their own, which costs less than a block; growing ones start with the first. */
const FIRST_PIECE_BYTES = 1024;
const MAX_PIECE_BYTES = 16 * 1024;
/**
 * A reused connection that is closed this soon after the request was most likely on its way down before: an idle time-out of
 * the server crossed with our request (20 ms proved too short on a busy machine). Later, the server may have worked on it, and
 * its death is an answer of a kind.
 */
const STALE_MS = 250;
const EMPTY = Buffer.alloc(0);

export interface HttpRequest {
  /** Request line and headers with the blank line. */
  readonly head: string;
  /** The body, in pieces that must not change until the exchange is over. */
  readonly segments: readonly Buffer[];
  readonly bytes: number;
  /** From the call to the last byte of the response, pauses by `flow` not counted. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly flow?: Flow;
}

/** Back-pressure on a response, from whoever keeps it. */
export interface Flow {
  /** `bytes` have arrived; false asks for no more until `resume` is called. */
  received(bytes: number, resume: () => void): boolean;
}

export interface HttpResponse {
  readonly head: Head;
  readonly body: readonly Buffer[];
  readonly bytes: number;
  /** Gives the memory of the body back, which must not be looked at afterwards. To be called once. */
  readonly release: () => void;
}

/**
 * Why there is no response: no connection could be made (`connect`), it broke or does not speak HTTP (`connection`), the
 * response was too late or too large, or we closed the connection (`aborted`). `stale` means that a kept-alive connection was
 * closed at the very moment of its next use.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly kind: 'connect' | 'connection' | 'timeout' | 'too-large' | 'aborted';
  readonly stale: boolean;

  constructor(kind: ExchangeError['kind'], message: string, stale = false, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.stale = stale;
  }
}

/** Whoever keeps the connection between its exchanges. */
export interface ConnectionOwner {
  /** An exchange has ended well, and another one may follow. */
  onIdle(): void;
  onClose(): void;
}

interface Exchange {
  readonly request: HttpRequest;
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: ExchangeError) => void;
  timer: NodeJS.Timeout | undefined;
  timerStarted: number;
  remainingMs: number;
  head: Head | undefined;
  readonly pieces: Buffer[];
  /** The piece that is being filled. */
  block: Buffer;
  filled: number;
  /** Those of the pieces that are the pool's. */
  readonly pooled: Buffer[];
  received: number;
}

/**
 * A connection to a model server: HTTP/1.1, kept alive, one request at a time, nothing pipelined. Hand-written because the
 * cost of a client is what a job of small requests is made of: against the same server it reaches 0.65–0.94 of `wrk`, undici
 * 0.3 (measured with 200-byte bodies). It connects when it is first used.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  readonly #pool: BlockPool;
  readonly #owner: ConnectionOwner;
  /** Where small requests are put together: free again when the response is there, or the connection is not used again. */
  #outgoing: Buffer = EMPTY;
  #socket: Socket | undefined;
  #connected = false;
  #used = 0;
  /** True when a byte of an answer has come since the request. */
  #answered = false;
  #exchange: Exchange | undefined;
  #failure: ExchangeError | undefined;
  readonly #parser: ResponseParser;

  constructor(host: string, port: number, pool: BlockPool, owner: ConnectionOwner) {
    this.#host = host;
    this.#port = port;
    this.#pool = pool;
    this.#owner = owner;
    this.#parser = new ResponseParser({
      head: (head) => this.#onHead(head),
      body: (bytes, from, to) => this.#onBody(bytes, from, to),
    });
  }

  /** True when another request may be sent. */
  get reusable(): boolean {
    return this.#socket !== undefined && this.#exchange === undefined && this.#failure === undefined;
  }

  /** Sends a request and resolves to the whole response; rejects with an `ExchangeError`, after which the connection is closed. */
  exchange(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (this.#exchange !== undefined || this.#failure !== undefined)
        throw new Error('the connection is in use or closed');
      const exchange: Exchange = {
        request,
        resolve,
        reject,
        timer: undefined,
        timerStarted: 0,
        remainingMs: request.timeoutMs,
        head: undefined,
        pieces: [],
        block: EMPTY,
        filled: 0,
        pooled: [],
        received: 0,
      };
      this.#exchange = exchange;
      this.#used += 1;
      this.#answered = false;
      const socket = this.#socket ?? this.#connect();
      this.#startTimer(exchange);
      this.#parser.reset();
      this.#send(socket, request);
    });
  }

  /** Closes the connection; an exchange under way rejects. */
  close(reason = 'it was closed on our side'): void {
    this.#fail(new ExchangeError('aborted', reason));
  }

  #connect(): Socket {
    const socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(BLOCK_BYTES),
        callback: (count, bytes) => this.#onRead(bytes.subarray(0, count) as Buffer),
      },
    });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      if (!this.#connected)
        this.#fail(new ExchangeError('connect', `no connection within ${CONNECT_TIMEOUT_MS / 1000} seconds`));
    });
    socket.on('connect', () => {
      this.#connected = true;
      socket.setTimeout(0);
    });
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const words = error.code === undefined ? error.message : `${error.code} (${error.message})`;
      this.#fail(
        new ExchangeError(this.#connected ? 'connection' : 'connect', words, this.#isStale(), { cause: error }),
      );
    });
    // Only now does the operating system let go of the memory that was being sent.
    socket.on('close', () => this.#onClose());
    this.#socket = socket;
    return socket;
  }

  #send(socket: Socket, { head, segments, bytes }: HttpRequest): void {
    if (head.length + bytes <= ONE_WRITE_BYTES) {
      if (this.#outgoing === EMPTY) this.#outgoing = Buffer.allocUnsafeSlow(ONE_WRITE_BYTES);
      let end = this.#outgoing.write(head, 0, 'latin1');
      for (const segment of segments) end += segment.copy(this.#outgoing, end);
      socket.write(this.#outgoing.subarray(0, end));
      return;
    }
    socket.cork();
    socket.write(head, 'latin1');
    for (const segment of segments) socket.write(segment);
    socket.uncork();
  }

  #startTimer(exchange: Exchange): void {
    exchange.timerStarted = performance.now();
    exchange.timer = setTimeout(() => {
      this.#fail(new ExchangeError('timeout', `no complete response within ${exchange.request.timeoutMs} ms`));
    }, exchange.remainingMs);
  }

  #onRead(bytes: Buffer): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#fail(new ExchangeError('connection', 'it sent a response that nobody asked for'));
      return false;
    }
    const before = exchange.received;
    this.#answered = true;
    try {
      if (this.#parser.push(bytes)) {
        this.#account(exchange, before);
        this.#finish(exchange);
        return true;
      }
    } catch (error) {
      if (error instanceof ExchangeError) this.#fail(error);
      else if (error instanceof ProtocolError)
        this.#fail(new ExchangeError('connection', `it sent what is not HTTP: ${error.message}`));
      else throw error;
      return false;
    }
    return this.#account(exchange, before);
  }

  /** Tells the flow what has arrived; stops reading, and the clock, when it asks for it. */
  #account(exchange: Exchange, before: number): boolean {
    const bytes = exchange.received - before;
    const { flow } = exchange.request;
    if (bytes === 0 || flow === undefined) return true;
    const resume = (): void => {
      if (this.#exchange !== exchange || this.#failure !== undefined) return;
      this.#startTimer(exchange);
      this.#socket?.resume();
    };
    if (flow.received(bytes, resume)) return true;
    clearTimeout(exchange.timer);
    exchange.remainingMs = Math.max(1, exchange.remainingMs - (performance.now() - exchange.timerStarted));
    return false;
  }

  #onHead(head: Head): void {
    const exchange = this.#exchange as Exchange;
    exchange.head = head;
    if (head.length !== undefined) this.#checkSize(head.length, exchange);
    if (head.length && head.length <= MAX_PIECE_BYTES) exchange.block = Buffer.allocUnsafe(head.length);
  }

  /** Copied at once, as the bytes are only lent. Pieces as small as a server's chunks would cost many times what they hold. */
  #onBody(bytes: Buffer, from: number, to: number): void {
    const exchange = this.#exchange as Exchange;
    this.#checkSize(exchange.received + to - from, exchange);
    for (let at = from; at < to; ) {
      if (exchange.filled === exchange.block.length) this.#nextBlock(exchange, to - at);
      const count = bytes.copy(exchange.block, exchange.filled, at, to);
      exchange.filled += count;
      at += count;
    }
    exchange.received += to - from;
  }

  #nextBlock(exchange: Exchange, atLeast: number): void {
    if (exchange.filled > 0) exchange.pieces.push(exchange.block);
    exchange.filled = 0;
    const size = Math.max(exchange.block.length * 2, atLeast, FIRST_PIECE_BYTES);
    if (size <= MAX_PIECE_BYTES && !exchange.head?.length) {
      exchange.block = Buffer.allocUnsafe(size);
      return;
    }
    exchange.block = this.#pool.take();
    exchange.pooled.push(exchange.block);
  }

  #checkSize(bytes: number, { request }: Exchange): void {
    if (bytes <= request.maxResponseBytes) return;
    throw new ExchangeError('too-large', `the response is larger than ${request.maxResponseBytes} bytes`);
  }

  #onEnd(): void {
    const exchange = this.#exchange;
    if (exchange?.head !== undefined && this.#parser.end()) {
      this.#finish(exchange);
      return;
    }
    const progress =
      exchange?.head === undefined
        ? 'before it answered'
        : `in the middle of a response, after ${exchange.received} bytes${ofLength(exchange.head)}`;
    this.#fail(new ExchangeError('connection', `it closed the connection ${progress}`, this.#isStale()));
  }

  #isStale(): boolean {
    const exchange = this.#exchange;
    if (this.#used === 1 || exchange === undefined || this.#answered) return false;
    return performance.now() - exchange.timerStarted < STALE_MS;
  }

  #finish(exchange: Exchange): void {
    clearTimeout(exchange.timer);
    this.#exchange = undefined;
    const head = exchange.head as Head;
    // A server that answered before it took the whole request leaves us in the middle of it: the connection is spent.
    if (!head.keepAlive || this.#socket?.writableLength !== 0) this.close();
    else this.#owner.onIdle();
    if (exchange.filled > 0) exchange.pieces.push(exchange.block.subarray(0, exchange.filled));
    const { pieces: body, received: bytes, pooled } = exchange;
    exchange.resolve({ head, body, bytes, release: () => this.#pool.give(pooled) });
  }

  #fail(error: ExchangeError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    clearTimeout(this.#exchange?.timer);
    if (this.#socket === undefined) this.#onClose();
    else this.#socket.destroy();
  }

  #onClose(): void {
    this.#failure ??= new ExchangeError('connection', 'the connection was closed', this.#isStale());
    const exchange = this.#exchange;
    this.#exchange = undefined;
    clearTimeout(exchange?.timer);
    this.#owner.onClose();
    if (exchange === undefined) return;
    this.#pool.give(exchange.pooled);
    exchange.reject(this.#failure);
  }
}

function ofLength({ length }: Head): string {
  return length === undefined ? '' : ` of ${length}`;
}
