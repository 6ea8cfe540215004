import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findOnnxFile } from './find-model.ts';

async function folder(t: TestContext, ...files: string[]): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-find-model-'));
  t.after(() => rm(path, { recursive: true }));
  for (const file of files) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), '');
  }
  return path;
}

test('takes model.onnx, the one nearest to the top', async (t) => {
  const path = await folder(t, 'a.onnx', 'deep/er/model.onnx', 'deep/model.onnx', 'notes.txt');
  assert.equal(await findOnnxFile(path), join(path, 'deep/model.onnx'));
});

test('takes the only .onnx file, whatever its name and depth', async (t) => {
  const path = await folder(t, 'code/inference.py', 'some/where/Diamonds.ONNX', '._x.onnx', '.cache/y.onnx');
  assert.equal(await findOnnxFile(path), join(path, 'some/where/Diamonds.ONNX'));
});

test('says what is there when there is no model', async (t) => {
  const path = await folder(t, 'model.pkl', 'readme.md');
  await assert.rejects(findOnnxFile(path), {
    message: `no .onnx file in ${path} (it holds model.pkl, readme.md). Put the model there as model.onnx`,
  });
  const empty = await folder(t);
  await assert.rejects(findOnnxFile(empty), { message: /\(it is empty\)/ });
});

test('lists the models when there are several', async (t) => {
  const path = await folder(t, 'a.onnx', 'b/c.onnx');
  await assert.rejects(findOnnxFile(path), {
    message: `several models in ${path}: a.onnx, b/c.onnx. Keep one, or call the one to serve model.onnx`,
  });
  const twice = await folder(t, 'a/model.onnx', 'b/model.onnx');
  await assert.rejects(findOnnxFile(twice), { message: /several models .*: a\/model.onnx, b\/model.onnx/ });
});
