import { once } from 'node:events';
import { causeOf, MillraceError } from '../../core/errors.ts';
import { describeOptions, type OptionTable, parseOptions } from '../../core/option-table.ts';
import { obtainModel } from '../../instances/model-artifacts.ts';
import { startOnnxServer } from '../../runtimes/onnx/server.ts';
import { onnxFile } from '../../server/model-drivers.ts';
import { Stores } from '../stores.ts';
import type { Surroundings } from '../surroundings.ts';

const COMMAND = 'millrace model serve';

export const modelServeOptions = {
  host: { value: 'HOST', meaning: 'The address to listen on.', default: '127.0.0.1, which only this machine reaches' },
  port: { value: 'N', range: [0, 65_535], meaning: 'The port to listen on; 0 takes a free one.', default: '8080' },
  workers: {
    value: 'N',
    range: [1, 64],
    meaning: 'How many requests the model works on at once.',
    default: 'the number of cores, 4 at the most',
  },
  'endpoint-url': { value: 'URL', meaning: 'The S3-compatible server for an s3:// model.' },
  help: { meaning: 'Print this page.' },
} as const satisfies OptionTable;

function help(columns: number): string {
  return `millrace model serve: serve an ONNX model by itself

Usage
  millrace model serve FILE [options]
      FILE is a .onnx file, or a folder or .tar.gz that holds one (a path or s3://…).

Example
    millrace model serve model.onnx
    curl --data-binary '5.1,3.5,1.4,0.2' -H 'Content-Type: text/csv' http://127.0.0.1:8080/invocations

Options
${describeOptions(modelServeOptions, Math.min(columns, 100))}
`;
}

/** Serves until it is told to stop; 0 then, as a server that did what it was asked to. */
export async function modelServe(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { options, positionals } = parseOptions(modelServeOptions, args, COMMAND);
  if (options.has('help')) {
    surroundings.stdout.write(help(surroundings.stdout.columns || 100));
    return 0;
  }
  const [model, stray] = positionals;
  if (model === undefined)
    throw new MillraceError('MissingOption', { option: 'FILE', meaning: 'the .onnx file to serve.' });
  if (stray !== undefined) throw new MillraceError('UnexpectedArgument', { argument: stray, command: COMMAND });
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1'; // as in the program of its own: see runtimes/onnx/main.ts
  const stop = new AbortController();
  const stopped = once(stop.signal, 'abort');
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.once(name, () => stop.abort());
  const stores = new Stores({ ...surroundings, endpointUrl: options.text('endpoint-url') });
  const place = await stores.model('FILE', model);
  const source =
    'path' in place
      ? { kind: 'file' as const, ...place, text: model }
      : { kind: 'object' as const, ...place, text: model };
  const artifacts = await obtainModel(source, { signal: stop.signal }).catch((error) => {
    if (stop.signal.aborted) return undefined;
    throw error;
  });
  try {
    if (artifacts === undefined || stop.signal.aborted) return 0;
    const [host, workers] = [options.text('host'), options.number('workers')];
    const server = await listen({
      modelPath: await onnxFile(artifacts, model),
      port: options.number('port') ?? 8080,
      ...(host === undefined ? {} : { host }),
      ...(workers === undefined ? {} : { workers }),
      log: (line) => surroundings.target.write(`${line}\n`),
    });
    surroundings.stdout.write(`Serving ${model} at ${server.url} (Ctrl-C ends it)\n`);
    await stopped;
    await server.close();
    return 0;
  } finally {
    await artifacts?.dispose();
    await stores.close();
  }
}

type ServerOptions = Parameters<typeof startOnnxServer>[0];

async function listen(options: ServerOptions): ReturnType<typeof startOnnxServer> {
  try {
    return await startOnnxServer(options);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'listen' && code !== 'ENOTFOUND') throw error;
    const address = `${options.host ?? '127.0.0.1'}:${options.port}`;
    throw new MillraceError('AddressInUse', { address, cause: causeOf(error) }, { cause: error });
  }
}
