// One agent over one folder, in a process of its own so that its memory and time are its own; prints a line of JSON.
import { parseArgs } from 'node:util';
import { runAgent } from '../src/agent/agent.ts';
import { parseJsonPath } from '../src/agent/associate/json-path.ts';
import { HttpClient } from '../src/agent/http/http-client.ts';
import { newProgress } from '../src/agent/progress.ts';
import { systemClock } from '../src/core/clock.ts';
import { FileStore } from '../src/objects/file-store.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    input: { type: 'string', default: '' },
    output: { type: 'string', default: '' },
    strategy: { type: 'string', default: 'MultiRecord' },
    concurrency: { type: 'string', default: '1' },
    payload: { type: 'string', default: '6' },
    records: { type: 'string' },
    format: { type: 'string', default: 'text/csv' },
    split: { type: 'string', default: 'Line' },
    filter: { type: 'string' },
    join: { type: 'boolean', default: false },
  },
});
const split = values.split === 'None' ? 'None' : 'Line';
const client = new HttpClient(new URL(values.url));
const progress = newProgress();
const input = new FileStore(values.input, values.input);
const never = new AbortController().signal;
let failed = 0;

async function* tasks() {
  for await (const { key } of input.list('', never)) yield { inputKey: key, outputKey: `${key}.out`, name: key };
}

const cpuBefore = process.cpuUsage();
const started = performance.now();
await runAgent(tasks(), {
  input,
  output: new FileStore(values.output, values.output),
  containers: [{ client, name: undefined }],
  settings: {
    maxConcurrentTransforms: Number(values.concurrency),
    batchStrategy: values.strategy === 'SingleRecord' ? 'SingleRecord' : 'MultiRecord',
    maxPayloadInMB: Number(values.payload),
  },
  compressionType: 'None',
  inputFilter: values.filter === undefined ? undefined : parseJsonPath('InputFilter', values.filter, { csv: false }),
  joinSource: values.join ? 'Input' : 'None',
  outputFilter: undefined,
  inferenceIds: undefined,
  csvHeader: undefined,
  quotedNewlines: false,
  maxRecordsPerMiniBatch: values.records === undefined ? undefined : Number(values.records),
  badRecords: undefined,
  splitType: split,
  assembleWith: split,
  contentType: values.format,
  accept: undefined,
  invocationsTimeoutMs: 600_000,
  invocationsMaxRetries: 0,
  progress,
  clock: systemClock,
  drain: never,
  signal: never,
  onReport: ({ failure }) => {
    if (failure !== undefined) failed += 1;
  },
});
const { user, system } = process.cpuUsage(cpuBefore);
const seconds = (performance.now() - started) / 1000;
client.close();
const { bytes, requests, records, objectsDone } = progress;
const peakMB = (process.resourceUsage().maxRSS * 1024) / 1e6;
process.stdout.write(
  `${JSON.stringify({ seconds, bytes, requests, records, objectsDone, failed, peakMB, cpuSeconds: (user + system) / 1e6 })}\n`,
);
