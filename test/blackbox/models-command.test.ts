import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serviceOfFile } from './service.ts';
import { makeModel, ROLE } from './service-jobs.ts';
import { ServiceUser } from './service-user.ts';

const on = serviceOfFile({ args: ['--image=mine=true'] });
const ARN = 'arn:aws:sagemaker:us-east-1:000000000000:model';
const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;

describe('millrace models', { concurrency: 4 }, () => {
  test('created, listed, described, removed', async (t) => {
    const user = new ServiceUser(t, on.service);
    const container = { Image: 'mine', Environment: { A: '1', B: 'x y' } };
    const request = { ModelName: 'life', ExecutionRoleArn: ROLE, PrimaryContainer: container };
    await user.box.write({ 'model.json': JSON.stringify(request) });
    const created = await user.run('models create --cli-input-json model.json');
    assert.deepEqual([created.status, created.stdout], [0, `Created life (${ARN}/life)\n`], created.all);
    const again = await user.run('models create --cli-input-json model.json');
    assert.equal(again.status, 1, again.all);
    assert.match(again.stderr, /^millrace: CreateModel was refused: Cannot create already existing model/);

    const list = await user.run('models list --name-contains life');
    assert.match(list.stdout, new RegExp(`^NAME  CREATED {14}ARN\nlife  ${TIME}  ${ARN}/life\n$`));
    const described = await user.run('models describe life');
    assert.match(
      described.stdout,
      new RegExp(
        `^Name         life\nARN          ${ARN}/life\nCreated      ${TIME} \\+00:00\nRole         ${ROLE}\nImage        mine\nEnvironment  A=1\n             B=x y\n$`,
      ),
    );
    const { stdout } = await user.run('models describe life --json');
    assert.deepEqual(JSON.parse(stdout).PrimaryContainer, container);

    assert.equal((await user.run('models delete life')).stdout, 'Deleted life\n');
    const gone = await user.run('models describe life');
    assert.equal(gone.status, 1, gone.all);
    assert.match(
      gone.stderr,
      /Could not find model ".*\/life" .*"millrace models list" shows those that there are\.\n$/,
    );
    assert.equal((await user.run('models list --name-contains life')).stderr, 'No models fit.\n');
  });

  test('a pipeline: its containers in order', async (t) => {
    await makeModel(
      on.service,
      'pipe',
      { Image: 'mine', ContainerHostname: 'first' },
      { Image: 'mine', ContainerHostname: 'second' },
    );
    const { stdout } = await new ServiceUser(t, on.service).run('models describe pipe');
    assert.match(
      stdout,
      /\nContainer {2}1\nHostname {3}first\nImage {6}mine\nContainer {2}2\nHostname {3}second\nImage {6}mine\n$/,
    );
  });

  test('more than a page: twenty are shown, all are one JSON document', async (t) => {
    const user = new ServiceUser(t, on.service);
    for (let at = 0; at < 125; at++) await makeModel(on.service, `page-${at}`, { Image: 'mine' });
    const shown = await user.run('models list --name-contains page-');
    assert.equal(shown.stdout.trimEnd().split('\n').length, 21, shown.all);
    assert.match(shown.stderr, /^There are more: --max-items N/);
    const all = JSON.parse((await user.run('models list --name-contains page- --json')).stdout);
    assert.deepEqual(new Set(all.Models.map(({ ModelName }: { ModelName: string }) => ModelName)).size, 125);
    const table = await user.run('models list --name-contains page- --max-items 110');
    assert.equal(table.stdout.trimEnd().split('\n').length, 111, table.all);
  });
});
