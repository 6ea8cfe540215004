import { test } from 'node:test';
import { pythonSuite } from './client-suites.ts';
import { GATED_IMAGE } from './gated-image.ts';

await pythonSuite(
  'CloudWatch Logs',
  (python) => {
    test('logs of jobs', (t) => python.check(t, 'logs.py'));
  },
  { args: ['--image', GATED_IMAGE] },
);
