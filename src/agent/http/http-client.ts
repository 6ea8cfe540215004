import { BlockPool } from './block-pool.ts';
import { Connection, ExchangeError, type HttpRequest, type HttpResponse } from './connection.ts';

/** Connections to one server, kept alive. How many are open is decided by how many requests the caller has under way. */
export class HttpClient {
  readonly host: string;
  readonly #hostname: string;
  readonly #port: number;
  readonly #pool = new BlockPool();
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  /** @param url `http://host:port`, its path is not used. */
  constructor(url: URL) {
    this.host = url.host;
    this.#hostname = url.hostname.replace(/^\[|\]$/g, '');
    this.#port = url.port === '' ? 80 : Number(url.port);
  }

  /**
   * Sends a request on a free connection, or on a new one. A server may close a kept-alive connection at the very moment
   * that we use it again, and has most likely not seen that request then: it goes out once more on a new connection, which is
   * no retry in the sense of `InvocationsMaxRetries`.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const idle = this.#takeIdle();
    if (idle !== undefined) {
      try {
        return await this.#exchange(idle, request);
      } catch (error) {
        if (!(error instanceof ExchangeError && error.stale)) throw error;
      }
    }
    return this.#exchange(new Connection(this.#hostname, this.#port, this.#pool), request);
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
      this.#all.delete(connection);
    }
    return undefined;
  }

  async #exchange(connection: Connection, request: HttpRequest): Promise<HttpResponse> {
    this.#all.add(connection);
    try {
      return await connection.exchange(request);
    } finally {
      if (connection.reusable) this.#idle.push(connection);
      else this.#all.delete(connection);
    }
  }
}
