import { once } from 'node:events';
import { createGunzip, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { CsvProcessing } from '../src/agent/associate/csv-processing.ts';
import { parseJsonPath } from '../src/agent/associate/json-path.ts';
import { JsonProcessing } from '../src/agent/associate/json-processing.ts';
import type { Processing } from '../src/agent/associate/processing.ts';
import { ChunkPool } from '../src/agent/chunk-pool.ts';
import { GunzipReader } from '../src/agent/gunzip-reader.ts';
import { BlockPool } from '../src/agent/http/block-pool.ts';
import { MiniBatcher, release } from '../src/agent/mini-batch.ts';
import { recordIO } from '../src/agent/split/recordio.ts';
import type { Split } from '../src/agent/split/split.ts';
import { tfRecord } from '../src/agent/split/tfrecord.ts';
import type { ObjectReader } from '../src/objects/object-store.ts';
import { recordIOFrame, tfRecordFrame } from '../test/frames.ts';
import type { BenchContext, Measurement } from './cases.ts';
import { csvLine } from './data.ts';

const MB = 1e6;
const never = new AbortController().signal;

/** Seconds of processor time of this process; others may have the machine meanwhile. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Both in turns, so that what disturbs the machine disturbs both; the round with the median ratio counts. */
function inTurns(rounds: number, first: () => number, second: () => number): { measured: number; limit: number } {
  const results = Array.from({ length: rounds }, () => ({ measured: first(), limit: second() }));
  results.sort((a, b) => a.measured / a.limit - b.measured / b.limit);
  return results[Math.floor(rounds / 2)] ?? { measured: Number.NaN, limit: Number.NaN };
}

/**
 * Megabytes of input per second of processor time, over half a second or more: a round of a single mini-batch would be too short for
 * the compiler, whose work the garbage collections of the other side undo in part.
 */
function rate(bytes: number, work: () => void): number {
  const before = cpuSeconds();
  let rounds = 0;
  for (; cpuSeconds() - before < 0.5; rounds++) work();
  return (rounds * bytes) / MB / (cpuSeconds() - before);
}

interface DataSet {
  readonly input: Buffer;
  readonly output: Buffer;
  readonly records: number;
}

/** A mini-batch of some 6 MB: records of 230 bytes, a number for each. */
function jsonLines(): DataSet {
  const records = 26_000;
  const record = (i: number): object => ({
    id: i,
    name: `customer ${i}`,
    features: Array.from({ length: 12 }, (_, k) => ((i * 7919 + k * 104_729) % 100_000) / 10_000),
    label: i % 2 === 0,
    city: 'Zürich',
    note: 'some longer text of the kind that people write into tables',
  });
  const lines = (line: (i: number) => object): Buffer =>
    Buffer.from(Array.from({ length: records }, (_, i) => `${JSON.stringify(line(i))}\n`).join(''));
  return { input: lines(record), output: lines((i) => ({ prediction: i / 7 })), records };
}

/** The same of rows of 12 columns. */
function csvRows(): DataSet {
  const records = 70_000;
  const rows = (row: (i: number) => string): Buffer =>
    Buffer.from(Array.from({ length: records }, (_, i) => row(i)).join(''));
  return { input: rows((i) => csvLine(85, i)), output: rows((i) => `${(i / 7).toFixed(5)}\n`), records };
}

/** One mini-batch through a processing, in two pieces as it comes out of the chunks. */
function transformed(processing: Processing, { input, output, records }: DataSet): void {
  const half = input.length / 2;
  const segments = [input.subarray(0, half), input.subarray(half)];
  const batch = { offset: 0, record: 0, records, bytes: input.length, segments, chunks: [] };
  const object = { name: 'o', header: undefined, columns: undefined, sentHeader: undefined };
  const { index, release: releaseBody } = processing.request(object, batch);
  releaseBody();
  const response = { contentType: undefined, pieces: [output], bytes: output.length, release: () => undefined };
  processing.respond(object, batch, response, index).release();
}

type Json = Record<string, unknown>;

function jsonByParsing({ input, output }: DataSet, select: (joined: Json) => Json): void {
  const [inputs, outputs] = [input.toString().split('\n'), output.toString().split('\n')];
  inputs.pop();
  Buffer.from(inputs.map((line) => `${JSON.stringify((JSON.parse(line) as Json)['features'])}\n`).join(''));
  const results = inputs.map((line, i) => {
    const joined = { ...(JSON.parse(line) as Json), SageMakerOutput: JSON.parse(outputs[i] ?? '') };
    return `${JSON.stringify(select(joined))}\n`;
  });
  Buffer.from(results.join(''));
}

function csvByParsing({ input, output }: DataSet): void {
  const [inputs, outputs] = [parse(input), parse(output)];
  Buffer.from(stringify(inputs.map((row) => row.slice(1))));
  const again = parse(input);
  Buffer.from(stringify(again.map((row, i) => [...row, ...(outputs[i] ?? [])])));
}

function* associations(rounds: number): Generator<Measurement, void, undefined> {
  const common = { join: true, inferenceIds: undefined, pool: new BlockPool() };
  const path = (filter: 'InputFilter' | 'OutputFilter', text: string, csv: boolean) =>
    parseJsonPath(filter, text, { csv });
  const json = jsonLines();
  const inputFilter = path('InputFilter', '$.features', false);
  const jsonCase = (outputText: string | undefined, select: (joined: Json) => Json) => {
    const outputFilter = outputText === undefined ? undefined : path('OutputFilter', outputText, false);
    const fast = new JsonProcessing({
      ...common,
      format: 'json-lines',
      oneLine: false,
      splitByLine: true,
      inputFilter,
      outputFilter,
    });
    return inTurns(
      rounds,
      () => rate(json.input.length, () => transformed(fast, json)),
      () => rate(json.input.length, () => jsonByParsing(json, select)),
    );
  };
  const bar = { unit: 'MB/s', bar: 5, below: false } as const;
  const all = jsonCase(undefined, (joined) => joined);
  yield { name: 'JSON Lines, $.features sent, joined; against JSON.parse and stringify', ...bar, ...all };
  const some = jsonCase("$['id','SageMakerOutput']", ({ id, SageMakerOutput }) => ({ id, SageMakerOutput }));
  yield { name: "JSON Lines, the same with $['id','SageMakerOutput'] written", ...bar, ...some };
  const rows = csvRows();
  const csv = new CsvProcessing({
    ...common,
    inputFilter: path('InputFilter', '$[1:]', true),
    outputFilter: undefined,
    quotedNewlines: false,
    repeatsHeader: false,
    splitByLine: true,
  });
  const table = inTurns(
    Math.min(rounds, 3),
    () => rate(rows.input.length, () => transformed(csv, rows)),
    () => rate(rows.input.length, () => csvByParsing(rows)),
  );
  yield { name: 'CSV of 12 columns, $[1:] sent, joined; against csv-parse and csv-stringify', ...bar, ...table };
}

/** Records of 1 KB, packed into mini-batches of 6 MB as the agent does it. */
function splitting(split: Split, frame: (payload: Buffer) => Buffer, rounds: number): number {
  const file = Buffer.concat(Array.from({ length: 4000 }, (_, i) => frame(Buffer.from(csvLine(1000, i)))));
  const limit = 6 * 2 ** 20;
  const pool = new ChunkPool(file.length, 2);
  const chunks = [pool.acquire(never), pool.acquire(never)].map((chunk) => {
    if (chunk instanceof Promise) throw new Error('the pool has two chunks');
    file.copy(chunk.buffer);
    return chunk;
  });
  const rates = Array.from({ length: rounds }, () =>
    rate(50 * file.length, () => {
      const splitter = split.splitter({ name: 'o', sizeBytes: undefined, maxRecordBytes: limit });
      const options = { maxRecords: Number.POSITIVE_INFINITY, maxBytes: limit, limitBytes: limit, object: 'o' };
      const batcher = new MiniBatcher(pool, { ...options, splitter });
      for (let i = 0; i < 50; i++) {
        const chunk = chunks[i % 2];
        if (chunk !== undefined) for (const batch of batcher.push(chunk, 0, file.length)) release(pool, batch);
      }
      const last = batcher.end();
      if (last !== undefined) release(pool, last);
    }),
  );
  return rates.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
}

function readerOf(bytes: Buffer): ObjectReader {
  let at = 0;
  return {
    size: bytes.length,
    read: async (into) => {
      const count = bytes.copy(into, 0, at);
      at += count;
      return count;
    },
    close: async () => undefined,
  };
}

/** Seconds to decompress, in turns with a zlib stream that is given the same pieces. */
async function decompression(megabytes: number, rounds: number): Promise<{ measured: number; limit: number }> {
  const text = Buffer.from(Array.from({ length: 10_000 }, (_, i) => csvLine(100, i * 31)).join(''));
  const member = gzipSync(text);
  const bytes = Buffer.concat(Array.from({ length: megabytes }, () => member));
  const ours = async (): Promise<number> => {
    const started = performance.now();
    const reader = new GunzipReader(readerOf(bytes), { object: 'o', allowNested: false, signal: never });
    const into = Buffer.allocUnsafe(2 ** 20);
    while ((await reader.read(into)) > 0);
    await reader.close();
    return (megabytes * text.length) / MB / ((performance.now() - started) / 1000);
  };
  const bare = async (): Promise<number> => {
    const started = performance.now();
    const gunzip = createGunzip({ chunkSize: 128 * 1024 });
    gunzip.on('data', () => undefined);
    for (let at = 0; at < bytes.length; at += 128 * 1024) {
      if (!gunzip.write(bytes.subarray(at, at + 128 * 1024))) await once(gunzip, 'drain');
    }
    gunzip.end();
    await once(gunzip, 'end');
    return (megabytes * text.length) / MB / ((performance.now() - started) / 1000);
  };
  const results: { measured: number; limit: number }[] = [];
  for (let round = 0; round < rounds; round++) results.push({ measured: await ours(), limit: await bare() });
  results.sort((a, b) => a.measured / a.limit - b.measured / b.limit);
  return results[Math.floor(rounds / 2)] ?? { measured: Number.NaN, limit: Number.NaN };
}

/** Filters, joins, splits and decompression by themselves, per core. */
export async function* formats({ short }: BenchContext): AsyncGenerator<Measurement, void, undefined> {
  const rounds = short ? 3 : 9;
  yield* associations(rounds);
  const absolute = { unit: 'MB/s', limit: undefined, below: false } as const;
  const recordio = splitting(recordIO(), (payload) => recordIOFrame(payload), rounds);
  yield { name: 'RecordIO split, records of 1 KB', ...absolute, measured: recordio, bar: 1000 };
  const tfrecord = splitting(tfRecord(), (payload) => tfRecordFrame(payload), rounds);
  yield { name: 'TFRecord split, records of 1 KB, every checksum', ...absolute, measured: tfrecord, bar: 500 };
  const gzip = await decompression(short ? 40 : 200, rounds);
  yield { name: 'gzip; against a bare zlib stream', unit: 'MB/s', bar: 0.9, below: false, ...gzip };
}
