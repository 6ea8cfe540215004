import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Format } from './media-type.ts';
import { Model } from './model.ts';
import { Predictor } from './predict.ts';
import { probe } from './probe.ts';

const path = (name: string) => join(import.meta.dirname, '../../../test/models', `${name}.onnx`);
const never = new AbortController().signal;

/** A function that answers bodies with the model. */
async function served(name: string): Promise<(body: string, request?: Format, response?: Format) => Promise<string>> {
  const predictor = new Predictor(await Model.load(path(name)), () => 0);
  return async (body, request = 'csv', response = request) => {
    const bytes = Buffer.from(`${body}\n`);
    const out = await predictor.predict(bytes, bytes.length - 1, request, response, never);
    return Buffer.from(out.bytes.buffer, 0, out.length).toString();
  };
}

test('one float input: one result a row, in every form', async () => {
  const predict = await served('dense');
  const zeros = new Array(12).fill(0);
  assert.equal(await predict(`${zeros}\n`), '0\n');
  assert.equal(await predict(`${zeros}\n`, 'csv', 'json'), '{"predictions":[0]}');
  assert.equal(await predict(JSON.stringify({ instances: [zeros, zeros] }), 'json'), '{"predictions":[0,0]}');
  assert.equal(await predict(JSON.stringify(zeros), 'jsonlines'), '0\n');
  assert.equal(await predict(''), '');
  assert.equal(await predict('', 'jsonlines'), '');
  assert.equal(await predict('{"instances":[]}', 'json'), '{"predictions":[]}');
});

test('more rows than a run takes: the same results, in order', async () => {
  const predict = await served('two-outputs');
  const rows = Array.from({ length: 5000 }, (_, i) => `${i},0.5`).join('\n');
  const expected = Array.from({ length: 5000 }, (_, i) => `${i + 0.5},${i === 0 ? '-0' : -i},-0.5\n`).join('');
  assert.equal(await predict(rows), expected);
});

test('a fixed batch: groups, the last one padded and the padding dropped', async () => {
  const [fixed, free] = [await served('dense-batch4'), await served('dense')];
  for (const count of [1, 4, 6, 8]) {
    const rows = Array.from({ length: count }, (_, i) => Array.from({ length: 12 }, (_, k) => (i + k) / 10).join(','));
    assert.equal(await fixed(rows.join('\n')), await free(rows.join('\n')));
  }
});

test('inputs and outputs of several types', async () => {
  const predict = await served('mixed-inputs');
  assert.equal(await predict('Rome,15.5\n"New York, NY",60\n'), 'Rome,31,false\n"New York, NY",120,true\n');
  assert.equal(
    await predict('{"age":60,"city":"São Paulo"}\n["Rome",1]', 'jsonlines'),
    '{"label":"São Paulo","score":120,"senior":true}\n{"label":"Rome","score":2,"senior":false}\n',
  );
  // Strings are counted by what the run takes, not by what the batch could hold.
  assert.equal((await predict(Array.from({ length: 2049 }, () => 'a,1').join('\n'))).split('\n').length, 2050);
});

test('a ZipMap: an object by class in JSON, a column for each class in CSV', async () => {
  const strings = await served('zipmap-strings');
  assert.equal(await strings('1000,0\n'), 'setosa,1,0,0\n');
  const zipped = JSON.parse(await strings('1000,0\n', 'csv', 'json'));
  assert.deepEqual(zipped, {
    predictions: [{ label: 'setosa', probabilities: { setosa: 1, versicolor: 0, virginica: 0 } }],
  });
  const ints = await served('zipmap-ints');
  // Classes 3, 1, 2: read as text, since JSON.parse would sort such keys.
  assert.equal(await ints('0,1000', 'csv', 'jsonlines'), '{"label":1,"probabilities":{"3":0,"1":1,"2":0}}\n');
});

test('element types survive the way through the model', async () => {
  const cases: [string, string][] = [
    ['echo-int64', '9223372036854775807,-1,9007199254740993\n'],
    ['echo-uint64', '18446744073709551615\n'],
    ['echo-int8', '-128,127\n'],
    ['echo-bool', 'true,false\n'],
    ['echo-double', '0.30000000000000004,1e+300\n'],
    ['echo-half', '0.1,65500\n'],
    ['echo-string', '007,"a,b"\n'],
    ['grid', '1,2,3,4,5,0.1\n'],
  ];
  for (const [name, line] of cases) assert.equal(await (await served(name))(line), line, name);
});

test('a higher rank comes back nested in JSON', async () => {
  const predict = await served('grid');
  assert.equal(await predict('{"instances":[[[1,2,3],[4,5,6]]]}', 'json'), '{"predictions":[[[1,2,3],[4,5,6]]]}');
});

test('an open width is decided by the first record of each request', async () => {
  const predict = await served('free-width');
  assert.equal(await predict('1,2\n3,4\n'), '3\n7\n');
  assert.equal(await predict('[1,2,3]', 'jsonlines'), '6\n');
  assert.equal(await predict(''), '');
  await assert.rejects(predict('1,2\n3\n'), { message: 'row 2 (line 2): expected 2 columns, found 1' });
});

test('a model that fails says so in its own words', async () => {
  const predict = await served('picky');
  assert.equal(await predict('2'), '2.5\n');
  await assert.rejects(predict('7'), { name: 'Error', message: /indices element out of data bounds/ });
  assert.equal(await predict('1'), '1.5\n');
});

test('an output without the batch is an error, not a guess', async () => {
  const predict = await served('no-batch-output');
  await assert.rejects(predict('1,2\n3,4\n'), { message: /output "y" has the shape \[\] for a batch of 2 records/ });
});

test('a signal ends the work between two runs', async () => {
  const predictor = new Predictor(await Model.load(path('dense')), () => 0);
  const body = Buffer.from(`${`${new Array(12).fill(1)}\n`.repeat(3000)}\n`);
  const gone = AbortSignal.abort(new Error('gone'));
  await assert.rejects(predictor.predict(body, body.length - 1, 'csv', 'csv', gone), { message: 'gone' });
});

test('models that cannot be served are refused with the file and the reason', async () => {
  const cases: [string, RegExp][] = [
    [path('missing'), /^cannot load the model .*missing\.onnx: ENOENT/],
    [join(path('dense'), '..'), /^cannot load the model .*models: it is not a file$/],
    [join(path('dense'), '../make.py'), /^cannot load the model .*make\.py: /],
    [path('sequence-output'), /^cannot load the model .*: output "y" is a sequence or a map/],
  ];
  for (const [file, message] of cases) await assert.rejects(Model.load(file), { message });
});

test('the probe times a model, and lets those be that fail or cannot be tried out', async () => {
  let seconds = 0;
  const now = () => (seconds += 0.01);
  const probed = async (name: string) => probe(await Model.load(path(name)), now);
  assert.deepEqual((await probed('dense')).bytesPerRecord, 108);
  assert.ok(Math.abs(((await probed('dense')).secondsPerRecord ?? 0) - 0.01 / 2048) < 1e-9);
  assert.ok(Math.abs(((await probed('dense-batch4')).secondsPerRecord ?? 0) - 0.01 / 4) < 1e-9);
  assert.equal((await probed('free-width')).secondsPerRecord, undefined);
  assert.equal((await probed('no-batch-output')).secondsPerRecord, undefined);
});
