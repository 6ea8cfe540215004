import { SignatureV4 } from '@smithy/signature-v4';
import { causeOf, MillraceError } from '../core/errors.ts';
import { Sha256 } from '../core/sha256.ts';
import { httpPost, type PostAnswer } from './http-post.ts';
import { remedyFor } from './refusal-remedies.ts';
import type { ServicePlace } from './service-place.ts';

/** The APIs of a service: the one of jobs and models, and the one of their logs. */
export type Api = 'sagemaker' | 'logs';

/** An answer as it came. What it holds is the service's business, so whoever reads it expects nothing to be there. */
export type Answer = Readonly<Record<string, unknown>>;

/** Something that answers operations. */
export interface Service {
  /** @throws MillraceError `ServiceUnreachable`, `ServiceAnswerInvalid`, `CredentialsRefused`, `RequestRefused` */
  call(api: Api, operation: string, input: object, signal?: AbortSignal): Promise<Answer>;
}

const TARGETS: Readonly<Record<Api, string>> = { sagemaker: 'SageMaker', logs: 'Logs_20140328' };
/** CreateTransformJob lists the input before it answers, which takes its time when there is much. */
const TIME_LIMIT_MS = 120_000;
/** A page of 10,000 log events has a megabyte of text, which JSON may make six times as long. */
const MAX_ANSWER_BYTES = 2 ** 24;
/** Of an answer that nobody understands. */
const SHOWN_CHARS = 200;
const CREDENTIALS =
  /^(UnrecognizedClient|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|InvalidClientTokenId|AccessDenied)/;

/** A client of the JSON protocol, signed, which millrace and the original speak. */
export class ServiceClient implements Service {
  readonly #place: ServicePlace;
  readonly #timeLimitMs: number;

  constructor(place: ServicePlace, timeLimitMs = TIME_LIMIT_MS) {
    this.#place = place;
    this.#timeLimitMs = timeLimitMs;
  }

  async call(api: Api, operation: string, input: object, signal?: AbortSignal): Promise<Answer> {
    const url = api === 'logs' ? this.#place.logsUrl : this.#place.url;
    const body = JSON.stringify(input);
    const headers = await this.#sign(api, url, operation, body);
    let answer: PostAnswer;
    try {
      answer = await httpPost(url, {
        headers: { ...headers, 'user-agent': 'millrace' },
        body,
        timeLimitMs: this.#timeLimitMs,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      const details = { endpoint: url.origin, cause: reasonOf(error), remedy: this.#remedy() };
      throw new MillraceError('ServiceUnreachable', details, { cause: error });
    }
    return understood(answer, url.origin, operation);
  }

  async #sign(api: Api, url: URL, operation: string, body: string): Promise<Record<string, string>> {
    const { region, credentials } = this.#place;
    const signer = new SignatureV4({ credentials, region, service: api, sha256: Sha256, applyChecksum: false });
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: {},
      headers: {
        host: url.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${TARGETS[api]}.${operation}`,
      },
      body,
    });
    return headers;
  }

  #remedy(): string {
    const { loopback, namedBy, url } = this.#place;
    const address = namedBy === undefined ? 'name another with --endpoint-url' : `check ${namedBy}`;
    if (!loopback) return `Is the service there? Otherwise ${address}.`;
    const port = url.port === '9400' ? '' : ` --port ${url.port || '80'}`;
    return `Start a service with "millrace serve${port}", or ${address}.`;
  }
}

function reasonOf(error: unknown): string {
  // What TLS says of a server that speaks plain HTTP are three lines about its own source files.
  const isPlain = (error as NodeJS.ErrnoException).code === 'EPROTO';
  return isPlain ? 'it does not speak TLS (is it http://?)' : causeOf(error);
}

/** @throws MillraceError `ServiceAnswerInvalid`, `CredentialsRefused`, `RequestRefused` */
function understood({ status, headers, text }: PostAnswer, endpoint: string, operation: string): Answer {
  const answer = parseObject(text);
  if (status === 200 && answer !== undefined) return answer;
  const type = answer?.['__type'] ?? headers['x-amzn-errortype'];
  if (answer === undefined || typeof type !== 'string' || status < 400) {
    const where = headers.location === undefined ? '' : ` to ${headers.location}`;
    throw new MillraceError('ServiceAnswerInvalid', { endpoint, operation, status, text: shown(text) || where });
  }
  // The name may stand in its namespace, `com.amazonaws.sagemaker#ValidationException`, or before an address.
  const code = type.replace(/^.*#/, '').replace(/:.*$/s, '');
  const message = String(answer['message'] ?? answer['Message'] ?? 'no reason was given').replace(/\.$/, '');
  if (CREDENTIALS.test(code)) throw new MillraceError('CredentialsRefused', { endpoint, operation, code, message });
  const remedy = remedyFor(operation, code, message);
  throw new MillraceError('RequestRefused', { operation, code, message, status, remedy });
}

function parseObject(text: string): Answer | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer) : undefined;
  } catch {
    return undefined; // whatever it is, it is shown as it is
  }
}

function shown(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line === '' ? '' : `: ${line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line}`;
}
