import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DeleteModelCommand,
  ListModelsCommand,
  type ListModelsCommandInput,
  ListTransformJobsCommand,
  type ListTransformJobsCommandInput,
  StopTransformJobCommand,
  type TransformJobStatus,
  type TransformJobSummary,
} from '@aws-sdk/client-sagemaker';
import { gate } from './gate.ts';
import { startModelServer } from './model-server.ts';
import { serviceOfFile } from './service.ts';
import { endedJob, jobIn, makeBuckets, makeModel, put, startJob } from './service-jobs.ts';

/** In the order of their creation, which is neither that of their names nor its opposite. */
const MODELS = ['m-07', 'm-11', 'm-02', 'm-05', 'm-01', 'other', 'm-09', 'm-03', 'm-10', 'm-04', 'm-08', 'm-06'];
const JOBS: readonly (readonly [name: string, status: TransformJobStatus])[] = [
  ['j-05', 'Completed'],
  ['j-09', 'Failed'],
  ['j-02', 'Completed'],
  ['j-11', 'Stopped'],
  ['other', 'Failed'],
  ['j-08', 'Completed'],
  ['j-01', 'Completed'],
  ['j-10', 'InProgress'],
  ['j-04', 'InProgress'],
  ['j-07', 'InProgress'],
  ['j-03', 'InProgress'],
];
const JOB_NAMES = JOBS.map(([name]) => name);
const PAGE_SIZES = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 100];
const REFUSED_TOKEN = { name: 'ValidationException', message: /NextToken/ };

interface Page {
  readonly names: string[];
  readonly NextToken?: string | undefined;
}

interface PageInput {
  MaxResults?: number | undefined;
  NextToken?: string | undefined;
}

// One instance and no patience: jobs run one after the other, and what hangs is stopped at once.
const args = ['--max-instances', '1', '--drain-timeout-in-seconds', '0'];
const on = serviceOfFile({ args }, (service) => makeBuckets(service, 'data'));

async function models(input: ListModelsCommandInput): Promise<Page> {
  const { Models = [], NextToken } = await on.service.sagemaker.send(new ListModelsCommand(input));
  return { names: Models.map(({ ModelName = '' }) => ModelName), NextToken };
}

async function summaries(): Promise<TransformJobSummary[]> {
  const command = new ListTransformJobsCommand({ SortOrder: 'Ascending', MaxResults: 100 });
  const { TransformJobSummaries = [] } = await on.service.sagemaker.send(command);
  return TransformJobSummaries;
}

async function jobs(input: ListTransformJobsCommandInput): Promise<Page> {
  const command = new ListTransformJobsCommand(input);
  const { TransformJobSummaries = [], NextToken } = await on.service.sagemaker.send(command);
  return { names: TransformJobSummaries.map(({ TransformJobName = '' }) => TransformJobName), NextToken };
}

/** All names of a list, page for page; every page but the last one is full, and no page is empty. */
async function walked<I extends PageInput>(list: (input: I) => Promise<Page>, input: I): Promise<string[]> {
  const found: string[] = [];
  for (let token: string | undefined; ; ) {
    const { names, NextToken } = await list({ ...input, ...(token === undefined ? {} : { NextToken: token }) });
    found.push(...names);
    assert.ok(names.length > 0 || token === undefined, 'a page behind a token has something');
    if (NextToken === undefined) return found;
    assert.equal(names.length, input.MaxResults ?? 10);
    token = NextToken;
  }
}

/** That a list shows the same in pages of every size. */
async function assertInPages<I extends PageInput>(
  list: (input: I) => Promise<Page>,
  input: I,
  expected: readonly string[],
): Promise<void> {
  for (const MaxResults of PAGE_SIZES) {
    assert.deepEqual(await walked(list, { ...input, MaxResults }), expected, `pages of ${MaxResults}`);
  }
}

test('ListModels', async (t) => {
  const { service } = on;
  for (const name of MODELS) await makeModel(service, name, { Image: 'http://127.0.0.1:9' });

  await t.test('newest first, ten on a page, when nothing is said', async () => {
    const { names, NextToken } = await models({});
    assert.deepEqual(names, MODELS.toReversed().slice(0, 10));
    assert.deepEqual(await models({ NextToken }), { names: MODELS.slice(0, 2).reverse(), NextToken: undefined });
  });

  for (const [SortBy, ascending] of [
    ['CreationTime', MODELS],
    ['Name', MODELS.toSorted()],
  ] as const) {
    await t.test(`sorted by ${SortBy} both ways, in pages of every size`, async () => {
      await assertInPages(models, { SortBy, SortOrder: 'Ascending' }, ascending);
      await assertInPages(models, { SortBy, SortOrder: 'Descending' }, ascending.toReversed());
    });
  }

  await t.test('by name and by time', async () => {
    const input = { SortOrder: 'Ascending', MaxResults: 2 } as const;
    assert.deepEqual(await walked(models, { ...input, NameContains: '-1' }), ['m-11', 'm-10']);
    assert.deepEqual(await walked(models, { ...input, NameContains: 'nothing' }), []);
    const { Models = [] } = await service.sagemaker.send(new ListModelsCommand({ ...input, MaxResults: 100 }));
    const [after, before] = ['m-11', 'm-04'].map(
      (name) => Models.find((model) => model.ModelName === name)?.CreationTime,
    );
    assert.ok(after && before);
    const between = Models.filter(({ CreationTime = 0 }) => +CreationTime > +after && +CreationTime < +before);
    assert.ok(between.length > 0 && between.length < MODELS.length);
    assert.deepEqual(
      await walked(models, { ...input, CreationTimeAfter: after, CreationTimeBefore: before }),
      between.map(({ ModelName }) => ModelName),
    );
  });

  await t.test('a page goes on behind the last one whatever is created and deleted meanwhile', async () => {
    const first = await models({ MaxResults: 5 });
    assert.deepEqual(first.names, MODELS.toReversed().slice(0, 5));
    await makeModel(service, 'newer', { Image: 'http://127.0.0.1:9' });
    await service.sagemaker.send(new DeleteModelCommand({ ModelName: first.names.at(-1) ?? '' }));
    const rest = await models({ MaxResults: 100, NextToken: first.NextToken });
    assert.deepEqual(rest.names, MODELS.toReversed().slice(5));
  });
});

test('ListTransformJobs', async (t) => {
  const { service } = on;
  const open = gate();
  const server = await startModelServer(t, {
    invoke: async ({ text }) => {
      if (text === 'Failed') return { status: 400 };
      if (text === 'Stopped' || text === 'InProgress') await open.passed;
      return text;
    },
  });
  await makeModel(service, 'jobs', { Image: server.url });
  const start = async (name: string, status: TransformJobStatus): Promise<void> => {
    await put(service, 'data', { [status]: status });
    await startJob(service, name, { model: 'jobs', input: `s3://data/${status}`, output: `s3://data/out-${name}/` });
  };
  for (const [name, status] of JOBS) {
    await start(name, status);
    if (status === 'InProgress') continue;
    if (status === 'Stopped') await service.sagemaker.send(new StopTransformJobCommand({ TransformJobName: name }));
    const job = await endedJob(service, name);
    assert.equal(job.TransformJobStatus, status, job.FailureReason);
  }

  await t.test('what it tells of each', async () => {
    const found = await summaries();
    assert.deepEqual(
      found.map(({ TransformJobName, TransformJobStatus }) => [TransformJobName, TransformJobStatus]),
      JOBS,
    );
    for (const job of found) {
      const {
        TransformJobName,
        TransformJobArn,
        TransformJobStatus,
        CreationTime,
        TransformEndTime,
        LastModifiedTime,
      } = job;
      assert.equal(TransformJobArn, `arn:aws:sagemaker:us-east-1:000000000000:transform-job/${TransformJobName}`);
      assert.ok(CreationTime && LastModifiedTime && CreationTime <= LastModifiedTime);
      assert.equal(TransformEndTime === undefined, TransformJobStatus === 'InProgress');
      assert.equal(job.FailureReason === undefined, TransformJobStatus !== 'Failed');
    }
  });

  const byStatus = JOBS.map(([name, status], at) => ({ name, status, at })).toSorted((a, b) =>
    a.status < b.status ? -1 : a.status > b.status ? 1 : a.at - b.at,
  );
  for (const [SortBy, ascending] of [
    ['CreationTime', JOB_NAMES],
    ['Name', JOB_NAMES.toSorted()],
    ['Status', byStatus.map(({ name }) => name)],
  ] as const) {
    await t.test(`sorted by ${SortBy} both ways, in pages of every size`, async () => {
      await assertInPages(jobs, { SortBy, SortOrder: 'Ascending' }, ascending);
      await assertInPages(jobs, { SortBy, SortOrder: 'Descending' }, ascending.toReversed());
    });
  }

  await t.test('by status, by name, and by both', async () => {
    const input = { SortOrder: 'Ascending', MaxResults: 2 } as const;
    for (const status of ['Completed', 'Failed', 'Stopped', 'Stopping', 'InProgress'] as const) {
      const expected = JOBS.filter(([, one]) => one === status).map(([name]) => name);
      assert.deepEqual(await walked(jobs, { ...input, StatusEquals: status }), expected);
    }
    assert.deepEqual(
      await walked(jobs, { ...input, NameContains: 'j-0' }),
      JOB_NAMES.filter((name) => name.startsWith('j-0')),
    );
    assert.deepEqual(await walked(jobs, { ...input, NameContains: 'j-', StatusEquals: 'Failed' }), ['j-09']);
  });

  await t.test('by the times of creation and of the last change', async () => {
    const input = { SortOrder: 'Ascending' } as const;
    const found = await summaries();
    const times = (name: string): { created: Date; modified: Date } => {
      const { CreationTime, LastModifiedTime } = found.find((job) => job.TransformJobName === name) ?? {};
      assert.ok(CreationTime && LastModifiedTime);
      return { created: CreationTime, modified: LastModifiedTime };
    };
    const named = (wanted: (job: TransformJobSummary) => boolean): string[] =>
      found.filter(wanted).map(({ TransformJobName = '' }) => TransformJobName);
    const [j02, j08] = [times('j-02'), times('j-08')];
    for (const [filter, wanted] of [
      [{ CreationTimeAfter: j02.created }, (job) => +(job.CreationTime ?? 0) > +j02.created],
      [{ CreationTimeBefore: j08.created }, (job) => +(job.CreationTime ?? 0) < +j08.created],
      [{ LastModifiedTimeAfter: j02.modified }, (job) => +(job.LastModifiedTime ?? 0) > +j02.modified],
      [{ LastModifiedTimeBefore: j08.modified }, (job) => +(job.LastModifiedTime ?? 0) < +j08.modified],
      [
        { CreationTimeAfter: j02.created, LastModifiedTimeBefore: j08.modified },
        (job) => +(job.CreationTime ?? 0) > +j02.created && +(job.LastModifiedTime ?? 0) < +j08.modified,
      ],
    ] as [ListTransformJobsCommandInput, (job: TransformJobSummary) => boolean][]) {
      const expected = named(wanted);
      assert.ok(expected.length > 0 && expected.length < JOBS.length, JSON.stringify(filter));
      assert.deepEqual(await walked(jobs, { ...input, ...filter, MaxResults: 3 }), expected, JSON.stringify(filter));
    }
  });

  await t.test('a page goes on behind the last one whatever is created meanwhile', async () => {
    const newest = await jobs({ MaxResults: 4 });
    const oldest = await jobs({ MaxResults: 4, SortOrder: 'Ascending' });
    await start('later', 'InProgress');
    const rest = await jobs({ NextToken: newest.NextToken, MaxResults: 100 });
    assert.deepEqual([...newest.names, ...rest.names], JOB_NAMES.toReversed());
    const others = await jobs({ NextToken: oldest.NextToken, SortOrder: 'Ascending', MaxResults: 100 });
    assert.deepEqual([...oldest.names, ...others.names], [...JOB_NAMES, 'later']);
  });

  open.pass();
  for (const name of ['j-10', 'j-04', 'j-07', 'j-03', 'later']) await jobIn(service, name, 'Completed');
});

describe('tokens that are none', () => {
  test('of another question', async () => {
    const { NextToken } = await jobs({ MaxResults: 1, SortBy: 'Name' });
    assert.ok(NextToken);
    for (const other of [
      { SortBy: 'Status' },
      { SortBy: 'Name', SortOrder: 'Ascending' },
      { SortBy: 'Name', NameContains: 'j' },
      { SortBy: 'Name', StatusEquals: 'Failed' },
      { SortBy: 'Name', CreationTimeAfter: new Date(0) },
    ] satisfies ListTransformJobsCommandInput[]) {
      await assert.rejects(jobs({ ...other, NextToken }), REFUSED_TOKEN, JSON.stringify(other));
    }
  });

  test('of another list', async () => {
    const { NextToken } = await models({ MaxResults: 1 });
    assert.ok(NextToken);
    await assert.rejects(jobs({ NextToken }), REFUSED_TOKEN);
  });

  for (const [what, NextToken] of [
    ['garbage', 'garbage'],
    ['empty', ''],
    ['another JSON document', Buffer.from('{"a": 1}').toString('base64url')],
    ['of our form with another digest', Buffer.from('["j-05", 1, "000000000000"]').toString('base64url')],
    ['long', 'x'.repeat(8192)],
  ] as const) {
    test(what, async () => {
      await assert.rejects(jobs({ NextToken }), REFUSED_TOKEN);
      await assert.rejects(models({ NextToken }), REFUSED_TOKEN);
    });
  }
});
