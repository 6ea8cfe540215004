import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../blackbox/eventually.ts';
import { type ModelServerOptions, startModelServer } from '../blackbox/model-server.ts';
import { ServiceHome } from '../blackbox/service.ts';
import { endedJob, makeModel, runJob, startJob } from '../blackbox/service-jobs.ts';
import { awsEnvironment, type S3Server, TestBucket } from './s3-server.ts';

/** `millrace serve` with its objects in a real store. */
export function serviceCases(name: string, server: S3Server): void {
  const options = { args: ['--s3-endpoint-url', server.endpoint], env: awsEnvironment(server) };

  describe(`the service on ${name}`, () => {
    test('a job reads from the store and writes to it; S3 is not answered here', async (t) => {
      const bucket = await TestBucket.create(server);
      t.after(() => bucket.close());
      const model = await startModelServer(t, {});
      const service = await new ServiceHome(t).serve(options);
      await bucket.put('in/a.csv', 'one\nthree\n');
      await makeModel(service, 'm', { Image: model.url });
      const job = await runJob(service, 'j', {
        model: 'm',
        input: `s3://${bucket.name}/in/`,
        output: `s3://${bucket.name}/out`,
      });
      assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
      assert.ok((await bucket.get('out/a.csv.out'))?.length);
      const answer = await fetch(`${service.url}/${bucket.name}`);
      assert.equal(answer.status, 501);
      assert.match(await answer.text(), new RegExp(server.endpoint));
      await service.stop();
    });

    test('what a kill leaves of an upload is gone after the next start, and the output is whole', async (t) => {
      const bucket = await TestBucket.create(server);
      t.after(() => bucket.close());
      const home = new ServiceHome(t);
      const gate = Promise.withResolvers<void>();
      const line = `${'x'.repeat(1023)}\n`;
      const invoke: ModelServerOptions['invoke'] = async ({ number, body }) => {
        // The answers before it make an upload in parts; this one does not come before the kill.
        if (number === 16) await gate.promise;
        return body;
      };
      const model = await startModelServer(t, { invoke });
      const whole = line.repeat(20 * 1024);
      await bucket.put('in/a.csv', whole);
      const first = await home.serve(options);
      await makeModel(first, 'm', { Image: model.url });
      const wish = {
        model: 'm',
        input: `s3://${bucket.name}/in/`,
        output: `s3://${bucket.name}/out`,
        MaxPayloadInMB: 1,
      };
      await startJob(first, 'j', wish);
      await eventually('an upload is under way', async () => (await server.openUploads(bucket.name)) === 1);
      await model.arrived(16);
      await first.kill();
      gate.resolve();
      const second = await home.serve(options);
      const job = await endedJob(second, 'j');
      assert.equal(job.TransformJobStatus, 'Completed', job.FailureReason);
      assert.equal(await server.openUploads(bucket.name), 0);
      assert.equal(String(await bucket.get('out/a.csv.out')) === whole, true, 'the output is another one');
      await second.stop();
    });
  });
}
