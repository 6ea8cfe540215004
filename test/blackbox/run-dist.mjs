// The program as the package has it. bin/millrace.mjs of a checkout would run src/, which is not what gets published.
import { main } from '../../dist/cli/main.js';

await main(process.argv.slice(2));
