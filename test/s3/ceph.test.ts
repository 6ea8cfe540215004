import { after, test } from 'node:test';
import { objectStoreContract } from '../contract/object-store.ts';
import { cephMissing, cephServer } from './ceph-server.ts';
import { faultCases } from './fault-cases.ts';
import { refusalCases } from './refusal-cases.ts';
import { awsEnvironment, s3StoreUnderTest } from './s3-server.ts';
import { serviceCases } from './service-cases.ts';
import { transformCases } from './transform-cases.ts';

const missing = cephMissing();
if (missing !== undefined) {
  test("S3Store on Ceph's object gateway", { skip: missing });
} else {
  const server = await cephServer();
  after(() => server.close());
  Object.assign(process.env, awsEnvironment(server));

  objectStoreContract("S3Store on Ceph's object gateway", () => s3StoreUnderTest(server));

  faultCases("Ceph's object gateway", server);
  transformCases("Ceph's object gateway", server);
  refusalCases("Ceph's object gateway", server, true);
  serviceCases("Ceph's object gateway", server);
}
