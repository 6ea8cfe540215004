import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { delimitedField, readFields } from './protobuf-wire.ts';
import { rewriteZipMaps } from './zip-map.ts';

const model = (name: string) => readFile(new URL(`../../../test/models/${name}.onnx`, import.meta.url));

test('the output keeps its name and becomes the tensor of scores', async () => {
  const rewritten = rewriteZipMaps(await model('zipmap-strings'));
  assert.ok(rewritten);
  assert.deepEqual([...rewritten.classes], [['probabilities', ['setosa', 'versicolor', 'virginica']]]);
  assert.equal(rewritten.hasExternalData, false);
  const session = await InferenceSession.create(rewritten.bytes);
  assert.deepEqual(session.outputNames, ['label', 'probabilities']);
  const { label, probabilities } = await session.run({ x: new Tensor('float32', [9, 0], [1, 2]) });
  assert.deepEqual(label?.data, ['setosa']);
  assert.deepEqual(probabilities?.dims, [1, 3]);
  assert.ok((probabilities?.data[0] as number) > 0.99);
  await session.release();
});

test('classes may be integers, in the order of the columns', async () => {
  const rewritten = rewriteZipMaps(await model('zipmap-ints'));
  assert.deepEqual([...(rewritten?.classes ?? [])], [['probabilities', ['3', '1', '2']]]);
});

test('what has nothing to do with the ZipMap keeps its bytes', async () => {
  const before = await model('zipmap-strings');
  const rewritten = rewriteZipMaps(before);
  assert.ok(rewritten);
  const others = (bytes: Uint8Array) => readFields(bytes).filter(({ number }) => number !== 7);
  assert.deepEqual(
    others(rewritten.bytes).map(({ raw }) => Buffer.from(raw)),
    others(before).map(({ raw }) => Buffer.from(raw)),
  );
  const graphs = [before, rewritten.bytes].map((bytes) => {
    const graph = readFields(bytes).find(({ number }) => number === 7);
    return readFields(graph?.content ?? new Uint8Array()).map(({ raw }) => Buffer.from(raw).toString('hex'));
  });
  const changed = graphs[0]?.filter((field) => !graphs[1]?.includes(field));
  assert.equal(changed?.length, 2); // the node, and the output's type
});

test('a model that imports only ai.onnx.ml gets the domain that Identity is from', async () => {
  const without = readFields(await model('zipmap-strings'))
    .filter(({ number, content }) => number !== 8 || Buffer.from(content).includes('ai.onnx.ml'))
    .map(({ raw }) => raw);
  const rewritten = rewriteZipMaps(Buffer.concat(without));
  assert.ok(rewritten);
  const session = await InferenceSession.create(rewritten.bytes);
  assert.equal(session.outputMetadata[1]?.isTensor, true);
  await session.release();
});

test('notices weights in other files', async () => {
  const fields = readFields(await model('zipmap-strings')).map(({ number, content, raw }) =>
    // An initializer (field 5 of the graph) whose data_location (field 14) is EXTERNAL.
    number === 7 ? delimitedField(7, Buffer.concat([content, delimitedField(5, Buffer.from([14 * 8, 1]))])) : raw,
  );
  assert.equal(rewriteZipMaps(Buffer.concat(fields))?.hasExternalData, true);
});

test('other models are left alone', async () => {
  for (const name of ['dense', 'mixed-inputs', 'sequence-output'])
    assert.equal(rewriteZipMaps(await model(name)), undefined);
  assert.throws(() => rewriteZipMaps(Buffer.from('no model at all')), /no protobuf message/);
});
