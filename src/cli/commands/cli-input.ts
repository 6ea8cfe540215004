import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { stdin } from 'node:process';
import { causeOf, MillraceError } from '../../core/errors.ts';
import type { OptionValues } from '../../core/option-table.ts';
import { inputOptions } from './service-options.ts';

/** Services take 4 MB or less. */
const MAX_BYTES = 16 * 2 ** 20;

/**
 * The request that `--cli-input-json` names.
 *
 * @throws MillraceError `MissingOption`, `InvalidOption` when it cannot be read or is no JSON object
 */
export async function cliInput(options: OptionValues, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const given = options.text('cli-input-json');
  const option = '--cli-input-json';
  if (given === undefined)
    throw new MillraceError('MissingOption', { option, meaning: inputOptions['cli-input-json'].meaning });
  const invalid = (rule: string): MillraceError => new MillraceError('InvalidOption', { option, value: given, rule });
  if (given === '') throw invalid('it is empty.');
  const text = /^\s*[{[]/.test(given)
    ? given
    : await read(given, cwd).catch((error) => {
        throw invalid(`${causeOf(error)}.`);
      });
  let request: unknown;
  try {
    request = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw invalid(`it is no JSON: ${causeOf(error)}.`);
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    throw invalid('it is no JSON object with the members of the request.');
  return request as Readonly<Record<string, unknown>>;
}

async function read(given: string, cwd: string): Promise<string> {
  const stream = given === '-' ? stdin : createReadStream(resolve(cwd, given.replace(/^file:\/\//, '')));
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes, which no request has`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
