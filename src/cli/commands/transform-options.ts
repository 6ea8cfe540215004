import type { OptionTable } from '../option-table.ts';

/** The options of `millrace transform`; those that the API has too are named like its members, in kebab-case. */
export const transformOptions = {
  model: {
    value: 'MODEL',
    meaning:
      'The trained model: a .onnx file; a folder or .tar.gz that holds one (a path or s3://…); with --serve any folder or .tar.gz; or http://host:port, a model server that is already running.',
  },
  input: {
    value: 'WHERE',
    meaning: 'The data: a file, a folder (read with everything below it), or s3://bucket/prefix.',
  },
  output: {
    value: 'WHERE',
    meaning: 'Where the results go: a folder or s3://bucket/prefix. The result of x.csv is x.csv.out.',
  },
  'content-type': {
    value: 'T',
    meaning: 'The Content-Type of the requests.',
    default:
      "by the objects' ending: text/csv for .csv, application/jsonlines for .jsonl, application/json for .json, …; otherwise none is sent",
  },
  accept: {
    value: 'T',
    meaning: 'The Accept header of the requests: the format in which results are wanted.',
    default: 'none is sent; most servers then answer in the format of the request',
  },
  'split-type': {
    value: 'None|Line',
    oneOf: ['None', 'Line'],
    meaning: 'How objects are cut into records: each line is one, or the whole object is.',
    default: "Line where the objects' ending says so (.csv, .jsonl, .txt), otherwise None",
  },
  'batch-strategy': {
    value: 'MultiRecord|SingleRecord',
    oneOf: ['MultiRecord', 'SingleRecord'],
    meaning: 'Whether a request carries as many records as fit, or one.',
    default: "the model server's wish, otherwise MultiRecord",
  },
  'max-payload-in-mb': {
    value: 'N',
    range: [1, 100],
    meaning:
      'How large a request may be, in units of 2^20 bytes. Times --max-concurrent-transforms it may be 100 at the most.',
    default: "the model server's wish, otherwise 6",
  },
  'max-concurrent-transforms': {
    value: 'N',
    range: [0, 100],
    meaning: 'How many requests are open at once; 0 leaves it to the model server.',
    default: "the model server's wish, otherwise 1",
  },
  'assemble-with': {
    value: 'None|Line',
    oneOf: ['None', 'Line'],
    meaning: 'Whether each response is put into the result as it is, or ended with a newline where it has none.',
    default: 'Line when --split-type is Line, otherwise None',
  },
  'invocations-timeout-in-seconds': {
    value: 'N',
    range: [1, 3600],
    meaning: 'How long a request may take.',
    default: '600',
  },
  'invocations-max-retries': {
    value: 'N',
    range: [0, 3],
    meaning: 'How often a request is tried again after a connection error, a timeout, 429 or 5xx.',
    default: '3',
  },
  environment: { value: 'NAME=VALUE', repeatable: true, meaning: 'A variable for the model server.' },
  serve: {
    value: 'COMMAND',
    meaning:
      'The model server, as a line for the shell. It finds the model in the folder SM_MODEL_DIR, listens on port SAGEMAKER_BIND_TO_PORT of 127.0.0.1, and answers GET /ping and POST /invocations.',
    default: 'the ONNX server that comes with millrace',
  },
  'endpoint-url': {
    value: 'URL',
    meaning: 'The S3-compatible server for s3:// locations.',
    default: 'as for the AWS command line: environment, profile, Amazon',
  },
  'startup-timeout-in-seconds': {
    value: 'N',
    range: [1, 86_400],
    meaning: 'How long the model server may take until it answers GET /ping with 200.',
    default: '1800',
  },
  json: { meaning: 'Print one JSON summary to standard output at the end, and nothing else there.' },
  quiet: { meaning: 'Print errors only.' },
  help: { meaning: 'Print this page.' },
} as const satisfies OptionTable;
