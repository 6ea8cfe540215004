import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AddTagsCommand,
  CreateModelCommand,
  CreateTransformJobCommand,
  DeleteModelCommand,
  DeleteTagsCommand,
  ListTagsCommand,
  type Tag,
} from '@aws-sdk/client-sagemaker';
import { startModelServer } from './model-server.ts';
import { serviceOfFile } from './service.ts';
import { endedJob, jobRequest, makeBuckets, makeModel, put } from './service-jobs.ts';

const MODEL_ARN = 'arn:aws:sagemaker:us-east-1:000000000000:model/';
const on = serviceOfFile();

function tag(Key: string, Value = ''): Tag {
  return { Key, Value };
}

async function tagged(name: string, Tags: Tag[] = []): Promise<string> {
  const PrimaryContainer = { Image: 'http://127.0.0.1:9' };
  const { ModelArn = '' } = await on.service.sagemaker.send(
    new CreateModelCommand({ ModelName: name, PrimaryContainer, Tags }),
  );
  return ModelArn;
}

async function tagsOf(ResourceArn: string): Promise<Tag[]> {
  const { Tags = [], NextToken } = await on.service.sagemaker.send(new ListTagsCommand({ ResourceArn }));
  assert.equal(NextToken, undefined);
  return Tags;
}

function add(ResourceArn: string, ...Tags: Tag[]): Promise<{ Tags?: Tag[] | undefined }> {
  return on.service.sagemaker.send(new AddTagsCommand({ ResourceArn, Tags }));
}

function remove(ResourceArn: string, ...TagKeys: string[]): Promise<unknown> {
  return on.service.sagemaker.send(new DeleteTagsCommand({ ResourceArn, TagKeys }));
}

describe('tags', () => {
  test('of a model: added, replaced, deleted', async () => {
    const arn = await tagged('model', [tag('team', 'fraud')]);
    assert.deepEqual(await tagsOf(arn), [tag('team', 'fraud')]);
    const { Tags } = await add(arn, tag('stage', 'test'), tag('team', 'risk'), tag('Schlüssel: ä/+=-@', 'Wert 1'));
    const all = [tag('Schlüssel: ä/+=-@', 'Wert 1'), tag('stage', 'test'), tag('team', 'risk')];
    assert.deepEqual(Tags, all);
    assert.deepEqual(await tagsOf(arn), all);
    await remove(arn, 'stage', 'never there');
    assert.deepEqual(await tagsOf(arn), [all[0], all[2]]);
  });

  test('of a job', async (t) => {
    const { service } = on;
    const server = await startModelServer(t);
    await makeBuckets(service, 'data');
    await put(service, 'data', { 'in/a.csv': '1\n' });
    await makeModel(service, 'of-job', { Image: server.url });
    const request = jobRequest('Job', { model: 'of-job', input: 's3://data/in/', output: 's3://data/out/' });
    const { TransformJobArn = '' } = await service.sagemaker.send(
      new CreateTransformJobCommand({ ...request, Tags: [tag('team', 'fraud')] }),
    );
    assert.deepEqual(await tagsOf(TransformJobArn), [tag('team', 'fraud')]);
    await endedJob(service, 'Job');
    await add(TransformJobArn, tag('seen', 'yes'));
    assert.deepEqual(await tagsOf(TransformJobArn), [tag('seen', 'yes'), tag('team', 'fraud')]);
  });

  test('fifty of a resource at the most, old and new together', async () => {
    const many = (from: number, to: number): Tag[] =>
      Array.from({ length: to - from }, (_, at) => tag(`k${String(from + at).padStart(2, '0')}`));
    const arn = await tagged('full', many(0, 20));
    await add(arn, ...many(20, 49));
    await add(arn, tag('k48', 'again'), tag('k49'));
    const tooMany = { name: 'ResourceLimitExceeded', message: /50/ };
    await assert.rejects(add(arn, tag('k50')), tooMany);
    await assert.rejects(add(arn, tag('k01', 'changed'), tag('k50')), tooMany);
    const expected = many(0, 50).map((one) => (one.Key === 'k48' ? tag('k48', 'again') : one));
    assert.deepEqual(await tagsOf(arn), expected, 'a refusal changes nothing');
    await assert.rejects(tagged('too-full', many(0, 51)), {
      name: 'ValidationException',
      message: /at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50/,
    });
  });

  test('keys that there cannot be', async () => {
    const arn = await tagged('keys');
    const duplicate = { name: 'ValidationException', message: 'Duplicate tag key' };
    await assert.rejects(add(arn, tag('a', '1'), tag('a', '2')), duplicate);
    await assert.rejects(tagged('duplicates', [tag('a', '1'), tag('a', '2')]), duplicate);
    const reserved = { name: 'ValidationException', message: /'aws:' reserved/ };
    await assert.rejects(add(arn, tag('aws:mine')), reserved);
    await assert.rejects(add(arn, tag('AWS:mine')), reserved);
    await assert.rejects(remove(arn, 'aws:mine'), reserved);
    await assert.rejects(add(arn, tag('#')), {
      name: 'ValidationException',
      message: /^1 validation error detected: /,
    });
    assert.deepEqual(await tagsOf(arn), []);
  });

  test('of nothing', async () => {
    const gone = await tagged('gone', [tag('team', 'fraud')]);
    await on.service.sagemaker.send(new DeleteModelCommand({ ModelName: 'gone' }));
    const elsewhere = `arn:aws:sagemaker:eu-west-1:123456789012:model/keys`;
    for (const arn of [gone, `${MODEL_ARN}nobody`, elsewhere]) {
      const unknown = { name: 'ValidationException', message: `Could not find resource "${arn}".` };
      await assert.rejects(tagsOf(arn), unknown);
      await assert.rejects(add(arn, tag('a')), unknown);
      await assert.rejects(remove(arn, 'a'), unknown);
    }
    const again = await tagged('gone');
    assert.deepEqual(await tagsOf(again), [], 'another model of the same name has none of them');
  });
});
