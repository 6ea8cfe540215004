import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EmbeddedStore } from '../../objects/local/embedded-store.ts';
import { Fault } from '../fault.ts';
import { type Address, parseAddress } from './address.ts';
import { checkBucketName } from './bucket-name.ts';
import { errorAnswer } from './error-answer.ts';
import { checkKey } from './object-key.ts';
import { bucketRoutes, objectRoutes, type Route, routeOf } from './operation-table.ts';
import { createBucket } from './operations/create-bucket.ts';
import { listBuckets } from './operations/list-buckets.ts';
import { withPresignedHeaders } from './presigned-headers.ts';
import { refuseHeaders } from './refused-headers.ts';
import type { S3Answer } from './s3-answer.ts';
import type { S3Call, S3Service } from './s3-call.ts';
import { noSuchBucket, S3Fault } from './s3-fault.ts';
import { sendAnswer } from './send-answer.ts';
import { discardBody, fateOfBody, linger } from './unread-body.ts';

export interface S3EndpointOptions {
  readonly store: EmbeddedStore;
  readonly region: string;
  /** Hosts below which the first label is a bucket: `bucket.<domain>`. In lower case, without port. */
  readonly domains: readonly string[];
  readonly account: string;
  /** What one page of a list holds at the most; 1,000 when left out, as S3. */
  readonly maxListKeys?: number;
  /** Told of what was not the client's fault: the client itself learns nothing of the cause. */
  readonly onError: (error: unknown, requestId: string) => void;
}

export interface ReplyContext {
  readonly requestId: string;
  /** Aborted when the client has gone or the server stops. */
  readonly signal: AbortSignal;
}

/** What is known of a request before it is looked at as one of S3. */
export interface S3RequestContext extends ReplyContext {
  /** Without the frames of `aws-chunked`. Giving up in the middle must not destroy the request: the answer is still to come. */
  readonly body: AsyncIterable<Buffer>;
  /** Of the body, in bytes; `undefined` when the client does not say. */
  readonly decodedLength: number | undefined;
  /** Headers after the body, names in lower case; there when the body has ended. */
  readonly trailers: () => ReadonlyMap<string, string>;
}

/** Answers the operations of S3 from a store of its own. */
export class S3Endpoint {
  readonly #service: S3Service;
  readonly #domains: readonly string[];
  readonly #onError: S3EndpointOptions['onError'];

  constructor({ domains, onError, maxListKeys = 1000, ...service }: S3EndpointOptions) {
    this.#service = { ...service, maxListKeys };
    this.#domains = domains;
    this.#onError = onError;
  }

  /** Answers one request. Resolves when the answer has gone out or the client has; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, context: S3RequestContext): Promise<void> {
    let isBodyBegun = false;
    const body: AsyncIterable<Buffer> = {
      [Symbol.asyncIterator]: () => {
        isBodyBegun = true;
        return context.body[Symbol.asyncIterator]();
      },
    };
    const answer = await this.#answer(request, response, { ...context, body });
    if (answer !== undefined) await this.#send(request, response, answer, isBodyBegun, context);
  }

  /** Answers one request that was refused before it could be handled, for its signature say. As `handle`. */
  async refuse(request: IncomingMessage, response: ServerResponse, fault: Fault, context: ReplyContext): Promise<void> {
    const answer = errorAnswer(fault, resourceOf(request), context.requestId);
    await this.#send(request, response, answer, false, context);
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: S3Answer,
    isBodyBegun: boolean,
    { requestId, signal }: ReplyContext,
  ): Promise<void> {
    const fate = fateOfBody(request, isBodyBegun);
    const isKept = fate === 'read' || fate === 'drain';
    discardBody(request);
    try {
      await sendAnswer(response, answer, {
        isHead: request.method === 'HEAD',
        headers: { 'x-amz-request-id': requestId, ...(isKept ? {} : { connection: 'close' }) },
        ...(fate === 'cut' ? { beforeEnd: () => linger(request) } : {}),
        signal,
      });
    } catch (error) {
      if (!signal.aborted) this.#onError(error, requestId);
      // The head has promised a length, so that no client can take a part of the object for the whole.
      response.destroy();
    }
  }

  /** @returns `undefined` when there is nobody to be answered any more */
  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    context: S3RequestContext,
  ): Promise<S3Answer | undefined> {
    const { url = '/', method = '' } = request;
    const resource = resourceOf(request);
    const refuse = (fault: Fault): S3Answer => errorAnswer(fault, resource, context.requestId);
    try {
      const address = parseAddress(request.headers.host, url, this.#domains);
      const headers = withPresignedHeaders(request.headers, address.query);
      const { body, decodedLength, trailers, signal } = context;
      const { query } = address;
      const call = { service: this.#service, method, resource, query, headers, body, decodedLength, trailers, signal };
      refuseHeaders(call);
      return await this.#operate(call, address);
    } catch (error) {
      if (error instanceof Fault) return refuse(error);
      if (response.destroyed) return undefined;
      if (context.signal.aborted) return refuse(new Fault('ServiceUnavailable', 'The server is stopping.', 503));
      this.#onError(error, context.requestId);
      const message = 'We encountered an internal error. Please try again.';
      return refuse(new Fault('InternalError', message, 500));
    }
  }

  async #operate(call: S3Call, { bucketName, key }: Address): Promise<S3Answer> {
    if (call.method === 'OPTIONS') {
      throw new S3Fault('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.', 403);
    }
    if (bucketName === undefined) {
      if (call.method !== 'GET') throw methodNotAllowed(call, 'SERVICE', [{ method: 'GET' }]);
      return listBuckets(call);
    }
    const ofBucket = routeOf(bucketRoutes, call);
    if (key === undefined && ofBucket === undefined && call.method === 'PUT') {
      return createBucket({ ...call, bucketName });
    }
    checkBucketName(bucketName);
    if (key !== undefined) checkKey(key);
    const bucket = await this.#service.store.bucket(bucketName);
    if (bucket === undefined) throw noSuchBucket(bucketName);
    if (key === undefined) {
      if (ofBucket === undefined) throw methodNotAllowed(call, 'BUCKET', [...bucketRoutes, { method: 'PUT' }]);
      return ofBucket.run({ ...call, bucketName, bucket });
    }
    const ofObject = routeOf(objectRoutes, call);
    if (ofObject === undefined) throw methodNotAllowed(call, 'OBJECT', objectRoutes);
    return ofObject.run({ ...call, bucketName, bucket, key });
  }
}

function methodNotAllowed(
  call: S3Call,
  resourceType: string,
  routes: readonly Pick<Route<S3Call>, 'method'>[],
): S3Fault {
  const allow = [...new Set(routes.map(({ method }) => method))].join(', ');
  const message = 'The specified method is not allowed against this resource.';
  return new S3Fault('MethodNotAllowed', message, 405, { Method: call.method, ResourceType: resourceType }, { allow });
}

/** The path as it came. */
function resourceOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/\?.*$/s, '');
}
