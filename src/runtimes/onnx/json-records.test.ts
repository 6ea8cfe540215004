import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputBatch } from './input-batch.ts';
import { JsonLinesRecords } from './json-lines-records.ts';
import { JsonRecords } from './json-records.ts';
import type { RecordSource } from './record-source.ts';
import type { InputTensor, Signature } from './signature.ts';

function signature(...inputs: InputTensor[]): Signature {
  return { inputs, outputs: [], fixedBatch: undefined };
}

const pair = signature({ name: 'x', type: 'float32', shape: [2] });
const single = signature({ name: 'x', type: 'float32', shape: [1] });
const grid = signature({ name: 'x', type: 'float32', shape: [2, 2] });
const person = signature(
  { name: 'city', type: 'string', shape: [1] },
  { name: 'age', type: 'int64', shape: [1] },
  { name: 'member', type: 'bool', shape: [1] },
);

function elements(source: RecordSource, model: Signature): unknown[][] {
  const batch = new InputBatch(model);
  const all: unknown[][] = batch.inputs.map(() => []);
  for (let rows = source.read(batch, batch.capacity); rows > 0; rows = source.read(batch, batch.capacity)) {
    for (const [i, { store, width }] of batch.inputs.entries()) {
      for (let k = 0; k < rows * width; k++) all[i]?.push(store.data[k]);
    }
  }
  return all;
}

function json(body: unknown, model: Signature): unknown[][] {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return elements(new JsonRecords(Buffer.from(`${text}\n`), Buffer.byteLength(text), model), model);
}

function lines(text: string, model: Signature): unknown[][] {
  const names = model.inputs.map(({ name }) => name);
  return elements(new JsonLinesRecords(Buffer.from(`${text}\n`), Buffer.byteLength(text), names), model);
}

test('a document of instances, in each of their forms', () => {
  assert.deepEqual(
    json(
      {
        instances: [
          [1, 2],
          [3, null],
        ],
        signature_name: 'x',
      },
      pair,
    ),
    [[1, 2, 3, Number.NaN]],
  );
  assert.deepEqual(json({ instances: [{ x: [1, 2] }, { features: [3, 4] }] }, pair), [[1, 2, 3, 4]]);
  assert.deepEqual(json({ instances: [1, '2.5', 'nan'] }, single), [[1, 2.5, Number.NaN]]);
  assert.deepEqual(
    json(
      {
        instances: [
          [
            [1, 2],
            [3, 4],
          ],
          [5, 6, 7, 8],
        ],
      },
      grid,
    ),
    [[1, 2, 3, 4, 5, 6, 7, 8]],
  );
  assert.deepEqual(
    json({ instances: [{ city: 'Rome', member: true, age: 7 }, ['São Paulo', '9007199254740993', 0]] }, person),
    [
      ['Rome', 'São Paulo'],
      [7n, 9007199254740993n],
      [1, 0],
    ],
  );
  assert.deepEqual(json({ instances: [] }, pair), [[]]);
});

test('documents without "instances"', () => {
  assert.deepEqual(
    json(
      [
        [1, 2],
        [3, 4],
      ],
      pair,
    ),
    [[1, 2, 3, 4]],
  );
  assert.deepEqual(json([1, 2], pair), [[1, 2]]);
  assert.deepEqual(json([1, 2], single), [[1, 2]]);
  assert.deepEqual(json({ x: [1, 2] }, pair), [[1, 2]]);
  assert.deepEqual(json({ features: [1, 2] }, pair), [[1, 2]]);
  assert.deepEqual(json(5, single), [[5]]);
  assert.deepEqual(json([], pair), [[]]);
});

test('one instance a line', () => {
  assert.deepEqual(lines('[1,2]\n{"features":[3,4]}\r\n{"x":[5,6]}\n{"instances":[[7,8]]}', pair), [
    [1, 2, 3, 4, 5, 6, 7, 8],
  ]);
  assert.deepEqual(lines('1\n2\n\n', single), [[1, 2]]);
  assert.deepEqual(lines('', single), [[]]);
});

test('what is wrong is named by the instance and the column or input', () => {
  const cases: [unknown, Signature, RegExp][] = [
    [{ instances: [[1, 2], [1]] }, pair, /^instance 2: expected 2 columns, found 1$/],
    [{ instances: [[1, 'abc']] }, pair, /^instance 1, column 2: "abc" is not a number$/],
    [{ instances: [[1, true]] }, pair, /^instance 1, column 2: true is not a number$/],
    [{ instances: [[1, [2]]] }, pair, /^instance 1, column 2: \[2\] is not a number$/],
    [{ instances: [{ y: [1, 2] }] }, pair, /^instance 1: input "x" is missing$/],
    [{ instances: [{ x: [1, 2], y: 3 }] }, pair, /^instance 1: there is no input "y"; the model's inputs are x$/],
    [{ instances: [[[1, 2], [3]]] }, grid, /^instance 1\[1\]: expected an array of 2 elements, found 1 elements$/],
    [{ instances: [['Rome', 1]] }, person, /^instance 1: expected 3 columns, found 2$/],
    [
      { instances: [{ city: 'Rome', age: 1.5, member: 1 }] },
      person,
      /^instance 1, input "age": 1.5 is not an integer$/,
    ],
    [{ instances: [{ city: 5, age: 1, member: 1 }] }, person, /^instance 1, input "city": 5 is not a string$/],
    ['{"instances": [["Rome", 9007199254740993, 1]]}', person, /beyond 2\^53.*write it as a string$/],
    [{ instances: [['Rome', null, 1]] }, person, /^instance 1, column 2: null is empty/],
    [{ instances: 5 }, pair, /^"instances" has to be an array$/],
    ['', pair, /^the body is empty; expected a JSON document$/],
    ['[1,2]\n[3,4]', pair, /^the body is not one JSON document: .*send application\/jsonlines/],
  ];
  for (const [body, model, message] of cases) {
    assert.throws(() => json(body, model), { name: 'BadInput', message }, JSON.stringify(body));
  }
});

test('what is wrong in JSON Lines is named by the line', () => {
  const cases: [string, RegExp][] = [
    ['[1,2]\n[1]\n', /^line 2: expected 2 columns, found 1$/],
    ['[1,2]\n[1,"x"]\n', /^line 2, column 2: "x" is not a number$/],
    ['[1,2]\n{broken\n', /^line 2: not JSON: /],
    ['[1,2]\n\n[1,2]\n', /^line 2: the line is empty$/],
    ['{"instances":[[1,2],[3,4]]}', /^line 1: "instances" has to hold one instance, found 2 of them/],
  ];
  for (const [text, message] of cases) assert.throws(() => lines(text, pair), { name: 'BadInput', message }, text);
});

test('finds the width of the first record and then reads from it', () => {
  const records = new JsonLinesRecords(Buffer.from('[1,[2,3]]\n[4,5,6]\n'), 18, []);
  assert.equal(records.firstWidth(), 3);
  assert.equal(new JsonLinesRecords(Buffer.from('\n'), 0, []).firstWidth(), 0);
  const body = '{"instances":[{"x":[1,2]}]}';
  assert.equal(new JsonRecords(Buffer.from(`${body}\n`), body.length, pair).firstWidth(), 2);
});
