import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Site } from '../api/arn.ts';
import { Fault } from '../api/fault.ts';
import type { JsonEndpoint } from '../api/json-endpoint.ts';
import { errorAnswer } from '../api/s3/error-answer.ts';
import type { S3Endpoint } from '../api/s3/s3-endpoint.ts';
import { decodePayload } from '../api/sigv4/payload.ts';
import type { SignatureVerifier } from '../api/sigv4/verify.ts';
import { answerSts, stsError } from '../api/sts.ts';
import { causeOf, MillraceError } from '../core/errors.ts';
import { fromStrangersPage, hostAllowed, namesBucket } from './host-check.ts';
import { readBody } from './read-body.ts';

/** A page of the service itself, for people's programs that watch it: `/healthz`. Answered without a signature. */
export interface StatusPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpDoorOptions {
  readonly site: Site;
  readonly verifier: SignatureVerifier;
  readonly json: JsonEndpoint;
  readonly s3: S3Endpoint | { readonly elsewhere: string };
  /** Hosts below which the first label is a bucket, whose objects may be named like a page. */
  readonly domains: readonly string[];
  /** By their paths. */
  readonly pages: ReadonlyMap<string, () => Promise<StatusPage>>;
  /** Hosts that requests may be for, beside loopback ones; `undefined` when requests are signed, which says more. */
  readonly onlyHosts: readonly string[] | undefined;
  /** Told of what was not the client's fault. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** A connection that says nothing for so long is closed: uploads of whatever length go on as long as bytes come. */
const IDLE_MS = 120_000;
const HEADERS_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
const MAX_CONNECTIONS = 2048;

/** The one port of the service: finds out which of its APIs a request is for, and who sent it. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #server: Server;
  readonly #stopping = new AbortController();

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.#server = createServer(
      { headersTimeout: HEADERS_MS, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 32 * 1024 },
      (request, response) => void this.#handle(request, response),
    );
    // `100 Continue` goes out when a body is first read, so that a refusal can come before it.
    this.#server.on('checkContinue', (request, response) => void this.#handle(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.setTimeout(IDLE_MS);
  }

  /** @throws MillraceError `AddressInUse` */
  async listen(host: string, port: number): Promise<AddressInfo> {
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
    } catch (error) {
      throw new MillraceError('AddressInUse', { address: `${host}:${port}`, cause: causeOf(error) }, { cause: error });
    }
    return this.#server.address() as AddressInfo;
  }

  /** Answers what is under way for at most `graceMs`, then closes every connection. */
  async close(graceMs: number): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const late = setTimeout(() => {
      this.#stopping.abort();
      this.#server.closeAllConnections();
    }, graceMs);
    await closed;
    clearTimeout(late);
    this.#stopping.abort();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([this.#stopping.signal, gone.signal]);
    const { headers, method = '', url = '/' } = request;
    const path = url.split('?', 1)[0];
    try {
      const { onlyHosts } = this.#options;
      if (!hostAllowed(headers.host, onlyHosts)) return this.#refuseHost(request, response);
      if (method !== 'GET' && method !== 'HEAD' && fromStrangersPage(headers, onlyHosts))
        return this.#refusePage(request, response);
      const asks = (method === 'GET' || method === 'HEAD') && !namesBucket(headers.host, this.#options.domains);
      const page = asks ? this.#options.pages.get(path ?? '') : undefined;
      if (page !== undefined) return sendPage(response, await page());
      if (method === 'POST' && path === '/') {
        if (headers['x-amz-target'] !== undefined) return await this.#answerJson(request, response, requestId, signal);
        if (headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
          return await this.#answerSts(request, response, requestId);
      }
      await this.#answerS3(request, response, requestId, signal);
    } catch (error) {
      // What ends here ended the connection, or should not have happened.
      if (!signal.aborted) this.#options.onError(error, requestId);
      response.destroy();
    }
  }

  async #answerJson(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const target = String(request.headers['x-amz-target']);
    const answer = await this.#guarded(requestId, async () => {
      const body = await readBody(request, response);
      await this.#options.verifier.verify({ service: 'json', body, ...raw(request) });
      return { status: 200, body: (await this.#options.json.call(target, body, signal)) ?? '' };
    });
    const body =
      answer instanceof Fault
        ? JSON.stringify({ __type: answer.code, message: answer.message })
        : answer.body === ''
          ? ''
          : JSON.stringify(answer.body);
    send(
      request,
      response,
      answer.status,
      {
        'content-type': 'application/x-amz-json-1.1',
        'x-amzn-requestid': requestId,
        ...(answer instanceof Fault ? { 'x-amzn-errortype': answer.code } : {}),
      },
      body,
    );
  }

  async #answerSts(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const { site, verifier } = this.#options;
    const answer = await this.#guarded(requestId, async () => {
      const body = await readBody(request, response);
      const { accessKeyId } = await verifier.verify({ service: 'json', body, ...raw(request) });
      return { status: 200, body: answerSts(new URLSearchParams(body.toString()), site, accessKeyId, requestId) };
    });
    const body = answer instanceof Fault ? stsError(answer, requestId) : answer.body;
    send(request, response, answer.status, { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body);
  }

  /** What an API answers; an error of ours is a Fault that tells nothing of its cause to strangers. */
  async #guarded<T>(requestId: string, work: () => Promise<T>): Promise<T | Fault> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Fault) return error;
      this.#options.onError(error, requestId);
      const message = `The service failed at this request; its log says why under ${requestId}.`;
      return new Fault('InternalFailure', message, 500);
    }
  }

  async #answerS3(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { s3, verifier } = this.#options;
    if ('elsewhere' in s3) {
      const fault = new Fault('NotImplemented', `The objects of this service are in ${s3.elsewhere}: ask there.`, 501);
      const { status, headers, body } = errorAnswer(fault, request.url ?? '/', requestId);
      return send(request, response, status, headers, String(body));
    }
    try {
      const verified = await verifier.verify({ service: 's3', ...raw(request) });
      const payload = decodePayload(bodyOf(request, response), verified, request.headers);
      await s3.handle(request, response, { requestId, signal, ...payload });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      await s3.refuse(request, response, error, { requestId, signal });
    }
  }

  #refusePage(request: IncomingMessage, response: ServerResponse): void {
    const message = 'Without access keys millrace does nothing for web pages of other hosts.';
    send(request, response, 403, { 'content-type': 'text/plain; charset=utf-8' }, `${message}\n`);
  }

  #refuseHost(request: IncomingMessage, response: ServerResponse): void {
    const message = `Requests for the host "${request.headers.host ?? ''}" are not answered: without access keys millrace answers for loopback names only, so that no web page can reach it. Set --domain or access keys.`;
    send(request, response, 403, { 'content-type': 'text/plain; charset=utf-8' }, `${message}\n`);
  }
}

function raw(request: IncomingMessage) {
  const { method = '', url: rawUrl = '/', headers, rawHeaders } = request;
  return { method, rawUrl, headers, rawHeaders };
}

/** The body as it comes; whoever begins to read it gives the client leave to send it. */
async function* bodyOf(request: IncomingMessage, response: ServerResponse): AsyncGenerator<Buffer, void, undefined> {
  if (request.headers.expect !== undefined) response.writeContinue();
  for await (const piece of request.iterator({ destroyOnReturn: false })) yield piece as Buffer;
}

function sendPage(response: ServerResponse, { status, contentType, body }: StatusPage): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  const unread = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body), ...unread });
  response.end(body);
}
