import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { S3Client, type S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3';
import { Fault } from '../src/api/fault.ts';
import { S3Endpoint } from '../src/api/s3/s3-endpoint.ts';
import { decodePayload } from '../src/api/sigv4/payload.ts';
import { SignatureVerifier } from '../src/api/sigv4/verify.ts';
import type { EmbeddedStore } from '../src/objects/local/embedded-store.ts';
import { openLocalStore } from '../src/objects/local/local-store.ts';
import { MemoryAttributes } from './memory-attributes.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RawRequest {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** S3 on a port of its own, around a store in a temporary folder; signatures are not verified. */
export interface S3UnderTest {
  readonly port: number;
  readonly endpoint: string;
  readonly store: EmbeddedStore;
  /** What was reported as the server's own fault. */
  readonly errors: unknown[];
  readonly client: S3Client;
  /** `path` goes out as it is. */
  raw(method: string, path: string, request?: RawRequest): Promise<RawAnswer>;
  close(): Promise<void>;
}

export interface S3Setting {
  readonly region?: string;
  readonly maxListKeys?: number;
  readonly client?: S3ClientConfig;
  /** Stands between the endpoint and the store. */
  readonly between?: (store: EmbeddedStore) => EmbeddedStore;
}

export async function startS3(setting: S3Setting = {}): Promise<S3UnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-'));
  const store = await openLocalStore(folder, new MemoryAttributes());
  const errors: unknown[] = [];
  const endpoint = new S3Endpoint({
    store: setting.between?.(store) ?? store,
    region: setting.region ?? 'eu-central-1',
    domains: ['localhost', 's3.example.com'],
    account: '123456789012',
    ...(setting.maxListKeys === undefined ? {} : { maxListKeys: setting.maxListKeys }),
    onError: (error) => errors.push(error),
  });
  const server = createServer();
  server.on('request', (request, response) => answer(endpoint, request, response, () => undefined));
  server.on('checkContinue', (request, response) =>
    answer(endpoint, request, response, () => response.writeContinue()),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint: address,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    forcePathStyle: true,
    maxAttempts: 1,
    ...setting.client,
  });
  return {
    port,
    endpoint: address,
    store,
    errors,
    client,
    raw: (method, path, request = {}) => sendRaw(port, method, path, request),
    close: async () => {
      client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}

const verifier = new SignatureVerifier({ keys: undefined, region: undefined, now: Date.now });

async function answer(
  endpoint: S3Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  beforeBody: () => void,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client has gone')));
  const { method = '', url: rawUrl = '', headers, rawHeaders } = request;
  const source = async function* (): AsyncGenerator<Buffer> {
    beforeBody();
    yield* request.iterator({ destroyOnReturn: false });
  };
  const context = { requestId: 'REQUEST1', signal: gone.signal };
  try {
    const verified = await verifier.verify({ service: 's3', method, rawUrl, headers, rawHeaders });
    const payload = decodePayload(source(), verified, headers);
    await endpoint.handle(request, response, { ...context, ...payload });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    await endpoint.refuse(request, response, error, context);
  }
}

async function sendRaw(port: number, method: string, path: string, raw: RawRequest): Promise<RawAnswer> {
  const agent = raw.agent ?? new Agent();
  try {
    const { body } = raw;
    const isSized = body !== undefined && raw.headers?.['transfer-encoding'] === undefined;
    const length = isSized ? { 'content-length': Buffer.byteLength(body) } : {};
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method,
      path,
      agent,
      headers: { ...length, ...raw.headers },
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
  } finally {
    if (raw.agent === undefined) agent.destroy();
  }
}

/** The code and the status of the refusal that a command ends with. */
export async function refusal(command: Promise<unknown>): Promise<readonly [string, number | undefined]> {
  try {
    await command;
  } catch (error) {
    if (error instanceof S3ServiceException) return [error.name, error.$metadata.httpStatusCode];
    throw error;
  }
  throw new Error('it was not refused');
}

/** The code in an error document. */
export function codeOf({ body }: RawAnswer): string | undefined {
  return /<Code>(.*?)<\/Code>/.exec(body)?.[1];
}
