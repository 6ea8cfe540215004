// The functions of the module. `npm run wasm` compiles it into src/agent/scan/module.ts.
import { initConstants } from './constants';
import { initGrammar } from './json-grammar';

export { endCsv, scanCsv, startCsv } from './csv';
export { findRows } from './csv-rows';
export { endJson, scanJson, startJson } from './json';
export { countNewlines } from './newlines';

initConstants();
initGrammar();
