import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { failure } from '../../test/contract/store-under-test.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { OptionValues } from '../core/option-table.ts';
import { readServeSettings, serveOptions, serveSettings } from './serve-settings.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG';

interface Sources {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `undefined`: no configuration file is read. */
  readonly file?: string | object;
}

function read({ args = [], environment = {}, file }: Sources): Promise<OptionValues> {
  const more = file === undefined ? [] : ['--config', 'config.json'];
  return readServeSettings([...args, ...more], environment, async (path) => {
    assert.equal(path, 'config.json');
    return typeof file === 'string' ? file : JSON.stringify(file);
  });
}

test('without anything nothing is set, and no file is read', async () => {
  const settings = await readServeSettings([], { HOME: '/root', MILLRACE_PORT: '' }, () => assert.fail());
  for (const name of Object.keys(serveSettings)) assert.equal(settings.has(name), false, name);
});

test('of options, variables and the file the first that has a setting counts, for each setting by itself', async () => {
  const single = ['host', 'data-dir', 'region', 'account', 'webhook-url', 'events-file'] as const;
  const several = ['image', 'domain'] as const;
  const value = fc.constantFrom('a', 'b=c', '--port', ' x y ', '-', 'ö');
  const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
  const sources = <T>(of: fc.Arbitrary<T>) => fc.record({ option: maybe(of), variable: maybe(of), file: maybe(of) });
  const asked = fc.record({
    ...Object.fromEntries(single.map((name) => [name, sources(value.map((one) => [one]))])),
    ...Object.fromEntries(several.map((name) => [name, sources(fc.array(value, { minLength: 1, maxLength: 3 }))])),
  });
  await fc.assert(
    fc.asyncProperty(asked, async (wishes) => {
      const args: string[] = [];
      const environment: Record<string, string> = {};
      const file: Record<string, unknown> = {};
      for (const [name, { option, variable, file: members }] of Object.entries(wishes)) {
        for (const one of option ?? []) args.push(`--${name}=${one}`);
        if (variable !== undefined)
          environment[`MILLRACE_${name.toUpperCase().replaceAll('-', '_')}`] = variable.join('\n');
        if (members !== undefined) file[name] = several.some((one) => one === name) ? members : members[0];
      }
      const settings = await read({ args, environment, file });
      for (const [name, { option, variable, file: members }] of Object.entries(wishes))
        assert.deepEqual(settings.all(name), option ?? variable ?? members ?? [], name);
    }),
    { numRuns: 200 },
  );
});

test('every variable is the name of its option', () => {
  for (const [name, setting] of Object.entries(serveSettings)) {
    if ('variable' in setting) assert.equal(setting.variable, `MILLRACE_${name.toUpperCase().replaceAll('-', '_')}`);
  }
  assert.equal('access-keys' in serveOptions, false, 'everybody can read the arguments of a process');
});

test('a switch that a variable turns off stays off, whatever the file says', async () => {
  const isOn = async (sources: Sources): Promise<boolean> => (await read(sources)).has('allow-remote-servers');
  const variable = (value: string) => ({ MILLRACE_ALLOW_REMOTE_SERVERS: value });
  assert.equal(await isOn({ file: { 'allow-remote-servers': true } }), true);
  assert.equal(await isOn({ file: { 'allow-remote-servers': false } }), false);
  assert.equal(await isOn({ environment: variable('true'), file: { 'allow-remote-servers': false } }), true);
  assert.equal(await isOn({ environment: variable('false'), file: { 'allow-remote-servers': true } }), false);
  assert.equal(await isOn({ environment: variable(''), file: { 'allow-remote-servers': true } }), true);
  assert.equal(await isOn({ args: ['--allow-remote-servers'], environment: variable('false') }), true);
});

test('variables and the file count behind a -- as well', async () => {
  const settings = await read({ args: ['--port', '1', '--'], environment: { MILLRACE_ACCESS_KEYS: 'id:secret' } });
  assert.deepEqual([settings.text('port'), settings.text('access-keys')], ['1', 'id:secret']);
});

test('a repeatable setting has one value on a line of its variable, or one in the list of the file', async () => {
  const environment = { MILLRACE_IMAGE: '\na=onnx\n \nb=serve --port 1\n' };
  assert.deepEqual((await read({ environment })).all('image'), ['a=onnx', 'b=serve --port 1']);
  assert.deepEqual((await read({ file: { image: ['a=onnx', 'b=onnx'] } })).all('image'), ['a=onnx', 'b=onnx']);
  assert.deepEqual((await read({ file: { image: 'a=onnx' } })).all('image'), ['a=onnx']);
  assert.deepEqual((await read({ file: { image: [] } })).all('image'), []);
});

test('the file may be named by a variable, and holds numbers as numbers', async () => {
  const file = async (path: string): Promise<string> => `{"port": 0, "quiet": true, "region": "${path}"}`;
  const settings = await readServeSettings([], { MILLRACE_CONFIG: 'here' }, file);
  assert.deepEqual([settings.number('port'), settings.has('quiet'), settings.text('region')], [0, true, 'here']);
  const other = await readServeSettings(['--config', 'there'], { MILLRACE_CONFIG: 'here' }, file);
  assert.equal(other.text('region'), 'there');
});

test('variables of other commands and programs are left alone, help needs nothing', async () => {
  await read({ environment: { MILLRACE_ENDPOINT_URL: 'http://x', MILLRACES: '1', millrace_port: 'x' } });
  const help = await readServeSettings(['--help'], { MILLRACE_NONSENSE: '1', MILLRACE_CONFIG: 'x' }, () =>
    assert.fail(),
  );
  assert.equal(help.has('help'), true);
});

const refusals: readonly (readonly [what: string, sources: Sources, code: ErrorCode, message: RegExp])[] = [
  ['an option that there is not', { args: ['--prot', '1'] }, 'UnknownOption', /Did you mean --port\?/],
  ['a word', { args: ['9400'] }, 'UnexpectedArgument', /"9400"/],
  ['an option twice', { args: ['--port', '1', '--port', '2'] }, 'InvalidOption', /given twice/],
  ['a port beyond all', { environment: { MILLRACE_PORT: '65536' } }, 'InvalidOption', /from 0 to 65535/],
  ['a text as a number', { file: { port: '9400x' } }, 'InvalidOption', /from 0 to 65535/],
  ['a switch as a port', { file: { port: true } }, 'InvalidOption', /cannot be "true"/],
  ['another store', { environment: { MILLRACE_S3: 'gcs' } }, 'InvalidOption', /one of embedded, aws/],
  [
    'a variable that there is not',
    { environment: { MILLRACE_PROT: '1' } },
    'UnknownOption',
    /Did you mean MILLRACE_PORT\?/,
  ],
  [
    'a switch with another word',
    { environment: { MILLRACE_ALLOW_REMOTE_SERVERS: 'yes' } },
    'InvalidOption',
    /MILLRACE_ALLOW_REMOTE_SERVERS cannot be "yes": it is true or false/,
  ],
  [
    'a switch of the file with a number',
    { file: { quiet: 1 } },
    'InvalidOption',
    /"quiet" of config.json cannot be "1"/,
  ],
  ['a member that there is not', { file: { prot: 1 } }, 'InvalidOption', /no setting "prot"\. Did you mean port\?/],
  ['a member of every object', { file: '{"__proto__": {"port": 1}}' }, 'InvalidOption', /no setting "__proto__"/],
  ['a file in a file', { file: { config: 'x' } }, 'InvalidOption', /no setting "config"/],
  ['help in a file', { file: { help: true } }, 'InvalidOption', /no setting "help"/],
  ['null', { file: { region: null } }, 'InvalidOption', /no text/],
  ['a list where there is one value', { file: { port: [1] } }, 'InvalidOption', /no text/],
  ['a map', { file: { image: [{ a: 'onnx' }] } }, 'InvalidOption', /no text/],
  ['a list as a file', { file: '["port"]' }, 'InvalidOption', /no JSON object/],
  ['a text as a file', { file: '"port"' }, 'InvalidOption', /no JSON object/],
  ['null as a file', { file: 'null' }, 'InvalidOption', /no JSON object/],
  [
    'no JSON',
    { file: 'port=1' },
    'InvalidOption',
    /^--config cannot be "config\.json": it is not JSON: Unexpected token 'p'\.$/,
  ],
  ['half of JSON', { file: '{"port": 1' }, 'InvalidOption', /it is not JSON: Expected .* \(line 1 column 11\)\.$/],

  ['a secret as an option', { args: ['--access-keys', `id:${SECRET}`] }, 'InvalidOption', /set MILLRACE_ACCESS_KEYS/],
  ['a secret as an option of one word', { args: [`--access-keys=id:${SECRET}`] }, 'InvalidOption', /everybody/],
  ['a secret in a misspelt option', { args: [`--access-key=id:${SECRET}`] }, 'UnknownOption', /--access-key\b/],
  ['a secret behind a misspelt option', { args: ['--access-key', `id:${SECRET}`] }, 'UnknownOption', /--access-key\b/],
  [
    'a secret in a misspelt variable',
    { environment: { MILLRACE_ACCESS_KEY: SECRET } },
    'UnknownOption',
    /ACCESS_KEYS\?/,
  ],
  ['secrets in a list', { file: { 'access-keys': [`a:${SECRET}`] } }, 'InvalidOption', /"access-keys" has a value/],
  ['secrets in a map', { file: { 'access-keys': { a: SECRET } } }, 'InvalidOption', /"access-keys" has a value/],
  [
    'a secret without quotes',
    { file: `{"access-keys": ${SECRET}}` },
    'InvalidOption',
    /not JSON: Unexpected token 'w'\.$/,
  ],
  ['a secret before a fault', { file: `{"access-keys": "a:${SECRET}" x}` }, 'InvalidOption', /it is not JSON/],
  [
    'a secret behind a fault',
    { file: `{"port": nine, "access-keys": "a:${SECRET}"}` },
    'InvalidOption',
    /it is not JSON/,
  ],
  ['a secret over two lines', { file: `{"access-keys": "a:${SECRET}\n"}` }, 'InvalidOption', /it is not JSON/],
  ['a secret as a whole', { file: `a:${SECRET}` }, 'InvalidOption', /it is not JSON/],
];

describe('refused, without a secret in the message', () => {
  for (const [what, sources, code, message] of refusals) {
    test(what, async () => {
      const error = await failure(read(sources), code);
      assert.match(error.message, message);
      for (let at = 0; at + 5 <= SECRET.length; at++) {
        assert(!error.message.includes(SECRET.slice(at, at + 5)), error.message);
      }
    });
  }
});
