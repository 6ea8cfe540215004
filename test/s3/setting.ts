import type { TestContext } from 'node:test';
import { Sandbox } from '../blackbox/millrace.ts';
import { type ModelServer, type ModelServerOptions, startModelServer } from '../blackbox/model-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { awsEnvironment, type S3Server, TestBucket } from './s3-server.ts';

/** A user with a folder, a bucket, a model server and the server's address and credentials in the environment. */
export interface Setting {
  readonly sandbox: Sandbox;
  readonly bucket: TestBucket;
  /** In front of the S3 server, for those who ask for it. */
  readonly proxy: FaultProxy;
  readonly model: ModelServer;
  readonly env: Readonly<Record<string, string>>;
}

export async function setting(
  t: TestContext,
  server: S3Server,
  invoke?: ModelServerOptions['invoke'],
): Promise<Setting> {
  const bucket = await TestBucket.create(server);
  t.after(() => bucket.close());
  const proxy = await FaultProxy.start(server.endpoint);
  t.after(() => proxy.close());
  const model = await startModelServer(t, invoke === undefined ? {} : { invoke });
  const env = { ...awsEnvironment(server), AWS_ENDPOINT_URL: server.endpoint };
  // Last, because it fails when something was left behind, and what is to be cleaned up after it would not be.
  const sandbox = new Sandbox(t);
  return { sandbox, bucket, proxy, model, env };
}
