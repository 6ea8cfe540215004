import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../core/errors.ts';
import type { InstanceDriver } from '../instances/instance.ts';
import { type ModelArtifacts, obtainModel } from '../instances/model-artifacts.ts';
import { parseServerAddress, runningDriver } from '../instances/running-driver.ts';
import type { ContainerOrder, ContainerSource, PreparedContainer } from '../jobs/container-source.ts';
import { bucketPlace, type JobStores } from '../jobs/job-places.ts';
import { isLoopback } from './host-check.ts';
import { commandDriver, onnxDriver } from './model-drivers.ts';

/** How models of an image are run. */
type How = { readonly kind: 'onnx' } | { readonly kind: 'command'; readonly command: string } | Running;
type Running = { readonly kind: 'running'; readonly url: URL };

interface Rule {
  readonly fits: (image: string) => boolean;
  readonly how: How;
}

export interface ImageTableOptions {
  /** `PATTERN=HOW`, the first that fits counts. */
  readonly rules: readonly string[];
  readonly allowRemoteServers: boolean;
  readonly stores: JobStores;
  /** Where model servers find what every local program does. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where models are fetched to. */
  readonly folder: string;
}

/** Runs images by a table of the configuration: with the ONNX server, a command, or a server that somebody else runs. */
export class ImageTable implements ContainerSource {
  readonly #rules: readonly Rule[];
  readonly #options: ImageTableOptions;

  /** @throws MillraceError `InvalidOption` for a rule that is none */
  constructor(options: ImageTableOptions) {
    this.#options = options;
    this.#rules = imageRules([...options.rules, 'onnx=onnx']);
  }

  check(image: string): void {
    this.#how(image);
  }

  async prepare(order: ContainerOrder): Promise<PreparedContainer> {
    const how = this.#how(order.image);
    if (how.kind === 'running') return { driver: runningDriver(how.url), dispose: () => Promise.resolve() };
    const artifacts = await this.#artifacts(order);
    try {
      return { driver: await this.#driver(how, artifacts, order), dispose: () => artifacts.dispose() };
    } catch (error) {
      await artifacts.dispose();
      throw error;
    }
  }

  #how(image: string): How {
    if (/^https?:\/\//.test(image)) return this.#running(image);
    const rule = this.#rules.find(({ fits }) => fits(image));
    if (rule === undefined) throw new MillraceError('ImageNotMapped', { image });
    return rule.how;
  }

  /** Whoever may create models could otherwise send requests to any machine that this one reaches. */
  #running(image: string): Running {
    const server = parseServerAddress(image);
    if ('invalid' in server) throw new MillraceError('ImageRefused', { image, cause: `${server.invalid}.` });
    if (this.#options.allowRemoteServers || isLoopback(server.url.hostname)) return { kind: 'running', ...server };
    const cause = 'it is on another machine. Start millrace serve with --allow-remote-servers to allow that.';
    throw new MillraceError('ImageRefused', { image, cause });
  }

  async #artifacts({ modelDataUrl, signal }: ContainerOrder): Promise<ModelArtifacts> {
    const { stores, folder: under } = this.#options;
    if (modelDataUrl !== undefined) {
      const { store, key } = await bucketPlace('ModelDataUrl', modelDataUrl, stores);
      return obtainModel({ kind: 'object', store, key, text: modelDataUrl }, { under, signal });
    }
    const folder = await mkdtemp(join(under, 'model-'));
    return { folder, dispose: () => rm(folder, { recursive: true, force: true }).catch(() => undefined) };
  }

  async #driver(how: Exclude<How, Running>, artifacts: ModelArtifacts, order: ContainerOrder): Promise<InstanceDriver> {
    const { cwd } = this.#options;
    const environment = { ...this.#options.environment, ...order.environment };
    const context = { cwd, environment, onLine: order.onLine };
    return how.kind === 'onnx'
      ? onnxDriver(artifacts, order.modelDataUrl ?? `the model of ${order.image}, which has no ModelDataUrl`, context)
      : commandDriver(how.command, artifacts, context);
  }
}

/** @throws MillraceError `InvalidOption` for a rule that is none */
export function imageRules(texts: readonly string[]): readonly Rule[] {
  return texts.map(parseRule);
}

function parseRule(text: string): Rule {
  const invalid = (rule: string): MillraceError =>
    new MillraceError('InvalidOption', { option: '--image', value: text, rule });
  const [, pattern, how] = /^([^=\s]+)=\s*(\S[\S\s]*)$/.exec(text) ?? [];
  if (pattern === undefined || how === undefined)
    throw invalid(
      'it is PATTERN=HOW: an image in which * stands for anything, and onnx, a command or http://host:port.',
    );
  if (how === 'onnx') return { fits: wildcard(pattern), how: { kind: 'onnx' } };
  if (!/^https?:\/\//.test(how)) return { fits: wildcard(pattern), how: { kind: 'command', command: how } };
  const server = parseServerAddress(how);
  if ('invalid' in server) throw invalid(`${server.invalid}.`);
  return { fits: wildcard(pattern), how: { kind: 'running', ...server } };
}

/**
 * A pattern in which `*` stands for anything. Each part is looked for behind the one before it, which finds a way if there is
 * one and looks at the image once: as a regular expression `*-*-*-*-*:x` takes seconds for an image of 255 hyphens.
 */
function wildcard(pattern: string): (image: string) => boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return (image) => image === first;
  return (image) => {
    if (!image.startsWith(first)) return false;
    let at = first.length;
    for (const part of parts) {
      const found = image.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return image.length - last.length >= at && image.endsWith(last);
  };
}
