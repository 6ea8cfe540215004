import assert from 'node:assert/strict';
import type { JobStatus } from '../../src/catalog/catalog.ts';
import { addJob, all, type Cases, modelRow, newJob, shardRow, shardRows } from './catalog-under-test.ts';

const tag = (key: string, value = `${key}-value`) => ({ key, value });

/** Models, jobs and their tags, one at a time. */
export const resourceCases: Cases = {
  'a model is there as it was added, until it is removed': async ({ catalog: { models } }) => {
    const row = modelRow('Model-1', 1_700_000_000_123);
    assert.equal(await models.get('Model-1'), undefined);
    assert.equal(await models.add(row, []), true);
    assert.deepEqual({ ...(await models.get('Model-1')) }, row);
    assert.equal(await models.get('model-1'), undefined, 'names have a case');
    assert.equal(await models.remove('model-1'), false);
    assert.equal(await models.remove('Model-1'), true);
    assert.equal(await models.get('Model-1'), undefined);
    assert.equal(await models.remove('Model-1'), false);
  },

  'a second model of the same name, or of the same ARN, changes nothing': async ({ catalog: { models, tags } }) => {
    const row = modelRow('a-model');
    await models.add(row, [tag('first')]);
    assert.equal(await models.add({ ...row, definition: '{"another":1}' }, [tag('second')]), false);
    assert.equal(await models.add(modelRow('A-Model'), [tag('third')]), false);
    assert.deepEqual({ ...(await models.get('a-model')) }, row);
    assert.equal(await models.get('A-Model'), undefined);
    assert.deepEqual(plain(await tags.list(row.arn)), [tag('first')]);
  },

  'a job begins InProgress, and ids grow for ever': async ({ catalog }) => {
    const first = await addJob(catalog, newJob('first', 1_700_000_000_123));
    assert.deepEqual(first, {
      ...newJob('first', 1_700_000_000_123),
      id: first.id,
      status: 'InProgress',
      failureReason: undefined,
      startedAt: undefined,
      endedAt: undefined,
      modifiedAt: 1_700_000_000_123,
      counts: undefined,
    });
    assert.deepEqual(await catalog.jobs.get('first'), first);
    assert.equal(await catalog.jobs.get('First'), undefined, 'names have a case');
    const second = await addJob(catalog, 'second');
    await catalog.jobs.remove(second.id);
    const third = await addJob(catalog, 'second');
    assert(first.id < second.id && second.id < third.id, 'an id is never used again: somebody may still have it');
  },

  'a second job of the same name, or of the same ARN, changes nothing': async ({ catalog }) => {
    const { jobs, shards, tags } = catalog;
    const job = await addJob(catalog, 'a-job', shardRows(2), [tag('first')]);
    assert.equal(await jobs.add(newJob('a-job', 9), shardRows(5), [tag('second')]), undefined);
    assert.equal(await jobs.add(newJob('A-Job', 9), shardRows(5), [tag('third')]), undefined);
    assert.deepEqual(await jobs.get('a-job'), job);
    assert.equal(await jobs.get('A-Job'), undefined);
    assert.equal((await shards.totals(job.id)).total, 2);
    assert.deepEqual(plain(await tags.list(job.arn)), [tag('first')]);
  },

  'a job whose work cannot be added is not there at all': async ({ catalog }) => {
    function* broken() {
      yield shardRow(0);
      throw new Error('the list breaks off');
    }
    await assert.rejects(catalog.jobs.add(newJob('broken'), broken(), [tag('a')]), /the list breaks off/);
    assert.equal(await catalog.jobs.get('broken'), undefined);
    assert.deepEqual(await catalog.tags.list(newJob('broken').arn), []);
    const again = await addJob(catalog, 'broken', shardRows(3));
    assert.equal((await catalog.shards.totals(again.id)).total, 3);
  },

  'a change is made from the statuses that were named, and only then': async ({ catalog }) => {
    const { jobs } = catalog;
    const job = await addJob(catalog, newJob('a', 10));
    assert.equal(await jobs.change(job.id, ['Stopping', 'Failed'], { status: 'Stopped' }, 20), undefined);
    assert.equal(await jobs.change(job.id, [], { status: 'Stopped' }, 20), undefined);
    assert.equal(await jobs.change(job.id + 1, ['InProgress'], { status: 'Stopped' }, 20), undefined);
    assert.deepEqual(await jobs.get('a'), job);
    const started = await jobs.change(job.id, ['InProgress'], { startedAt: 30 }, 31);
    assert.deepEqual(started, { ...job, startedAt: 30 }, 'modifiedAt is of the status');
    const stopping = await jobs.change(job.id, ['Stopped', 'InProgress'], { status: 'Stopping' }, 40);
    assert.deepEqual(stopping, { ...job, startedAt: 30, status: 'Stopping', modifiedAt: 40 });
    assert.equal(await jobs.change(job.id, ['InProgress'], { status: 'Completed' }, 50), undefined);
    const same = await jobs.change(job.id, ['Stopping'], { status: 'Stopping' }, 60);
    assert.equal(same?.modifiedAt, 40, 'the same status is no change');
    const end = { status: 'Failed', endedAt: 70, counts: '{"n":1}', failureReason: 'ClientError: ’tis “so”' } as const;
    const ended = await jobs.change(job.id, ['Stopping'], end, 71);
    assert.deepEqual(ended, { ...job, startedAt: 30, ...end, modifiedAt: 71 });
    assert.deepEqual(await jobs.get('a'), ended);
  },

  'jobs wait in the order of their creation, those that were started before first': async ({ catalog }) => {
    const { jobs } = catalog;
    const names = async (status: JobStatus, except: readonly number[], limit: number): Promise<string[]> =>
      (await jobs.oldest(status, except, limit)).map(({ name }) => name);
    const ids = new Map<string, number>();
    // Times say nothing: clocks go back.
    for (const [at, name] of ['a', 'b', 'c', 'd', 'e'].entries())
      ids.set(name, (await addJob(catalog, newJob(name, 100 - at))).id);
    const id = (name: string): number => ids.get(name) as number;
    assert.deepEqual(await names('InProgress', [], 10), ['a', 'b', 'c', 'd', 'e']);
    assert.deepEqual(await names('InProgress', [], 2), ['a', 'b']);
    assert.deepEqual(await names('InProgress', [id('a'), id('c'), 999], 2), ['b', 'd']);
    await jobs.change(id('d'), ['InProgress'], { startedAt: 7 }, 7);
    await jobs.change(id('b'), ['InProgress'], { startedAt: 9 }, 9);
    assert.deepEqual(await names('InProgress', [], 10), ['b', 'd', 'a', 'c', 'e']);
    await jobs.change(id('a'), ['InProgress'], { status: 'Stopping' }, 9);
    assert.deepEqual(await names('InProgress', [], 10), ['b', 'd', 'c', 'e']);
    assert.deepEqual(await names('Stopping', [], 10), ['a']);
    assert.deepEqual(await names('Completed', [], 10), []);
    assert.deepEqual(await jobs.oldest('Stopping', [], 1), [await jobs.get('a')]);
  },

  'jobs are counted by their status': async ({ catalog }) => {
    const none = { InProgress: 0, Completed: 0, Failed: 0, Stopping: 0, Stopped: 0 };
    assert.deepEqual(await catalog.jobs.counts(), none);
    for (const name of ['a', 'b', 'c']) await addJob(catalog, name);
    const failed = await addJob(catalog, 'd');
    await catalog.jobs.change(failed.id, ['InProgress'], { status: 'Failed' }, 2);
    assert.deepEqual(await catalog.jobs.counts(), { ...none, InProgress: 3, Failed: 1 });
  },

  'a job is removed with its work and its tags': async ({ catalog }) => {
    const { jobs, shards, tags } = catalog;
    const [gone, stays] = [await addJob(catalog, 'a', shardRows(3), [tag('x')]), await addJob(catalog, 'b')];
    assert.equal(await jobs.remove(gone.id), true);
    assert.equal(await jobs.remove(gone.id), false);
    assert.equal(await jobs.get('a'), undefined);
    assert.deepEqual(await all(shards.pending(gone.id)), []);
    assert.deepEqual(await tags.list(gone.arn), []);
    assert.equal((await shards.totals(stays.id)).total, 1);
    // An outcome that comes too late is of nothing.
    await shards.record(gone.id, [{ number: 0, records: 1, outputBytes: 1, failure: undefined }]);
    assert.equal((await shards.totals(gone.id)).total, 0);
  },

  'tags are added and replaced up to a limit': async ({ catalog: { models, tags } }) => {
    const { arn } = modelRow('m');
    await models.add(modelRow('m'), [tag('b', '1')]);
    assert.equal(await tags.add(arn, [tag('a', '2'), tag('c', '')], 3), true);
    assert.deepEqual(plain(await tags.list(arn)), [tag('a', '2'), tag('b', '1'), tag('c', '')]);
    assert.equal(await tags.add(arn, [tag('a', '3'), tag('c', '4')], 3), true, 'replacing takes no room');
    assert.equal(await tags.add(arn, [tag('a', '9'), tag('d', '9')], 3), false);
    assert.deepEqual(plain(await tags.list(arn)), [tag('a', '3'), tag('b', '1'), tag('c', '4')], 'all or nothing');
    await tags.remove(arn, ['b', 'nobody knows']);
    assert.deepEqual(plain(await tags.list(arn)), [tag('a', '3'), tag('c', '4')]);
    assert.equal(await tags.add(arn, [tag('A', 'another'), tag('d', 'x')], 4), true, 'keys have a case');
    assert.deepEqual(
      plain(await tags.list(arn)).map(({ key }) => key),
      ['A', 'a', 'c', 'd'],
    );
    await tags.remove(arn, []);
    assert.equal((await tags.list(arn)).length, 4);
  },

  'an ARN is known while its model or job is there': async ({ catalog }) => {
    const { models, jobs, tags } = catalog;
    const [model, job] = [modelRow('same-name'), newJob('same-name')];
    assert.equal(await tags.known(model.arn), false);
    await models.add(model, [tag('of', 'model')]);
    assert.equal(await tags.known(job.arn), false);
    const { id } = await addJob(catalog, job, shardRows(1), [tag('of', 'job')]);
    assert.equal(await tags.known(model.arn), true);
    assert.equal(await tags.known(job.arn), true);
    await models.remove(model.name);
    assert.equal(await tags.known(model.arn), false);
    assert.deepEqual(plain(await tags.list(job.arn)), [tag('of', 'job')]);
    await jobs.remove(id);
    assert.equal(await tags.known(job.arn), false);
  },

  'what is created has its own tags, not those that came too late for one of the same name': async ({ catalog }) => {
    const { models, tags } = catalog;
    // A request for tags looks whether the resource is there, and then adds them: meanwhile it may have been removed.
    for (const { arn } of [modelRow('m'), newJob('j')]) await tags.add(arn, [tag('late')], 50);
    await models.add(modelRow('m'), [tag('own')]);
    await addJob(catalog, 'j', shardRows(1), []);
    assert.deepEqual(plain(await tags.list(modelRow('m').arn)), [tag('own')]);
    assert.deepEqual(await tags.list(newJob('j').arn), []);
  },

  'everything is there for the next process': async ({ catalog, reopen }) => {
    await catalog.models.add(modelRow('m'), [tag('t')]);
    const job = await addJob(catalog, 'j', shardRows(2));
    await catalog.shards.record(job.id, [{ number: 1, records: 5, outputBytes: 6, failure: undefined }]);
    const changed = await catalog.jobs.change(job.id, ['InProgress'], { startedAt: 3 }, 4);
    const next = await reopen();
    assert.deepEqual({ ...(await next.models.get('m')) }, modelRow('m'));
    assert.deepEqual(plain(await next.tags.list(modelRow('m').arn)), [tag('t')]);
    assert.deepEqual(await next.jobs.get('j'), changed);
    assert.deepEqual(plain(await all(next.shards.pending(job.id))), [shardRow(0)]);
    assert((await addJob(next, 'k')).id > job.id);
  },
};

/** Rows of a database may be objects without a prototype. */
function plain<T extends object>(rows: readonly T[]): T[] {
  return rows.map((row) => ({ ...row }));
}
