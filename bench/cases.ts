import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { csvLine, manyFiles, oneDocument, oneFile } from './data.ts';
import { agent, nullServer, type ServerProcess, wrk } from './programs.ts';

/** A number with the bar that it is held against. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  readonly measured: number;
  /** What the same server gives to a loop that does nothing but post ready-made bodies; `undefined` for absolute bars. */
  readonly limit: number | undefined;
  readonly bar: number;
  /** True when `measured` must stay below the bar instead of reaching it. */
  readonly below: boolean;
}

export interface BenchContext {
  readonly folder: string;
  /** A tenth of the data and one round, for CI. */
  readonly short: boolean;
}

const MB = 1e6;

interface Comparison {
  readonly name: string;
  readonly unit: 'MB/s' | 'requests/s';
  readonly bar: number;
  readonly input: string;
  readonly body: Buffer;
  readonly strategy: 'MultiRecord' | 'SingleRecord';
  readonly concurrency: number;
  readonly payload?: number;
  readonly records?: number;
}

/** Agent and wrk in turns against one server, so that what disturbs the machine disturbs both; the median ratio counts. */
async function compare(server: ServerProcess, { folder, short }: BenchContext, work: Comparison): Promise<Measurement> {
  const rounds: { measured: number; limit: number; ratio: number }[] = [];
  for (let round = 0; round < (short ? 1 : 5); round++) {
    const limit = await wrk(server.url, work.body, { concurrency: work.concurrency, seconds: short ? 2 : 4, folder });
    const { requests, bytes, seconds } = await agent(server.url, work.input, work);
    const inUnit = (perSecond: number): number =>
      work.unit === 'MB/s' ? (perSecond * work.body.length) / MB : perSecond;
    const measured = work.unit === 'MB/s' ? bytes / seconds / MB : requests / seconds;
    if (limit === undefined) return { ...work, measured, limit: undefined, below: false };
    rounds.push({ measured, limit: inUnit(limit), ratio: measured / inUnit(limit) });
  }
  rounds.sort((a, b) => a.ratio - b.ratio);
  const median = rounds[Math.floor(rounds.length / 2)];
  if (median === undefined) throw new Error('a comparison has at least one round');
  return {
    name: work.name,
    unit: work.unit,
    bar: work.bar,
    measured: median.measured,
    limit: median.limit,
    below: false,
  };
}

export async function* throughput(context: BenchContext): AsyncGenerator<Measurement, void, undefined> {
  const { folder, short } = context;
  const server = await nullServer();
  try {
    const lines = (count: number, length: number): Buffer =>
      Buffer.from(Array.from({ length: count }, (_, i) => csvLine(length, i)).join(''));
    const large = await oneFile(join(folder, 'large'), short ? 300 * MB : 1000 * MB, 90);
    yield await compare(server, context, {
      name: `${short ? 0.3 : 1} GB of CSV, MultiRecord with 6 MB, 4 in flight`,
      unit: 'MB/s',
      bar: 0.8,
      input: large,
      body: lines(Math.floor((6 * 2 ** 20) / 90), 90),
      strategy: 'MultiRecord',
      concurrency: 4,
    });
    yield await compare(server, context, {
      name: 'Mini-batches of 100 records of 90 bytes, 8 in flight, ordered and assembled',
      unit: 'requests/s',
      bar: 0.45,
      input: short ? large : await oneFile(join(folder, 'mini'), 400 * MB, 90),
      body: lines(100, 90),
      strategy: 'MultiRecord',
      concurrency: 8,
      records: 100,
    });
    yield await compare(server, context, {
      name: 'SingleRecord with 200 bytes, 8 in flight',
      unit: 'requests/s',
      bar: 0.3,
      input: await oneFile(join(folder, 'single'), short ? 10 * MB : 40 * MB, 200),
      body: lines(1, 200),
      strategy: 'SingleRecord',
      concurrency: 8,
    });
    const objects = short ? 5000 : 20_000;
    const many = await manyFiles(join(folder, 'many'), objects, 1000);
    const { seconds } = await agent(server.url, many, { strategy: 'MultiRecord', concurrency: 8 });
    yield {
      name: `${objects} objects of 1 KB`,
      unit: 'objects/s',
      measured: objects / seconds,
      limit: undefined,
      bar: 1500,
      below: false,
    };
    await Promise.all([large, many, join(folder, 'mini')].map((path) => rm(path, { recursive: true, force: true })));
  } finally {
    await server.stop();
  }
}

export async function* latency(context: BenchContext): AsyncGenerator<Measurement, void, undefined> {
  const server = await nullServer('--wait', '20');
  try {
    for (const concurrency of [8, 32]) {
      const records = concurrency * 50 * (context.short ? 2 : 6);
      yield await compare(server, context, {
        name: `A model that takes 20 ms a request, ${concurrency} in flight`,
        unit: 'requests/s',
        bar: 0.95,
        input: await oneFile(join(context.folder, `wait-${concurrency}`), records * 200, 200),
        body: Buffer.from(csvLine(200, 1)),
        strategy: 'SingleRecord',
        concurrency,
      });
    }
  } finally {
    await server.stop();
  }
}

export async function* memory({ folder, short }: BenchContext): AsyncGenerator<Measurement, void, undefined> {
  const server = await nullServer();
  const measure = async (
    name: string,
    input: string,
    options: { concurrency: number; payload?: number; more?: readonly string[] },
    url = server.url,
  ): Promise<Measurement> => {
    const { peakMB } = await agent(url, input, { strategy: 'MultiRecord', ...options });
    await rm(input, { recursive: true, force: true });
    return { name: `Peak memory: ${name}`, unit: 'MB', measured: peakMB, limit: undefined, bar: 300, below: true };
  };
  try {
    const [large, objects] = short ? [500 * MB, 10_000] : [4000 * MB, 100_000];
    yield await measure(`one object of ${large / MB / 1000} GB`, await oneFile(join(folder, 'big'), large, 120), {
      concurrency: 4,
    });
    yield await measure('a million records in each mini-batch', await oneFile(join(folder, 'short'), 200 * MB, 6), {
      concurrency: 4,
    });
    const hundred = { concurrency: 1, payload: 100 };
    yield await measure(
      'mini-batches of 100 MB',
      await oneFile(join(folder, 'payload'), short ? 300 * MB : 1000 * MB, 120),
      hundred,
    );
    yield await measure(`${objects} objects of 100 bytes`, await manyFiles(join(folder, 'tiny'), objects, 100), {
      concurrency: 8,
    });
  } finally {
    await server.stop();
  }
  const json = await nullServer('--answer', '{"score":0.5}\n');
  try {
    const processed = ['--filter', '$.features', '--join'];
    const whole = {
      concurrency: 1,
      payload: 100,
      more: ['--format', 'application/json', '--split', 'None', ...processed],
    };
    const document = await oneDocument(join(folder, 'document'), 100 * MB, 'data.json');
    yield await measure('a JSON document of 100 MB, $.features sent, joined', document, whole, json.url);
    const lines = { concurrency: 1, payload: 100, more: ['--format', 'application/jsonlines', ...processed] };
    const record = await oneDocument(join(folder, 'record'), 90 * MB, 'data.jsonl');
    yield await measure('a JSON Lines record of 90 MB, $.features sent, joined', record, lines, json.url);
  } finally {
    await json.stop();
  }
}
