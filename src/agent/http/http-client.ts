import { BlockPool } from './block-pool.ts';
import { Connection, ExchangeError, type HttpRequest, type HttpResponse } from './connection.ts';

/** Connections to one server, kept alive. How many are open is decided by how many requests the caller has under way. */
export class HttpClient {
  readonly url: URL;
  readonly host: string;
  readonly #hostname: string;
  readonly #port: number;
  readonly #pool: BlockPool;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  /** @param url `http://host:port`, its path is not used. */
  constructor(url: URL, pool = new BlockPool()) {
    this.#pool = pool;
    this.url = url;
    this.host = url.host;
    this.#hostname = url.hostname.replace(/^\[|\]$/g, '');
    this.#port = url.port === '' ? 80 : Number(url.port);
  }

  /**
   * Sends a request on a free connection, or on a new one. A server may close a kept-alive connection at the very moment
   * that we use it again, and has most likely not seen that request then: it goes out once more on a new connection, which is
   * no retry in the sense of `InvocationsMaxRetries`.
   */
  send(request: HttpRequest): Promise<HttpResponse> {
    const idle = this.#takeIdle();
    if (idle === undefined) return this.#connect().exchange(request);
    return idle.exchange(request).catch((error: unknown) => {
      if (error instanceof ExchangeError && error.stale) return this.#connect().exchange(request);
      throw error;
    });
  }

  /** Closes all connections; exchanges under way reject. */
  close(reason?: string): void {
    for (const connection of this.#all) connection.close(reason);
    this.#all.clear();
    this.#idle.length = 0;
  }

  #takeIdle(): Connection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.reusable) return connection;
    }
    return undefined;
  }

  #connect(): Connection {
    const connection = new Connection(this.#hostname, this.#port, this.#pool, {
      onIdle: () => this.#idle.push(connection),
      onClose: () => this.#all.delete(connection),
    });
    this.#all.add(connection);
    return connection;
  }
}
