/**
 * Whose fault an error is. `client`, `algorithm`, `internal` and `capacity` are the prefixes of a job's failure reason
 * (behaviour 6); `usage` is told before anything is started and ends the command with status 2.
 */
export type Fault = 'usage' | 'client' | 'algorithm' | 'internal' | 'capacity';

interface Entry<P> {
  readonly fault: Fault;
  /** What happened, to which thing, and what to do next. */
  readonly message: (p: P) => string;
}

function entry<P>(fault: Fault, message: (p: P) => string): Entry<P> {
  return { fault, message };
}

/** Where in the input something is: the object, the first record (from 0) and the byte offset of that record. */
export interface Place {
  readonly object: string;
  readonly record: number;
  readonly offset: number;
}

/** The container of a pipeline that an error is about; `undefined` where there is only one. */
interface OfContainer {
  readonly container: string | undefined;
}

/** What can be done about a single record. */
const REMEDY = 'Mend it, or keep the others with --on-bad-record placeholder.';

const server = ({ container }: OfContainer): string =>
  container === undefined ? 'The model server' : `The container "${container}"`;
const from = ({ container }: OfContainer): string =>
  container === undefined ? '' : ` from the container "${container}"`;
const at = (p: Place): string => `record ${p.record + 1} at byte ${p.offset}`;

/** Every error that millrace reports. `docs/reference/errors.md` is checked against this table. */
export const errorTable = {
  UnknownCommand: entry(
    'usage',
    (p: { command: string; suggestion: string; help?: string }) =>
      `Unknown command "${p.command}".${p.suggestion} See millrace ${p.help === undefined ? '' : `${p.help} `}--help.`,
  ),
  UnknownOption: entry(
    'usage',
    (p: { option: string; suggestion: string; command: string }) =>
      `Unknown option ${p.option}.${p.suggestion} See ${p.command} --help.`,
  ),
  UnexpectedArgument: entry(
    'usage',
    (p: { argument: string; command: string; takes?: string }) =>
      `"${p.argument}" is not expected here: ${p.command} takes ${p.takes ?? 'options only'}. Put quotes around a value that has spaces.`,
  ),
  MissingOption: entry('usage', (p: { option: string; meaning: string }) => `${p.option} is missing: ${p.meaning}`),
  InvalidOption: entry(
    'usage',
    (p: { option: string; value: string; rule: string }) => `${p.option} cannot be "${p.value}": ${p.rule}`,
  ),
  InputNotFound: entry('usage', (p: { location: string; remedy: string }) => `No input at ${p.location}: ${p.remedy}`),
  NothingToDo: entry('usage', (p: { location: string }) =>
    p.location.startsWith('s3://')
      ? `No S3 objects found under S3 URL "${p.location}" given in input data source. Check the prefix; it is matched as plain text.`
      : `Nothing to do: there is no file under ${p.location}.`,
  ),
  BucketNotFound: entry(
    'usage',
    (p: { bucket: string; endpoint: string }) =>
      `There is no bucket "${p.bucket}" at ${p.endpoint}. Check its name, the region and --endpoint-url.`,
  ),
  StoreUnavailable: entry(
    'usage',
    (p: { location: string; cause: string }) =>
      `Cannot reach ${p.location}: ${p.cause}. Check --endpoint-url, the credentials and the region.`,
  ),
  OutputCollision: entry(
    'usage',
    (p: { first: string; second: string; output: string }) =>
      `The inputs ${p.first} and ${p.second} would both be written to ${p.output}. Transform them in two runs with different outputs.`,
  ),
  OutputReplacesInput: entry(
    'usage',
    (p: { first: string; second: string }) =>
      `The result of ${p.first} would replace ${p.second}, which is to be transformed, too. Choose another --output.`,
  ),
  OutputNotWritable: entry(
    'usage',
    (p: { location: string; cause: string }) => `Cannot write to ${p.location}: ${p.cause}. Choose another --output.`,
  ),
  ModelNotFound: entry(
    'usage',
    (p: { model: string; cause: string }) =>
      `Could not find model data at ${p.model}: ${p.cause}. A model is a .onnx file, or a folder or model.tar.gz that holds one; any folder or archive with --serve.`,
  ),
  ArchiveInvalid: entry(
    'usage',
    (p: { archive: string; cause: string }) => `${p.archive} is not a model archive (.tar.gz): ${p.cause}`,
  ),
  ArchiveUnsafe: entry(
    'usage',
    (p: { archive: string; entry: string; cause: string }) =>
      `${p.archive} is refused: its entry "${p.entry}" ${p.cause}. Nothing was unpacked; build the archive again from inside the model's folder.`,
  ),
  AddressInUse: entry(
    'usage',
    (p: { address: string; cause: string }) =>
      `Cannot listen on ${p.address}: ${p.cause}. Take another --port (0 takes a free one) or --host.`,
  ),
  UnpackFailed: entry(
    'usage',
    (p: { archive: string; folder: string; cause: string }) =>
      `Could not unpack ${p.archive} into ${p.folder}: ${p.cause}. TMPDIR names the folder for such files.`,
  ),
  InvalidJsonPath: entry(
    'usage',
    (p: { filter: 'InputFilter' | 'OutputFilter'; path: string; problem: string; position: number }) =>
      `Invalid ${p.filter}: "${p.path}". ${p.problem}. It is at position ${p.position}. Supported are $, .name, .*, [*], ['name'] and ['name','other'], [0] and [0,-1], and one [start:end]; 63 characters at the most; for CSV one index, list of indexes, range or *.`,
  ),
  InvalidCombination: entry(
    'usage',
    (p: { options: string; rule: string }) => `${p.options} do not go together: ${p.rule}`,
  ),
  ManifestInvalid: entry(
    'usage',
    (p: { manifest: string; cause: string }) =>
      `${p.manifest} is not a manifest: ${p.cause}. A manifest is one JSON array: {"prefix": "s3://bucket/some/prefix/"} first, then strings that follow this prefix.`,
  ),
  ImageNotMapped: entry(
    'usage',
    (p: { image: string }) =>
      `Nothing says how to run the image "${p.image}" here. Start millrace serve with --image 'PATTERN=HOW', where * in PATTERN stands for anything, and HOW is onnx, a command that starts a model server, or the address of one that runs: --image '*xgboost*=python serve.py'.`,
  ),
  ImageRefused: entry(
    'usage',
    (p: { image: string; cause: string }) => `The image "${p.image}" is not run here: ${p.cause}`,
  ),
  EncryptionUnavailable: entry(
    'usage',
    (p: { bucket: string; key: string }) =>
      `The KMS key "${p.key}" cannot be used for the bucket "${p.bucket}": the object store that comes with millrace does not encrypt. Leave KmsKeyId out, or use a store that does (--s3 aws, --s3-endpoint-url).`,
  ),
  DataDirNotWritable: entry(
    'usage',
    (p: { folder: string; cause: string }) =>
      `Cannot make the folder ${p.folder}: ${p.cause}. Choose another --data-dir.`,
  ),
  DataDirInUse: entry(
    'usage',
    (p: { file: string }) => `${p.file} is in use by another millrace. Stop that one, or choose another --data-dir.`,
  ),
  DatabaseCorrupt: entry(
    'usage',
    (p: { file: string; cause: string }) =>
      `The database ${p.file} cannot be used: ${p.cause}. Nothing was changed. Restore it from a copy, or move it away to begin with an empty one; the objects beside it are plain files and stay.`,
  ),
  DatabaseNewer: entry(
    'usage',
    (p: { file: string; version: number; newest: number }) =>
      `The database ${p.file} was written by a newer millrace (schema ${p.version}; this one knows ${p.newest}). Use that one again.`,
  ),
  RuntimeMissing: entry(
    'usage',
    (p: { cause: string }) =>
      `The ONNX model server needs the package onnxruntime-node, which cannot be loaded here: ${p.cause}. Install it with: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`,
  ),
  CredentialsMissing: entry(
    'usage',
    (p: { endpoint: string }) =>
      `Requests to ${p.endpoint} have to be signed: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. For those of a profile: eval "$(aws configure export-credentials --format env)".`,
  ),

  CredentialsRefused: entry(
    'client',
    (p: { endpoint: string; operation: string; code: string; message: string }) =>
      `${p.endpoint} refused ${p.operation}: ${p.message} (${p.code}). Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION; those of millrace serve are in its MILLRACE_ACCESS_KEYS and --region.`,
  ),
  RequestRefused: entry(
    'client',
    (p: { operation: string; code: string; message: string; status: number; remedy: string }) =>
      `${p.operation} was refused: ${p.message} (${p.code}).${p.remedy}`,
  ),
  LogStreamNotFound: entry(
    'client',
    (p: { stream: string; job: string; known: string }) =>
      `The job ${p.job} has no log stream "${p.stream}". Its streams: ${p.known}.`,
  ),
  RecordTooLarge: entry(
    'client',
    (p: Place & { limitBytes: number }) =>
      `Too much data for max payload size: ${at(p)} is larger than ${p.limitBytes} bytes. Raise --max-payload-in-mb (100 at the most).`,
  ),
  ObjectTooLarge: entry(
    'client',
    (p: { object: string; sizeBytes: number; limitBytes: number }) =>
      `Too much data for max payload size: the object has ${p.sizeBytes} bytes and is sent whole, ${p.limitBytes} are allowed. Use --split-type Line or raise --max-payload-in-mb (100 at the most).`,
  ),
  ModelRefused: entry(
    'client',
    (p: Place & OfContainer & { status: number; body: string }) =>
      `${server(p)} answered ${p.status} to the mini-batch that starts with ${at(p)}: ${p.body === '' ? '(no text)' : p.body}`,
  ),
  ObjectNotFound: entry(
    'client',
    (p: { object: string }) =>
      `There is no object ${p.object}. Check the manifest that lists it, or whether somebody has removed it meanwhile.`,
  ),
  FrameInvalid: entry(
    'client',
    (p: Place & { format: 'RecordIO' | 'TFRecord'; cause: string }) =>
      `This is not ${p.format}: ${at(p)} ${p.cause}. Check --split-type and --compression-type, or make the file again.`,
  ),
  CompressionInvalid: entry(
    'client',
    (p: { object: string; offset: number; cause: string }) =>
      `The gzip data are broken at byte ${p.offset} of the compressed object: ${p.cause}. Make the file again; gzip -t tells whether it is whole.`,
  ),
  Compressed: entry(
    'client',
    (_: { object: string }) =>
      'The object is gzip, which has no lines before it is decompressed. Add --compression-type Gzip.',
  ),
  CompressedTwice: entry(
    'client',
    (p: { object: string; cause: string }) =>
      `${p.cause}: decompress it once with gzip -d, or use --split-type None to send it as it is.`,
  ),
  InputNotParsed: entry(
    'client',
    (p: Place & { format: 'CSV' | 'JSON'; line: string; cause: string }) =>
      `Failed to parse line: '${p.line}' as ${p.format}: ${p.cause}, in ${at(p)}. ${REMEDY}`,
  ),
  OutputNotParsed: entry(
    'client',
    (p: Place & { format: 'CSV' | 'JSON'; line: string; cause: string; row: number }) =>
      `Failed to parse output from the algorithm as ${p.format}: ${p.cause}, in line ${p.row + 1} of the response to the mini-batch that starts with ${at(p)}: '${p.line}'`,
  ),
  MismatchedCount: entry(
    'client',
    (p: Place & { records: number; lines: number }) =>
      `Fail to join data: mismatched line count between the input and the output: ${p.records} sent, ${p.lines} answered, in the mini-batch that starts with ${at(p)}. The model has to answer one line for each record.`,
  ),
  RaggedRow: entry(
    'client',
    (p: Place & { columns: number; expected: number }) =>
      `Failed to parse line as CSV: ${at(p)} has ${p.columns} columns where the first row of the object has ${p.expected}. ${REMEDY}`,
  ),
  IndexOutOfRange: entry(
    'client',
    (p: Place & { filter: 'InputFilter' | 'OutputFilter'; path: string; index: number; length: number }) =>
      `${p.filter} ${p.path}: the index ${p.index} is out of range, ${at(p)} has ${p.length} ${p.length === 1 ? 'element' : 'elements'}. ${REMEDY}`,
  ),
  FilterSelectsNothing: entry(
    'client',
    (p: Place & { filter: 'InputFilter' | 'OutputFilter'; path: string }) =>
      `${p.filter} ${p.path} selects nothing of ${at(p)}. ${REMEDY}`,
  ),
  DuplicateAttribute: entry(
    'client',
    (p: Place & { name: string }) =>
      `${at(p)} has the attribute ${JSON.stringify(p.name)} more than once, so it is not clear which is meant. ${REMEDY}`,
  ),
  TooManyBadRecords: entry(
    'client',
    (p: { object: string; bad: number; limit: string; first: string }) =>
      `${p.bad === 1 ? '1 bad record' : `${p.bad} bad records`}, ${p.limit} allowed (--max-bad-records). The first: ${p.first}`,
  ),
  HeaderInvalid: entry(
    'client',
    (p: { object: string; header: string; cause: string }) =>
      `The CSV header '${p.header}' cannot be used: ${p.cause}. Mend it, or leave --csv-header out when the first line is a record.`,
  ),
  ObjectChanged: entry(
    'client',
    (p: { object: string; cause: string }) =>
      `The object changed while it was read: ${p.cause}. Run it again when it is at rest.`,
  ),
  ObjectNameUnsafe: entry(
    'client',
    (p: { object: string; cause: string }) => `The name cannot be a file below the output folder: ${p.cause}.`,
  ),

  ModelFailed: entry(
    'algorithm',
    (p: Place & OfContainer & { status: number; body: string; attempts: number }) =>
      `Bad HTTP status received from algorithm: ${p.status}${from(p)}, ${attempts(p)}, for the mini-batch that starts with ${at(p)}: ${p.body === '' ? '(no text)' : p.body}`,
  ),
  ModelUnreachable: entry(
    'algorithm',
    (p: Place & OfContainer & { cause: string; attempts: number }) =>
      `Unable to get response from algorithm${from(p)}, ${attempts(p)}, for the mini-batch that starts with ${at(p)}: ${p.cause}`,
  ),
  ModelTimeout: entry(
    'algorithm',
    (p: Place & OfContainer & { seconds: number; attempts: number }) =>
      `Model server did not respond to /invocations request within ${p.seconds} seconds${from(p)}, ${attempts(p)}, for the mini-batch that starts with ${at(p)}. Raise --invocations-timeout-in-seconds or send less at a time.`,
  ),
  ResponseTooLarge: entry(
    'algorithm',
    (p: Place & OfContainer & { limitBytes: number }) =>
      `The response${from(p)} to the mini-batch that starts with ${at(p)} is larger than ${p.limitBytes} bytes. Send less at a time (--max-payload-in-mb 1 or --batch-strategy SingleRecord).`,
  ),
  ModelStartTimeout: entry(
    'algorithm',
    (p: OfContainer & { server: string; seconds: number; last: string }) =>
      `The model server ${p.server}${p.container === undefined ? '' : ` (container "${p.container}")`} did not answer GET /ping with 200 within ${p.seconds} seconds (last: ${p.last}). It has to listen on the port in SAGEMAKER_BIND_TO_PORT; raise --startup-timeout-in-seconds if it needs longer.`,
  ),
  ModelExited: entry(
    'algorithm',
    (p: OfContainer & { how: string; output: string }) =>
      `${server(p)} ${p.how}.${p.output === '' ? '' : ` Its last words:\n${p.output}`}`,
  ),
  ModelGone: entry(
    'algorithm',
    (p: { server: string; cause: string }) =>
      `The model server ${p.server} no longer answers (${p.cause}); what was not done yet is not tried.`,
  ),

  ServiceUnreachable: entry(
    'internal',
    (p: { endpoint: string; cause: string; remedy: string }) =>
      `No service answers at ${p.endpoint}: ${p.cause}. ${p.remedy}`,
  ),
  ServiceAnswerInvalid: entry(
    'internal',
    (p: { endpoint: string; operation: string; status: number; text: string }) =>
      `${p.endpoint} answered ${p.operation} with status ${p.status}${p.text}, which is no answer of the API. Is something else at this address?`,
  ),
  ReadFailed: entry(
    'internal',
    (p: { object: string; offset: number; cause: string }) => `Reading failed at byte ${p.offset}: ${p.cause}`,
  ),
  WriteFailed: entry('internal', (p: { output: string; cause: string }) => `Writing ${p.output} failed: ${p.cause}`),
  Interrupted: entry('internal', (p: { cause: string }) => `Stopped: ${p.cause}`),
  Unexpected: entry(
    'internal',
    (p: { cause: string }) =>
      `Something unexpected happened, which is a fault of millrace: ${p.cause}. Please report it.`,
  ),
} as const;

function attempts(p: { attempts: number }): string {
  return p.attempts === 1 ? 'at the only try' : `at the last of ${p.attempts} tries`;
}

export type ErrorCode = keyof typeof errorTable;
type Params<C extends ErrorCode> = (typeof errorTable)[C] extends Entry<infer P> ? P : never;

/** An error of the table: its code, whose fault it is, and the parameters of its message as data. */
export class MillraceError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'MillraceError';
  readonly code: C;
  readonly fault: Fault;
  readonly details: Params<C>;

  constructor(code: C, details: Params<C>, options?: ErrorOptions) {
    const { fault, message } = errorTable[code] as unknown as Entry<Params<C>>;
    super(message(details), options);
    this.code = code;
    this.fault = fault;
    this.details = details;
  }

  /** True when this is the error `code`, so that its details can be read. */
  is<D extends ErrorCode>(code: D): this is MillraceError<D> {
    return (this.code as ErrorCode) === code;
  }
}

/** What went wrong, in one line: the message of an error with its system code, or of whatever was thrown. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  const inner = error.cause instanceof Error && error.message === '' ? error.cause : error;
  return inner.message === '' ? inner.name : inner.message;
}

/** `error` itself when it is of the table, else an `Unexpected` that carries it as its cause. */
export function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError('Unexpected', { cause: causeOf(error) }, { cause: error });
}
