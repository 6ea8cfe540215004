import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AwsAnswer, all, elements } from './aws-answer.ts';
import { AwsJobs } from './aws-jobs.ts';
import { awsSuite } from './client-suites.ts';
import { GATED_IMAGE } from './gated-image.ts';

const GROUP = '/aws/sagemaker/TransformJobs';

await awsSuite(
  'aws logs',
  (aws) => {
    const jobs = new AwsJobs(aws);
    const logs = (command: string, ...args: string[]): Promise<AwsAnswer> =>
      aws.json(['logs', command, '--log-group-name', GROUP, ...args]);

    test('of a job that has ended: its streams, their events, and those of all by a pattern', async () => {
      await jobs.fill('logged', { 'x.csv': 'one\n' });
      await jobs.createModel('logged', 'Image=gated');
      await jobs.create('logged-job', 'logged', 'logged');
      assert.equal((await jobs.ended('logged-job'))['TransformJobStatus'], 'Completed');
      const streams = await logs('describe-log-streams', '--log-stream-name-prefix', 'logged-job/');
      const names = all(streams, 'logStreams', 'logStreamName').map(String);
      assert.equal(names.length, 2);
      assert.match(names[0] ?? '', /^logged-job\/i-[0-9a-f]{17}-\d{10}$/);
      assert.equal(names[1], `${names[0]}/data-log`);

      const [output = '', dataLog = ''] = names;
      const first = await logs('get-log-events', '--log-stream-name', output, '--start-from-head', '--limit', '2');
      assert.deepEqual(all(first, 'events', 'message'), ['the server is up', 'received one']);
      const token = String(first['nextForwardToken']);
      const second = await logs('get-log-events', '--log-stream-name', output, '--next-token', token);
      assert.deepEqual(all(second, 'events', 'message'), ['answered one']);
      const last = await logs('get-log-events', '--log-stream-name', dataLog);
      assert.match(
        String(all(last, 'events', 'message')[0]),
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD$/,
      );

      const of = ['--log-stream-name-prefix', 'logged-job/', '--filter-pattern', '"answered"'];
      const found = elements(await logs('filter-log-events', ...of), 'events');
      assert.deepEqual(
        found.map(({ logStreamName, message }) => [logStreamName, message]),
        [[output, 'answered one']],
      );
      assert.match(
        await aws.refused(['logs', 'get-log-events', '--log-group-name', GROUP, '--log-stream-name', 'none']),
        /\(ResourceNotFoundException\) when calling the GetLogEvents operation.*: The specified log stream does not exist/,
      );
    });

    test('logs tail --follow: lines appear while the job runs, each once', async (t) => {
      if (aws.isVersion1) return t.skip('version 1 of the command line has no "logs tail"');
      const gate = join(await aws.folder(), 'gate');
      await jobs.fill('followed', { 'x.csv': 'one\n' });
      await jobs.createModel('followed', JSON.stringify({ Image: 'gated', Environment: { GATE: gate } }));
      await jobs.create('followed-job', 'followed', 'followed');
      const tail = aws.start(['logs', 'tail', GROUP, '--follow']);
      t.after(() => tail.kill('SIGKILL'));
      await tail.said(/ followed-job\/\S+ received one$/m);
      await writeFile(gate, '');
      await tail.said(/ followed-job\/\S+ answered one$/m);
      tail.kill('SIGINT');
      const { stdout, stderr } = await tail.ended;
      assert.equal(stderr.trim(), '');
      const lines = stdout.trim().split('\n');
      assert.equal(new Set(lines).size, lines.length, stdout);
      const stream = /^\S+\+00:00 followed-job\/i-[0-9a-f]{17}-\d{10} (.*)$/;
      const output = lines.flatMap((line) => stream.exec(line)?.[1] ?? []);
      assert.deepEqual(output, ['the server is up', 'received one', 'answered one']);
      assert(
        lines.some((line) => /followed-job\/\S+\/data-log .*MaxConcurrentTransforms=1/.test(line)),
        stdout,
      );
    });
  },
  { args: ['--image', GATED_IMAGE] },
);
