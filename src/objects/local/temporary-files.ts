import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statOrNothing } from './file-state.ts';

/** The folder of what is not finished yet, or is being removed: whatever is in it at the start was left by a crash. */
export class TemporaryFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<TemporaryFiles> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
    return new TemporaryFiles(folder);
  }

  /** A path that nobody has. */
  path(): string {
    return join(this.#folder, randomBytes(12).toString('hex'));
  }

  /** True when the file system takes `A` and `a` for one name. */
  async foldsCase(): Promise<boolean> {
    const path = this.path();
    await writeFile(`${path}-probe`, '');
    const other = await statOrNothing(`${path}-PROBE`);
    await rm(`${path}-probe`);
    return other !== undefined;
  }

  /** Makes a folder disappear at once, and then removes it. */
  async discard(folder: string): Promise<void> {
    const path = this.path();
    await rename(folder, path);
    // It is out of sight; what cannot be removed now is at the next start.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
