import { after } from 'node:test';
import { objectStoreContract } from '../contract/object-store.ts';
import { faultCases } from './fault-cases.ts';
import { fauxqsServer } from './fauxqs-server.ts';
import { refusalCases } from './refusal-cases.ts';
import { awsEnvironment, s3StoreUnderTest } from './s3-server.ts';
import { transformCases } from './transform-cases.ts';

const server = await fauxqsServer();
after(() => server.close());
Object.assign(process.env, awsEnvironment(server));

objectStoreContract('S3Store on fauxqs', () => s3StoreUnderTest(server), {
  'lists in the order of the bytes of the keys': 'fauxqs sorts by locale',
  'keeps keys with control characters as they are': 'fauxqs does not know encoding-type=url',
});

faultCases('fauxqs', server);
transformCases('fauxqs', server);
refusalCases('fauxqs', server, false);
