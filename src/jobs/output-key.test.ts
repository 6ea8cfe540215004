import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputKey } from './output-key.ts';

test('outputs are named as the original names them', () => {
  // The table of behaviour 1, and its edges.
  const rows: [inputPrefix: string, inputKey: string, outputPrefix: string, expected: string][] = [
    ['prefix', 'prefix/x.csv', 'out', 'out/x.csv.out'],
    ['prefix/', 'prefix/dir/x.csv', 'out/', 'out/dir/x.csv.out'],
    ['prefix/dir/x.csv', 'prefix/dir/x.csv', 'out', 'out/x.csv.out'],
    ['pre', 'prefix/x.csv', 'out', 'out/fix/x.csv.out'],
    ['', 'x.csv', '', 'x.csv.out'],
    ['', 'dir/x.csv.gz', 'a/b', 'a/b/dir/x.csv.gz.out'],
    ['x.csv', 'x.csv', 'o', 'o/x.csv.out'],
    ['test_output', 'test_output_pose/a', 'o', 'o/_pose/a.out'],
  ];
  for (const [inputPrefix, key, outputPrefix, expected] of rows) {
    assert.equal(outputKey(key, inputPrefix, outputPrefix), expected);
  }
});
