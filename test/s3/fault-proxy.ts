import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

export type Operation =
  | 'GetObject'
  | 'HeadObject'
  | 'ListObjects'
  | 'PutObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Other';

/** What the proxy saw of a request. */
export interface Seen {
  readonly operation: Operation;
  readonly key: string;
  readonly part?: string;
  readonly range?: string;
  readonly ifMatch?: string;
  /** The region that it is signed for. */
  readonly region?: string;
}

export type Fault =
  /** The answer breaks off after so many bytes of its body; the server has done what was asked. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The answer stops after so many bytes of its body, and the connection stays. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The connection is reset after so many bytes of the request's body; the server never sees it. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** An error of S3's instead of the server's answer, which the server never sees. */
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  /** Something happens before the request is handed on. */
  | { readonly kind: 'meanwhile'; readonly run: () => Promise<unknown> }
  /** The answer is kept back until then. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  /** The answer says that it is the whole object, whatever it is. */
  | { readonly kind: 'ignoreRange' };

interface Rule {
  readonly when: (seen: Seen) => boolean;
  readonly fault: Fault;
  times: number;
}

/** Stands in front of an S3 server and spoils what it is told to, so many times; everything else passes unchanged. */
export class FaultProxy {
  readonly seen: Seen[] = [];
  readonly #upstream: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  #rules: Rule[] = [];

  static async start(endpoint: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(endpoint));
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  private constructor(upstream: URL) {
    this.#upstream = upstream;
    this.#server = createServer((incoming, answer) => {
      // A client that goes away in the middle is its own affair.
      this.#pass(incoming, answer).catch(() => answer.destroy());
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** The first rule that fits and has times left decides. */
  spoil(operation: Operation, fault: Fault, { times = 1, when = (_: Seen): boolean => true } = {}): void {
    this.#rules.push({ when: (seen) => seen.operation === operation && when(seen), fault, times });
  }

  /** The requests of one kind, so far. */
  requests(operation: Operation): Seen[] {
    return this.seen.filter((seen) => seen.operation === operation);
  }

  /** Resolves when a request of this kind is there. */
  async saw(operation: Operation): Promise<void> {
    while (this.requests(operation).length === 0) await once(this.#server, 'request');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await once(this.#server.close(), 'close');
  }

  async #pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const seen = look(incoming);
    this.seen.push(seen);
    const rule = this.#rules.find(({ when, times }) => times > 0 && when(seen));
    if (rule !== undefined) rule.times -= 1;
    const fault = rule?.fault;
    if (fault?.kind === 'error') {
      incoming.resume();
      await once(incoming, 'end');
      const body = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>Spoiled by a test</Message></Error>`;
      answer.writeHead(fault.status, { 'content-type': 'application/xml' });
      answer.end(incoming.method === 'HEAD' ? undefined : body);
      return;
    }
    if (fault?.kind === 'reset') {
      let bytes = 0;
      for await (const chunk of incoming) {
        bytes += (chunk as Buffer).length;
        if (bytes >= fault.afterBytes) break;
      }
      incoming.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'meanwhile') await fault.run();
    const { hostname, port } = this.#upstream;
    const { method, url: path, headers } = incoming;
    const outgoing = request({ hostname, port, agent: this.#agent, method, path, headers });
    incoming.pipe(outgoing);
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (fault?.kind === 'hold') await fault.until;
    if (fault?.kind === 'ignoreRange') {
      delete reply.headers['content-range'];
      reply.statusCode = 200;
    }
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    if (fault?.kind !== 'cut' && fault?.kind !== 'stall') {
      reply.pipe(answer);
      return;
    }
    let left = fault.afterBytes;
    answer.flushHeaders();
    for await (const chunk of reply) {
      const piece = (chunk as Buffer).subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) await new Promise((written) => answer.write(piece, written));
      if (left === 0) break; // which destroys the reply, and the rest with it
    }
    if (fault.kind === 'cut') answer.socket?.destroy();
  }
}

function look({ method, url = '/', headers }: IncomingMessage): Seen {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  const part = searchParams.get('partNumber');
  const [, region] = /Credential=[^/]*\/[^/]*\/([^/]*)\//.exec(headers.authorization ?? '') ?? [];
  return {
    operation: operationOf(method ?? '', key, searchParams),
    key,
    ...(part === null ? {} : { part }),
    ...(region === undefined ? {} : { region }),
    ...(headers.range === undefined ? {} : { range: headers.range }),
    ...(headers['if-match'] === undefined ? {} : { ifMatch: headers['if-match'] }),
  };
}

function operationOf(method: string, key: string, query: URLSearchParams): Operation {
  const upload = query.has('uploadId');
  if (key === '') return method === 'GET' ? 'ListObjects' : 'Other';
  if (method === 'GET') return 'GetObject';
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'PUT') return upload ? 'UploadPart' : 'PutObject';
  if (method === 'POST')
    return upload ? 'CompleteMultipartUpload' : query.has('uploads') ? 'CreateMultipartUpload' : 'Other';
  return method === 'DELETE' && upload ? 'AbortMultipartUpload' : 'Other';
}
