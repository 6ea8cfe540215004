import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { findOnnxFile } from './find-model.ts';
import { type OnnxServer, startOnnxServer } from './server.ts';

// A run of the model cannot be interrupted; one that takes longer than this after the shutdown's own time is killed.
const killAfterMs = 9000;

/**
 * The model server as a program: `node main.ts [--model FILE-OR-FOLDER] [--host HOST] [--workers N]`. The model is looked
 * for in SM_MODEL_DIR otherwise, the port is SAGEMAKER_BIND_TO_PORT (8080), as with containers.
 */
async function main(): Promise<void> {
  // ONNX Runtime 1.30 reports to its makers, and writes files under the home folder for that, unless this is set before its
  // library is loaded, in the environment of the process itself: the workers' is a copy.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  const { values } = parseArgs({
    options: { model: { type: 'string' }, host: { type: 'string' }, workers: { type: 'string' } },
  });
  const model = values.model ?? process.env['SM_MODEL_DIR'];
  if (model === undefined) throw new Error('which model? Give --model FILE, or set SM_MODEL_DIR to its folder');
  const modelPath = (await stat(model)).isDirectory() ? await findOnnxFile(model) : model;
  const port = wholeNumber('SAGEMAKER_BIND_TO_PORT', process.env['SAGEMAKER_BIND_TO_PORT'] ?? '8080');
  let starting: Promise<OnnxServer> | undefined;
  let stopping = false;

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), killAfterMs).unref();
    // Also while the model is being loaded: leaving in the middle of that aborts the process instead of ending it.
    Promise.resolve(starting)
      .then((server) => server?.close())
      .then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  // Ctrl+C reaches the whole group of processes: with a parent, it is the parent that decides what is to be ended when.
  process.on('SIGINT', () => {
    if (!process.connected) stop();
  });
  // A parent that has died, however it did, has nobody left to send a signal.
  process.on('disconnect', stop);

  starting = startOnnxServer({
    modelPath,
    port,
    ...(values.host !== undefined && { host: values.host }),
    ...(values.workers !== undefined && { workers: wholeNumber('--workers', values.workers, 1) }),
    log: (line) => console.log(line),
  });
  await starting;
}

function wholeNumber(name: string, text: string, min = 0): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > 65535) throw new Error(`${name} cannot be "${text}"`);
  return value;
}

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  console.error(message.replaceAll(/\s*\n\s*/g, ' '));
  process.exit(1);
}

await main().catch(fail);
