import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';

const where = ['--input', 'in', '--output', 'out'];
const model = ['--model', 'http://127.0.0.1:9'];
const rows: [what: string, args: string[], message: RegExp][] = [
  [
    'an unknown command',
    ['transfrom'],
    /^Unknown command "transfrom"\. Did you mean transform\? See millrace --help\.$/,
  ],
  [
    'an unknown command of two words',
    ['model', 'sreve'],
    /^Unknown command "model sreve"\. Did you mean model serve\?/,
  ],
  [
    'an unknown option',
    ['transform', '--max-payload-in-mbs', '3'],
    /^Unknown option --max-payload-in-mbs\. Did you mean --max-payload-in-mb\? See millrace transform --help\.$/,
  ],
  [
    'an unknown option that is like none',
    ['transform', '--frobnicate'],
    /^Unknown option --frobnicate\. See millrace transform --help\.$/,
  ],
  ['a short option', ['transform', '-m', 'x'], /^Unknown option -m\./],
  [
    'an argument too many',
    ['transform', ...model, ...where, 'stray'],
    /^"stray" is not expected here: millrace transform takes options only\. Put quotes around/,
  ],
  ['an argument after --', ['transform', ...model, ...where, '--', '--json'], /^"--json" is not expected here/],
  ['no model', ['transform', ...where], /^--model is missing: The trained model/],
  ['no input', ['transform', ...model, '--output', 'out'], /^--input is missing: /],
  ['no output', ['transform', ...model, '--input', 'in'], /^--output is missing: /],
  [
    'an option without its value, at the end',
    ['transform', ...where, '--model'],
    /^--model cannot be "": it needs a value: MODEL\.$/,
  ],
  [
    'an option in place of a value',
    ['transform', ...where, '--model', '--json'],
    /^--model cannot be "--json": it needs a value: MODEL\.$/,
  ],
  ['an empty value', ['transform', ...model, '--input=', '--output', 'out'], /^--input cannot be "": it is empty\.$/],
  [
    'a switch with a value',
    ['transform', ...model, ...where, '--json=yes'],
    /^--json cannot be "yes": it is a switch and takes no value\.$/,
  ],
  [
    'an option twice',
    ['transform', ...model, ...where, '--accept', 'a', '--accept', 'b'],
    /^--accept cannot be "b": it is given twice\.$/,
  ],
  [
    'a switch twice',
    ['transform', ...model, ...where, '--json', '--json'],
    /^--json cannot be "": it is given twice\.$/,
  ],
  [
    'a word that is no choice',
    ['transform', ...model, ...where, '--split-type', 'line'],
    /^--split-type cannot be "line": it is one of None, Line, RecordIO, TFRecord\. Did you mean Line\?$/,
  ],
  [
    'payload out of range',
    ['transform', ...model, ...where, '--max-payload-in-mb', '101'],
    /^--max-payload-in-mb cannot be "101": it is a whole number from 0 to 100\.$/,
  ],
  [
    'payload no number',
    ['transform', ...model, ...where, '--max-payload-in-mb', '1e1'],
    /it is a whole number from 0 to 100\.$/,
  ],
  [
    'payload with a sign',
    ['transform', ...model, ...where, '--max-payload-in-mb=-1'],
    /it is a whole number from 0 to 100\.$/,
  ],
  [
    'payload with a decimal',
    ['transform', ...model, ...where, '--max-payload-in-mb', '1.5'],
    /it is a whole number from 0 to 100\.$/,
  ],
  [
    'concurrency out of range',
    ['transform', ...model, ...where, '--max-concurrent-transforms', '101'],
    /^--max-concurrent-transforms cannot be "101": it is a whole number from 0 to 100\.$/,
  ],
  [
    'retries out of range',
    ['transform', ...model, ...where, '--invocations-max-retries', '4'],
    /^--invocations-max-retries cannot be "4": it is a whole number from 0 to 3\.$/,
  ],
  [
    'timeout out of range',
    ['transform', ...model, ...where, '--invocations-timeout-in-seconds', '0'],
    /^--invocations-timeout-in-seconds cannot be "0": it is a whole number from 1 to 3600\.$/,
  ],
  [
    'a product over 100',
    ['transform', ...model, ...where, '--max-payload-in-mb', '26', '--max-concurrent-transforms', '4'],
    /^--max-payload-in-mb cannot be "26": times --max-concurrent-transforms \(4\) it may be 100 at the most\.$/,
  ],
  [
    'a variable without a value',
    ['transform', '--model', 'm', ...where, '--environment', 'NAME'],
    /^--environment cannot be "NAME": it is NAME=VALUE with a name of letters, digits and "_"\.$/,
  ],
  [
    'a variable without a name',
    ['transform', '--model', 'm', ...where, '--environment', '=x'],
    /^--environment cannot be "=x"/,
  ],
  [
    'a variable that starts with a digit',
    ['transform', '--model', 'm', ...where, '--environment', '1A=x'],
    /^--environment cannot be "1A=x"/,
  ],
  [
    '--serve with a running server',
    ['transform', ...model, ...where, '--serve', 'x'],
    /^--serve cannot be "x": http:\/\/127\.0\.0\.1:9 is already running\.$/,
  ],
  [
    '--environment with a running server',
    ['transform', ...model, ...where, '--environment', 'A=1'],
    /^--environment cannot be "A=1": http:\/\/127\.0\.0\.1:9 is already running\.$/,
  ],
  [
    'a running server over https',
    ['transform', '--model', 'https://127.0.0.1:9', ...where],
    /^--model cannot be "https:\/\/127\.0\.0\.1:9": a model server is spoken to over http:\/\//,
  ],
  [
    'a running server with a path',
    ['transform', '--model', 'http://127.0.0.1:9/invocations', ...where],
    /^--model cannot be .*: a model server is http:\/\/host:port and nothing more\.$/,
  ],
  [
    'an address that is none',
    ['transform', '--model', 'http://a b', ...where],
    /^--model cannot be "http:\/\/a b": it is not an address/,
  ],
  [
    'a content type with a line break',
    ['transform', ...model, ...where, '--content-type', 'a\r\nX: y'],
    /^--content-type cannot be "a␍\nX: y": it is 1 to 256 characters of printable ASCII\.$/,
  ],
  [
    'an accept that is not ASCII',
    ['transform', ...model, ...where, '--accept', 'ü'],
    /^--accept cannot be "ü": it is 1 to 256 characters of printable ASCII\.$/,
  ],
  [
    'an input of another kind',
    ['transform', ...model, '--input', 'ftp://x/y', '--output', 'out'],
    /^--input cannot be "ftp:\/\/x\/y": ftp:\/\/ is not supported here; use a path or s3:\/\//,
  ],
  [
    'an output that is no bucket',
    ['transform', ...model, '--input', 'in', '--output', 's3://'],
    /^--output cannot be "s3:\/\/": "" is not a bucket name\.$/,
  ],
];

describe('wrong usage is told before anything is started, with status 2', { concurrency: 4 }, () => {
  for (const [what, args, message] of rows) {
    test(what, async (t) => {
      const box = new Sandbox(t);
      await box.write({ 'in/a.csv': '1\n', 'm/x': '' });
      const run = await box.run(args);
      assert.equal(run.status, 2, run.all);
      assert.equal(run.stdout, '');
      assert.ok(run.stderr.startsWith('millrace: ') && run.stderr.endsWith('\n'), run.stderr);
      assert.match(run.stderr.slice('millrace: '.length, -1), message);
      assert.deepEqual(await box.files('out'), []);
    });
  }
});
