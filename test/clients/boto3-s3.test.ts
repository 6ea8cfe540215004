import { test } from 'node:test';
import { pythonSuite } from './client-suites.ts';

await pythonSuite('S3', (python) => {
  test('transfers', (t) => python.check(t, 's3_transfers.py'));
  test('objects', (t) => python.check(t, 's3_objects.py'));
  test('checksums', (t) => python.check(t, 's3_checksums.py'));
  test('addresses and presigned URLs', (t) => python.check(t, 's3_addresses.py'));
});
