import type { OptionTable } from '../../core/option-table.ts';
import { jobSettings } from '../../jobs/job-settings.ts';

/** The options of `millrace transform`; those that the API has too are named like its members, in kebab-case. */
export const transformOptions = {
  model: {
    value: 'MODEL',
    repeatable: true,
    meaning:
      'The trained model: a .onnx file; a folder or .tar.gz that holds one (a path or s3://…); with --serve any folder or .tar.gz; or http://host:port, a model server that is already running. Several of them (15 at the most) are an inference pipeline: what one answers is sent to the next.',
  },
  input: {
    value: 'WHERE',
    meaning:
      'The data: a file, a folder (read with everything below it), or s3://bucket/prefix; with --s3-data-type ManifestFile the manifest.',
  },
  output: {
    value: 'WHERE',
    meaning: 'Where the results go: a folder or s3://bucket/prefix. The result of x.csv is x.csv.out.',
  },
  's3-data-type': {
    value: 'S3Prefix|ManifestFile',
    oneOf: ['S3Prefix', 'ManifestFile'],
    meaning:
      'What --input names: the data, or a manifest, a JSON array of a prefix and what follows it: [{"prefix": "s3://bucket/images/"}, "a.png", "b/c.png"]. A prefix that is a path is relative to the manifest.',
    default: 'S3Prefix',
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
    default:
      'the content type with --join-source Input; otherwise none is sent, and most servers answer as they were asked',
  },
  'compression-type': {
    value: 'None|Gzip',
    oneOf: ['None', 'Gzip'],
    meaning:
      'Whether the objects are compressed; they are decompressed before they are split, results are not compressed.',
    default: "Gzip where the objects' ending is .gz, otherwise None",
  },
  'split-type': {
    value: 'None|Line|RecordIO|TFRecord',
    oneOf: ['None', 'Line', 'RecordIO', 'TFRecord'],
    meaning:
      'How objects are cut into records: each line is one, each RecordIO or TFRecord record is (sent with its framing by MultiRecord, without by SingleRecord), or the whole object is.',
    default: "what the objects' ending says (Line for .csv, .jsonl, .txt; TFRecord for .tfrecord), otherwise None",
  },
  'batch-strategy': {
    value: 'MultiRecord|SingleRecord',
    oneOf: ['MultiRecord', 'SingleRecord'],
    meaning: 'Whether a request carries as many records as fit, or one.',
    default: "the model server's wish, otherwise MultiRecord",
  },
  'max-payload-in-mb': {
    value: 'N',
    range: [0, 100],
    meaning:
      'How large a request may be, in units of 2^20 bytes. Times --max-concurrent-transforms it may be 100 at the most. 0 is no limit: each object is streamed as one request while it is read, and its response is written while it arrives.',
    default: "the model server's wish, otherwise 6",
  },
  'max-records-per-mini-batch': {
    value: 'N',
    range: jobSettings['max-records-per-mini-batch'].range,
    meaning:
      'How many records a request may have, beside its size. Most model servers think in rows; without this a request has as many as fit into --max-payload-in-mb.',
    default: 'no limit',
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
  'input-filter': {
    value: 'JSONPATH',
    meaning: "The part of each record that is sent: $.features, $['a','b'], $[1:]. For CSV, JSON and JSON Lines.",
    default: '$, the whole record',
  },
  'join-source': {
    value: 'None|Input',
    oneOf: ['None', 'Input'],
    meaning:
      'Input puts each record and its output together: a CSV row gains the columns of the output, a JSON record the attribute SageMakerOutput. For CSV, JSON and JSON Lines.',
    default: 'None',
  },
  'output-filter': {
    value: 'JSONPATH',
    meaning: "The part of each joined record, or of each output, that is written: $['id','SageMakerOutput'], $[0,-1].",
    default: '$, all of it',
  },
  'csv-header': {
    value: 'drop|repeat',
    oneOf: jobSettings['csv-header'].oneOf,
    meaning:
      "The first line of each CSV object is a header: it is not sent as a record (drop), or sent at the top of every request, for models that look columns up by name (repeat). It stays the first line of the result; joined, with the output's columns behind it.",
    default: 'the first line is a record like any other',
  },
  'csv-quoted-newlines': {
    meaning:
      'A newline inside quotes belongs to its CSV field (RFC 4180), for texts that have some. Without it every newline ends a record, as the original has it, and is found faster.',
  },
  'on-bad-record': {
    value: 'fail|placeholder',
    oneOf: jobSettings['on-bad-record'].oneOf,
    meaning:
      'What happens to an object with a record that the model refuses, or that fails after its retries: it fails, or the record is found (by halving its request) and has a placeholder in its place, and all others keep their results. What was wrong is written to <output>.errors.jsonl.',
    default: 'fail',
  },
  'bad-record-placeholder': {
    value: 'TEXT',
    meaning:
      'What stands in the place of a bad record. In JSON it is a string, unless it is valid JSON by itself, as null is.',
    default: 'ERROR',
  },
  'max-bad-records': {
    value: 'N|P%',
    meaning:
      'How many bad records an object may have, as a number or a share of its records, before it fails after all.',
    default: 'any number',
  },
  'generate-inference-id': {
    meaning:
      'Adds a random identifier and the start of the job to each result: two last columns of CSV, the attributes SageMakerInferenceId and SageMakerInferenceTime of JSON.',
  },
  'data-capture-destination': {
    value: 'WHERE',
    meaning:
      'A folder or s3://bucket/prefix for two manifests, of the objects that were transformed and of their results: input/yyyy/mm/dd/hh/<uuid>.json and output/….',
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
  environment: {
    value: 'NAME=VALUE',
    repeatable: true,
    meaning:
      'A variable for the model server. In a pipeline behind a --model it is for that one; before the first it is for all of them, and comes first.',
  },
  'container-name': {
    value: 'NAME',
    after: 'model',
    meaning: 'What the model before it is called in messages.',
    default: 'container-1, container-2, … in a pipeline',
  },
  serve: {
    value: 'COMMAND',
    after: 'model',
    meaning:
      'The model server, as a line for the shell. It finds the model in the folder SM_MODEL_DIR, listens on port SAGEMAKER_BIND_TO_PORT of 127.0.0.1, and answers GET /ping and POST /invocations.',
    default: 'the ONNX server that comes with millrace; in a pipeline each --model has its own',
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
