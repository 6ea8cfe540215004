/** What an operation answers. Names of headers are in lower case. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Left out: no body. */
  readonly body?: string | StreamedBody;
}

/** Bytes of an object; whoever gets it closes it, whether it was read or not. */
export interface StreamedBody {
  /** Bytes that `chunks` yields, exactly. */
  readonly length: number;
  readonly chunks: AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export function xmlAnswer(document: string, headers: Readonly<Record<string, string>> = {}): S3Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body: document };
}

export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): S3Answer {
  return { status, headers };
}
