import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { causeOf, MillraceError } from '../core/errors.ts';
import type { InstanceDriver } from '../instances/instance.ts';
import type { ModelArtifacts } from '../instances/model-artifacts.ts';
import { processDriver } from '../instances/process-driver.ts';
import { findOnnxFile } from '../runtimes/onnx/find-model.ts';

export interface ServerContext {
  readonly cwd: string;
  /** The environment for the server, complete but for the model's folder and the port. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/** `--serve COMMAND`: the user's own model server, started by the shell. */
export function commandDriver(command: string, artifacts: ModelArtifacts, context: ServerContext): InstanceDriver {
  return processDriver({
    command: { shell: command },
    cwd: context.cwd,
    environment: { ...context.environment, SM_MODEL_DIR: artifacts.folder },
    followsParent: false,
    onLine: context.onLine,
  });
}

/**
 * The model server that comes with millrace, for the one model that the artifacts hold.
 *
 * @throws MillraceError `ModelNotFound` when they hold none or several, `RuntimeMissing`
 */
export async function onnxDriver(
  artifacts: ModelArtifacts,
  model: string,
  context: ServerContext,
): Promise<InstanceDriver> {
  const file = await onnxFile(artifacts, model);
  try {
    createRequire(import.meta.url).resolve('onnxruntime-node');
  } catch (error) {
    throw new MillraceError('RuntimeMissing', { cause: causeOf(error).split('\n')[0] ?? '' }, { cause: error });
  }
  // Sources in a checkout, what was built from them in the package.
  const program = import.meta.url.endsWith('.ts') ? '../runtimes/onnx/main.ts' : '../runtimes/onnx/main.js';
  return processDriver({
    command: { file: process.execPath, args: [fileURLToPath(new URL(program, import.meta.url)), '--model', file] },
    cwd: context.cwd,
    environment: { ...context.environment, SM_MODEL_DIR: artifacts.folder },
    followsParent: true,
    onLine: context.onLine,
  });
}

/** @throws MillraceError `ModelNotFound` */
export async function onnxFile({ file, folder }: ModelArtifacts, model: string): Promise<string> {
  if (file !== undefined) {
    if (file.endsWith('.onnx')) return file;
    const cause = 'it is not a .onnx file; a model of another kind needs --serve COMMAND';
    throw new MillraceError('ModelNotFound', { model, cause });
  }
  try {
    return await findOnnxFile(folder);
  } catch (error) {
    throw new MillraceError('ModelNotFound', { model, cause: causeOf(error) }, { cause: error });
  }
}
