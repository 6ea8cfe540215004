import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InferenceSession } from 'onnxruntime-node';
import { inputWidth, signatureOf } from './signature.ts';

type Shape = readonly (number | string)[];

const tensor = (name: string, shape: Shape, type = 'float32') =>
  ({ name, isTensor: true, type, shape }) as InferenceSession.TensorValueMetadata;
const y = tensor('y', ['batch', 1]);
const read = (...inputs: InferenceSession.ValueMetadata[]) => signatureOf(inputs, [y], new Map());

test('widths and batch sizes', () => {
  const cases: [Shape, number | undefined, number | undefined][] = [
    [['batch', 12], 12, undefined],
    [['batch', 2, 3], 6, undefined],
    [['', 1], 1, undefined],
    [['batch'], 1, undefined],
    [[4, 12], 12, 4],
    [['batch', 'columns'], undefined, undefined],
  ];
  for (const [shape, width, batch] of cases) {
    const signature = read(tensor('x', shape));
    assert.equal(signature.fixedBatch, batch);
    assert.equal(inputWidth(signature.inputs[0] ?? { name: '', type: 'float32', shape: [] }), width);
  }
});

test('classes belong to the output of that name', () => {
  const { outputs } = signatureOf(
    [tensor('x', ['n', 1])],
    [tensor('a', []), tensor('b', [])],
    new Map([['b', ['0', '1']]]),
  );
  assert.deepEqual(
    outputs.map(({ classes }) => classes),
    [undefined, ['0', '1']],
  );
});

test('what cannot be served record by record is refused, with the reason', () => {
  assert.throws(() => read(), /no inputs/);
  assert.throws(() => read(tensor('x', [])), /input "x" is a single value without a batch dimension/);
  assert.throws(() => read({ name: 'x', isTensor: false }), /input "x" is not a tensor/);
  assert.throws(() => read(tensor('x', ['n', 2], 'int4')), /input "x" has the element type int4/);
  assert.throws(() => read(tensor('x', [4, 2]), tensor('z', [8, 2])), /different fixed batch sizes \(4, 8\)/);
  assert.throws(() => read(tensor('x', ['n', 'h', 'w'])), /the width of input "x" cannot be told/);
  assert.throws(() => read(tensor('x', ['n', 'w']), tensor('z', ['n', 1])), /the width of input "x" cannot be told/);
  const sequence = { name: 's', isTensor: false as const };
  assert.throws(() => signatureOf([tensor('x', ['n', 1])], [sequence], new Map()), /output "s" is a sequence or a map/);
});
