import { MillraceError } from '../../core/errors.ts';
import type { InstanceDriver } from '../../instances/instance.ts';
import { type ModelArtifacts, obtainModel } from '../../instances/model-artifacts.ts';
import { runningDriver } from '../../instances/running-driver.ts';
import { commandDriver, onnxDriver } from '../model-drivers.ts';
import type { OptionValues } from '../option-table.ts';
import type { Stores } from '../stores.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Talk } from '../talk.ts';
import { required } from './prepare-transform.ts';
import { serverEnvironment } from './server-environment.ts';

/** The server of the model, with the artifacts that it needs, which the caller disposes of. */
export async function driverFor(
  options: OptionValues,
  stores: Stores,
  surroundings: Surroundings,
  talk: Talk,
  signal: AbortSignal,
): Promise<{ driver: InstanceDriver; artifacts: ModelArtifacts | undefined }> {
  const model = required(options, 'model');
  const environment = serverEnvironment(options, surroundings.environment);
  if (/^https?:\/\//.test(model) && !/\.amazonaws\.com/.test(model)) {
    for (const option of ['serve', 'environment']) {
      if (!options.has(option)) continue;
      const rule = `${model} is already running.`;
      throw new MillraceError('InvalidOption', { option: `--${option}`, value: options.all(option).join(' '), rule });
    }
    return { driver: runningDriver(serverUrl(model)), artifacts: undefined };
  }
  const place = await stores.model('--model', model);
  const artifacts = await obtainModel(
    'path' in place ? { kind: 'file', ...place, text: model } : { kind: 'object', ...place, text: model },
    signal,
  );
  try {
    const command = options.text('serve');
    const context = { cwd: surroundings.cwd, environment };
    // What our own server prints is of interest only when it fails, and is in the message then.
    const driver =
      command === undefined
        ? await onnxDriver(artifacts, model, { ...context, onLine: () => undefined })
        : commandDriver(command, artifacts, { ...context, onLine: (line) => talk.fromModel(line) });
    return { driver, artifacts };
  } catch (error) {
    await artifacts.dispose();
    throw error;
  }
}

function serverUrl(text: string): URL {
  const invalid = (rule: string) => new MillraceError('InvalidOption', { option: '--model', value: text, rule });
  if (!URL.canParse(text)) throw invalid('it is not an address like http://host:port.');
  const url = new URL(text);
  if (url.protocol !== 'http:') throw invalid('a model server is spoken to over http://, as its container would be.');
  if (url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw invalid('a model server is http://host:port and nothing more.');
  return url;
}
