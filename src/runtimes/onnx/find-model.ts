import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/**
 * Finds the model in a folder, subfolders included: the file called `model.onnx` (the one nearest to the top), or else the
 * only file that ends in `.onnx`. Hidden files and folders are left out.
 *
 * @returns the file's path, which starts with `folder`
 * @throws Error when there is none, or several to choose from; it lists them and says what to do
 */
export async function findOnnxFile(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && entry.name.toLowerCase().endsWith('.onnx'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !path
          .slice(folder.length)
          .split(/[\\/]/)
          .some((part) => part.startsWith('.')),
    )
    .sort();
  const named = files.filter((path) => basename(path) === 'model.onnx');
  const depth = (path: string): number => path.split(/[\\/]/).length;
  const top = Math.min(...named.map(depth));
  const candidates = named.length > 0 ? named.filter((path) => depth(path) === top) : files;
  const [file] = candidates;
  if (file === undefined) {
    const found = entries.map((entry) => entry.name).sort();
    const listed = found.length === 0 ? 'it is empty' : `it holds ${found.slice(0, 10).join(', ')}`;
    throw new Error(`no .onnx file in ${folder} (${listed}). Put the model there as model.onnx`);
  }
  if (candidates.length > 1) {
    const listed = candidates.map((path) => path.slice(folder.length).replace(/^[\\/]/, '')).join(', ');
    throw new Error(`several models in ${folder}: ${listed}. Keep one, or call the one to serve model.onnx`);
  }
  return file;
}
