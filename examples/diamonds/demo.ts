// `npm run demo`: the prices of 26,970 diamonds that the model has never seen, from the command line, and how good they are.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '..', '..');
const output = join(root, 'demo-output');
const SHOWN = 5;

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** One request per diamond, so that there is something to watch; without the two middle options it is over in a moment. */
async function transform(): Promise<void> {
  const args = [
    '--model',
    'examples/diamonds/model.onnx',
    '--input',
    'examples/diamonds/data',
    '--output',
    'demo-output',
  ];
  const options = ['--batch-strategy', 'SingleRecord', '--max-concurrent-transforms', '8'];
  say(`$ millrace transform ${args.join(' ')} ${options.join(' ')}\n`);
  const program = spawn(process.execPath, [join(root, 'bin', 'millrace.mjs'), 'transform', ...args, ...options], {
    cwd: root,
    stdio: 'inherit',
  });
  const [code] = await once(program, 'exit');
  if (code !== 0) process.exit(typeof code === 'number' ? code : 1);
}

async function lines(...path: string[]): Promise<string[]> {
  return (await readFile(join(...path), 'utf8')).trimEnd().split('\n');
}

const dollars = (price: number): string => `$${Math.round(price).toLocaleString('en-US')}`;

async function showFirst(name: string): Promise<void> {
  const [inputs, results, labels] = await Promise.all([
    lines(here, 'data', name),
    lines(output, `${name}.out`),
    lines(here, 'labels', name),
  ]);
  say(`\nThe first lines of ${name} beside ${relative(root, join(output, `${name}.out`))}, and the true prices:\n`);
  say(`  ${'carat,cut,color,clarity,depth,table,x,y,z'.padEnd(48)}${'predicted'.padStart(10)}${'true'.padStart(10)}`);
  for (let row = 0; row < SHOWN; row++) {
    const [predicted, label] = [Number(results[row]), Number(labels[row])];
    say(`  ${(inputs[row] ?? '').padEnd(48)}${dollars(predicted).padStart(10)}${dollars(label).padStart(10)}`);
  }
}

/** Over all files: R², mean absolute percentage error, and the share within 10 % of the true price. */
async function showQuality(names: readonly string[]): Promise<void> {
  const pairs: [predicted: number, label: number][] = [];
  for (const name of names) {
    const [results, labels] = await Promise.all([lines(output, `${name}.out`), lines(here, 'labels', name)]);
    if (results.length !== labels.length)
      throw new Error(`${name}: ${results.length} results for ${labels.length} diamonds`);
    results.forEach((result, row) => {
      pairs.push([Number(result), Number(labels[row])]);
    });
  }
  const mean = pairs.reduce((sum, [, label]) => sum + label, 0) / pairs.length;
  const sum = (term: (predicted: number, label: number) => number): number =>
    pairs.reduce((total, [predicted, label]) => total + term(predicted, label), 0);
  const squared = sum((predicted, label) => (predicted - label) ** 2);
  const r2 = 1 - squared / sum((_, label) => (label - mean) ** 2);
  const error = sum((predicted, label) => Math.abs(predicted - label) / label) / pairs.length;
  const close = sum((predicted, label) => (Math.abs(predicted - label) <= 0.1 * label ? 1 : 0)) / pairs.length;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  say(`\nAll ${pairs.length.toLocaleString('en-US')} diamonds, none of which the model was trained on:`);
  say(
    `  R² ${r2.toFixed(3)}, mean error ${percent(error)}, ${percent(close)} of the prices within 10 % of the true one`,
  );
}

await rm(output, { recursive: true, force: true });
await transform();
const names = await readdir(join(here, 'data'));
await showFirst('ideal.csv');
await showQuality(names);
say('\nNext: millrace transform --help, or README.md.');
