import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { ByteWriter } from './byte-writer.ts';
import { CsvSink } from './csv-sink.ts';
import { toHalf } from './half-float.ts';
import type { BatchOutput } from './record-sink.ts';

function output(tensor: Tensor): BatchOutput {
  const shape = tensor.dims.slice(1);
  return { name: 'y', tensor, shape, width: shape.reduce((a, b) => a * b, 1), classes: undefined };
}

function csv(rows: number, ...tensors: Tensor[]): string {
  const out = new ByteWriter(0);
  const sink = new CsvSink(out);
  sink.write(tensors.map(output), rows);
  sink.finish();
  return Buffer.from(out.bytes.buffer, 0, out.length).toString();
}

test('the columns of all outputs, one line a record', () => {
  const label = new Tensor('string', ['a', 'b'], [2]);
  const scores = new Tensor('float32', [0.1, 0.9, 1, 0], [2, 2]);
  assert.equal(csv(2, label, scores), 'a,0.1,0.9\nb,1,0\n');
  assert.equal(csv(1, label, scores), 'a,0.1,0.9\n');
});

test('every type in its shortest form', () => {
  const half = new Uint16Array([0.1, 2, Number.NaN, -0].map(toHalf));
  const cases: [Tensor, string][] = [
    [new Tensor('float32', [1 / 3, Number.NaN, Number.POSITIVE_INFINITY], [1, 3]), '0.33333334,NaN,inf'],
    [new Tensor('float64', [1 / 3, -0, Number.NEGATIVE_INFINITY, 1e21], [1, 4]), '0.3333333333333333,-0,-inf,1e+21'],
    [new Tensor('float16', half, [1, 4]), '0.1,2,NaN,-0'],
    [new Tensor('int64', [-(2n ** 63n), 7n], [1, 2]), '-9223372036854775808,7'],
    [new Tensor('uint8', new Uint8Array([255, 0]), [1, 2]), '255,0'],
    [new Tensor('bool', new Uint8Array([1, 0]), [1, 2]), 'true,false'],
    [
      new Tensor('string', ['a"b', 'c,d', 'e\nf', 'São', '', 'x'.repeat(40)], [1, 6]),
      `"a""b","c,d","e\nf",São,,${'x'.repeat(40)}`,
    ],
  ];
  for (const [tensor, line] of cases) assert.equal(csv(1, tensor), `${line}\n`);
});
