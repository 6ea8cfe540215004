import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Invocation, RAW, type Reply } from './model-server.ts';
import { random } from './random.ts';
import { type Job, linesOf, transformed } from './transformed.ts';

const PLACEHOLDER = ['--on-bad-record', 'placeholder'];
const NO_RETRY = ['--invocations-max-retries', '0'];

/** A record of its own length that says whether it is bad. */
const record = (index: number, bad: boolean): string => `${bad ? 'bad' : 'ok'}${index}${'x'.repeat(index % 7)}\n`;
const records = (count: number, bad: ReadonlySet<number>): string[] =>
  Array.from({ length: count }, (_, index) => record(index, bad.has(index)));
const answered = (text: string): string =>
  linesOf(text)
    .map((line) => `[${line}]\n`)
    .join('');

/** Answers in its own way to what has a bad record. */
function failing(reply: (invocation: Invocation) => Reply | Promise<Reply>): Job['invoke'] {
  return (invocation) => (invocation.text.includes('bad') ? reply(invocation) : answered(invocation.text));
}

interface ErrorLine {
  readonly object: string;
  readonly record: number;
  readonly offset: number;
  readonly bytes: number;
  readonly code: string;
  readonly status: number | null;
  readonly body: string | null;
  readonly message: string;
}

const errorsOf = (text: string | undefined): ErrorLine[] => linesOf(text ?? '').map((line) => JSON.parse(line));

/** What has to come out: the others in order, and a line for each bad record, with its place. */
function check(
  out: Readonly<Record<string, string>>,
  all: readonly string[],
  bad: ReadonlySet<number>,
  mark = 'ERROR',
) {
  equal(out['a.csv.out'], all.map((one, index) => (bad.has(index) ? `${mark}\n` : answered(one))).join(''));
  const errors = errorsOf(out['a.csv.out.errors.jsonl']);
  deepEqual(
    errors.map(({ object, record, offset, bytes }) => [object, record, offset, bytes]),
    [...bad]
      .toSorted((a, b) => a - b)
      .map((index) => ['in/a.csv', index + 1, all.slice(0, index).join('').length, all[index]?.length]),
  );
  return errors;
}

interface Kind {
  readonly what: string;
  readonly args: readonly string[];
  readonly reply: (invocation: Invocation) => Reply | Promise<Reply>;
  readonly code: string;
  readonly status: number | null;
  readonly body: string | null;
  readonly message: RegExp;
}

const kinds: readonly Kind[] = [
  {
    what: '4xx',
    args: [],
    reply: () => ({ status: 400, body: 'no "number"\n' }),
    code: 'ModelRefused',
    status: 400,
    body: 'no "number"',
    message: /^The model server answered 400 to the mini-batch that starts with record \d+ at byte \d+: no "number"$/,
  },
  {
    what: '5xx',
    args: NO_RETRY,
    reply: () => ({ status: 500, body: 'boom' }),
    code: 'ModelFailed',
    status: 500,
    body: 'boom',
    message: /^Bad HTTP status received from algorithm: 500.*: boom$/,
  },
  {
    what: 'a reset connection',
    args: NO_RETRY,
    reply: ({ socket }) => {
      socket.resetAndDestroy();
      return RAW;
    },
    code: 'ModelUnreachable',
    status: null,
    body: null,
    message: /^Unable to get response from algorithm/,
  },
  {
    what: 'one line too few',
    args: [],
    reply: ({ text }) => ({
      headers: { 'Content-Type': 'text/csv' },
      body: linesOf(text)
        .filter((line) => !line.startsWith('bad'))
        .map((line) => `[${line}]\n`)
        .join(''),
    }),
    code: 'MismatchedCount',
    status: null,
    body: null,
    message: /1 sent, 0 answered/,
  },
  {
    what: 'one line too many',
    args: [],
    reply: ({ text }) => `${answered(text)}more\n`,
    code: 'MismatchedCount',
    status: null,
    body: null,
    message: /1 sent, 2 answered/,
  },
];

describe('--on-bad-record placeholder: one bad record', { concurrency: 3 }, () => {
  for (const { what, args, reply, code, status, body, message } of kinds) {
    for (const count of what === '4xx' ? [1, 2, 3, 7, 64, 1000] : [1, 2, 7, 64]) {
      test(`${what}, among ${count}`, async (t) => {
        // First, last and one in between, each in an object of its own size.
        for (const place of new Set([0, count >> 1, count - 1])) {
          const bad = new Set([place]);
          const all = records(count, bad);
          const job = { objects: { 'a.csv': all.join('') }, args: [...PLACEHOLDER, ...args], invoke: failing(reply) };
          const { out, summary } = await transformed(t, job);
          const [error] = check(out, all, bad);
          deepEqual([error?.code, error?.status, error?.body], [code, status, body]);
          match(error?.message ?? '', message);
          match(error?.message ?? '', new RegExp(`record ${place + 1} at byte ${error?.offset}\\b`));
          equal(summary.badRecords, 1);
          equal(summary.records, count);
          equal(summary.status, 'Completed');
          const extra = summary.requests - 1;
          ok(extra <= 2 * Math.ceil(Math.log2(count)) + 1, `${extra} extra requests for one of ${count}`);
          ok(count > 1 || extra === 0 || code !== 'ModelRefused', `${extra} extra requests`);
        }
      });
    }
  }

  test('a time-out', async (t) => {
    const bad = new Set([1]);
    const all = records(3, bad);
    const { out } = await transformed(t, {
      objects: { 'a.csv': all.join('') },
      args: [...PLACEHOLDER, ...NO_RETRY, '--invocations-timeout-in-seconds', '1'],
      invoke: failing(() => new Promise(() => undefined)),
    });
    const [error] = check(out, all, bad);
    deepEqual([error?.code, error?.status, error?.body], ['ModelTimeout', null, null]);
  });

  test('5xx: the bad record has all its retries, and one that comes to itself is no bad record', async (t) => {
    const bad = new Set([1]);
    const all = [...records(4, bad), 'shaky\n'];
    let shaky = 0;
    const { out, bodies } = await transformed(t, {
      objects: { 'a.csv': all.join('') },
      args: [...PLACEHOLDER, '--invocations-max-retries', '1'],
      invoke: ({ text }) => {
        if (text.includes('bad')) return { status: 503, body: 'busy' };
        if (text === 'shaky\n' && shaky++ === 0) return { status: 503, body: 'busy' };
        return answered(text);
      },
      options: { timeoutMs: 60_000 },
    });
    const [error] = check(out, all, bad);
    deepEqual([error?.code, error?.status, error?.body], ['ModelFailed', 503, 'busy']);
    equal(bodies.filter((text) => text === all[1]).length, 2, 'tried and tried again by itself');
  });

  test('another placeholder, in CSV in quotes where it needs them', async (t) => {
    const bad = new Set([1]);
    const all = records(3, bad);
    const job = { objects: { 'a.csv': all.join('') }, invoke: failing(() => ({ status: 422 })) };
    const quoted = await transformed(t, {
      ...job,
      args: [...PLACEHOLDER, '--bad-record-placeholder', 'no "result", sorry'],
    });
    check(quoted.out, all, bad, '"no ""result"", sorry"');
    const empty = await transformed(t, { ...job, args: [...PLACEHOLDER, '--bad-record-placeholder', 'N/A'] });
    check(empty.out, all, bad, 'N/A');
  });
});

describe('--on-bad-record placeholder: several bad records', { concurrency: 3 }, () => {
  const sets: readonly [what: string, count: number, bad: readonly number[]][] = [
    ['all of them', 16, Array.from({ length: 16 }, (_, index) => index)],
    ['neighbours', 64, [30, 31, 32, 33]],
    ['the first and the last', 50, [0, 49]],
    ['far apart', 200, [3, 77, 78, 150, 199]],
    ['two of two', 2, [0, 1]],
  ];
  for (const [what, count, places] of sets) {
    test(what, async (t) => {
      const bad = new Set(places);
      const all = records(count, bad);
      const { out, summary } = await transformed(t, {
        objects: { 'a.csv': all.join('') },
        args: PLACEHOLDER,
        invoke: failing(() => ({ status: 400, body: 'no' })),
      });
      check(out, all, bad);
      equal(summary.badRecords, bad.size);
      const limit = bad.size * (2 * Math.ceil(Math.log2(count)) + 1);
      ok(summary.requests - 1 <= limit, `${summary.requests - 1} extra requests, ${limit} at the most`);
    });
  }

  test('random bad records over random batch sizes', async (t) => {
    const next = random(Number(process.env['SEED'] ?? 91));
    const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
    for (let round = 0; round < 12; round++) {
      const count = 1 + Math.floor(next() ** 2 * 300);
      const share = pick(0, 0.01, 0.1, 0.5, 0.9);
      const bad = new Set(Array.from({ length: count }, (_, index) => index).filter(() => next() < share));
      const all = records(count, bad);
      const args = [
        ...[
          '--max-concurrent-transforms',
          pick('1', '4'),
          '--max-records-per-mini-batch',
          pick('1', '2', '5', '33', '999'),
        ],
        ...pick([], ['--batch-strategy', 'SingleRecord']),
        ...pick([], ['--max-bad-records', String(bad.size)]),
        ...PLACEHOLDER,
      ];
      // The last one without its newline now and then.
      const text = pick(all.join(''), all.join('').slice(0, -1));
      const { reply } = pick(...kinds.filter(({ code }) => code === 'ModelRefused' || code === 'MismatchedCount'));
      const where = `round ${round}, ${args.join(' ')}, bad: ${[...bad]}`;
      try {
        const { out, summary } = await transformed(t, { objects: { 'a.csv': text }, args, invoke: failing(reply) });
        if (text.length < all.join('').length) all[count - 1] = all[count - 1]?.slice(0, -1) ?? '';
        check(out, all, bad);
        equal(summary.badRecords, bad.size);
        equal('a.csv.out.errors.jsonl' in out, bad.size > 0);
      } catch (error) {
        throw new Error(where, { cause: error });
      }
    }
  });
});

describe('off by default', () => {
  for (const args of [[], ['--on-bad-record', 'fail']]) {
    test(`a bad record fails its object: ${args.join(' ') || 'no option'}`, async (t) => {
      const all = records(64, new Set([20]));
      const { out, summary } = await transformed(t, {
        objects: { 'a.csv': all.join(''), 'b.csv': 'ok\n' },
        args,
        invoke: failing(() => ({ status: 400, body: 'no' })),
        status: 1,
      });
      deepEqual(out, { 'b.csv.out': '[ok]\n' });
      equal(summary.requests, 2, 'nothing is tried again');
      equal(summary.failures[0]?.code, 'ModelRefused');
      equal(summary.badRecords, 0);
    });
  }
});
