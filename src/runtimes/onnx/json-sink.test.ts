import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { ByteWriter } from './byte-writer.ts';
import { JsonSink } from './json-sink.ts';
import type { BatchOutput } from './record-sink.ts';

function output(name: string, tensor: Tensor, classes?: readonly string[]): BatchOutput {
  const shape = tensor.dims.slice(1);
  return { name, tensor, shape, width: shape.reduce((a, b) => a * b, 1), classes };
}

function json(lines: boolean, batches: BatchOutput[][], rows: number): string {
  const out = new ByteWriter(0);
  const sink = new JsonSink(out, lines);
  for (const batch of batches) sink.write(batch, rows);
  sink.finish();
  return Buffer.from(out.bytes.buffer, 0, out.length).toString();
}

test('one output of one column is a scalar', () => {
  const y = output('y', new Tensor('float32', [0.1, Number.NaN], [2, 1]));
  assert.equal(json(false, [[y], [y]], 2), '{"predictions":[0.1,null,0.1,null]}');
  assert.equal(json(true, [[y]], 2), '0.1\nnull\n');
  assert.equal(json(false, [], 0), '{"predictions":[]}');
  assert.equal(json(true, [], 0), '');
});

test('a wider output is an array, nested as the tensor is', () => {
  const y = output('y', new Tensor('float32', [1, 2, 3, 4, 5, 6], [1, 2, 3]));
  assert.equal(json(true, [[y]], 1), '[[1,2,3],[4,5,6]]\n');
});

test('several outputs are an object by name', () => {
  const label = output('the "label"', new Tensor('string', ['a"b', 'ü'], [2]));
  const flag = output('flag', new Tensor('bool', new Uint8Array([1, 0]), [2, 1]));
  assert.equal(
    json(true, [[label, flag]], 2),
    '{"the \\"label\\"":"a\\"b","flag":true}\n{"the \\"label\\"":"ü","flag":false}\n',
  );
});

test('a ZipMap is an object by class', () => {
  const scores = output('p', new Tensor('float32', [0.25, 0.75], [1, 2]), ['no', 'yes']);
  assert.equal(json(true, [[scores]], 1), '{"no":0.25,"yes":0.75}\n');
});
