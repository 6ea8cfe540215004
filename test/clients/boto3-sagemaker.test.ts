import { test } from 'node:test';
import { pythonSuite } from './client-suites.ts';

await pythonSuite('SageMaker', (python) => {
  test('models', (t) => python.check(t, 'sagemaker_models.py'));
  test('transform jobs', (t) => python.check(t, 'sagemaker_jobs.py'));
  test('refusals', (t) => python.check(t, 'sagemaker_refusals.py'));
});
