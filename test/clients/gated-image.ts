import { join } from 'node:path';

/** For `--image`: how models of the image `gated` are run. */
export const GATED_IMAGE = `gated='${process.execPath}' '${join(import.meta.dirname, 'model-servers', 'gated.mjs')}'`;
