import { MillraceError } from '../core/errors.ts';
import { type OptionSpec, type OptionTable, type OptionValues, parseOptions } from '../core/option-table.ts';
import { suggest } from '../core/suggest.ts';

/** A setting of the service: an option, a variable of the environment, and a member of the configuration file. */
export interface ServeSetting extends OptionSpec {
  readonly variable?: `MILLRACE_${string}`;
  /** Not an option: everybody on the machine can read the arguments of a process. */
  readonly secret?: true;
}

/** The settings of `millrace serve`; the help page and docs/reference/config.md come from here. */
export const serveSettings = {
  host: {
    value: 'HOST',
    variable: 'MILLRACE_HOST',
    meaning: 'The address to listen on. Any other than a loopback one needs access keys.',
    default: '127.0.0.1, which only this machine reaches',
  },
  port: {
    value: 'N',
    variable: 'MILLRACE_PORT',
    range: [0, 65_535],
    meaning: 'The port to listen on; 0 takes a free one.',
    default: '9400',
  },
  'data-dir': {
    value: 'FOLDER',
    variable: 'MILLRACE_DATA_DIR',
    meaning: 'Where everything is kept: models, jobs, logs, and the objects as plain files.',
    default: '.millrace',
  },
  config: {
    value: 'FILE',
    variable: 'MILLRACE_CONFIG',
    meaning:
      'A JSON file with settings, named as these options: {"port": 9400, "image": ["*xgboost*=python serve.py"]}. Options and variables come first.',
  },
  image: {
    value: 'PATTERN=HOW',
    variable: 'MILLRACE_IMAGE',
    repeatable: true,
    meaning:
      'How to run models of an image: * in PATTERN stands for anything, the first pattern that fits counts. HOW is onnx (the server that comes with millrace), a command as in millrace transform --serve, or http://host:port, a model server that is already running.',
    default: 'onnx=onnx; an image http://host:port is a model server that is already running',
  },
  'allow-remote-servers': {
    variable: 'MILLRACE_ALLOW_REMOTE_SERVERS',
    meaning: 'Lets an image be http://host:port of another machine. Without it only loopback addresses are called.',
  },
  'max-instances': {
    value: 'N',
    variable: 'MILLRACE_MAX_INSTANCES',
    range: [1, 1000],
    meaning:
      'How many instances run at a time; each works for one job. Further jobs wait in the order of their creation.',
    default: '2',
  },
  'access-keys': {
    value: 'ID:SECRET,…',
    variable: 'MILLRACE_ACCESS_KEYS',
    secret: true,
    meaning: 'The access keys that may sign requests. Only as a variable or in the configuration file.',
    default: 'none: every request is answered, and the service listens on loopback addresses only',
  },
  domain: {
    value: 'NAME',
    variable: 'MILLRACE_DOMAIN',
    repeatable: true,
    meaning:
      'A name of this service: bucket.NAME is the bucket, and requests for it are answered without access keys, too.',
    default: 'localhost',
  },
  region: {
    value: 'NAME',
    variable: 'MILLRACE_REGION',
    meaning: 'The region in ARNs. With access keys, requests must be signed for it.',
    default: 'us-east-1',
  },
  account: {
    value: 'DIGITS',
    variable: 'MILLRACE_ACCOUNT',
    meaning: 'The account in ARNs, 12 digits.',
    default: '000000000000',
  },
  s3: {
    value: 'embedded|aws',
    variable: 'MILLRACE_S3',
    oneOf: ['embedded', 'aws'],
    meaning:
      'Where s3:// is: in the data folder, or at Amazon with the credentials of the environment or profile, as the AWS command line finds them.',
    default: 'embedded, or the server of --s3-endpoint-url',
  },
  's3-endpoint-url': {
    value: 'URL',
    variable: 'MILLRACE_S3_ENDPOINT_URL',
    meaning: 'An S3-compatible server for s3://, with credentials as for --s3 aws.',
  },
  'startup-timeout-in-seconds': {
    value: 'N',
    variable: 'MILLRACE_STARTUP_TIMEOUT_IN_SECONDS',
    range: [1, 86_400],
    meaning: 'How long a model server may take until it answers GET /ping with 200.',
    default: '1800',
  },
  'drain-timeout-in-seconds': {
    value: 'N',
    variable: 'MILLRACE_DRAIN_TIMEOUT_IN_SECONDS',
    range: [0, 3600],
    meaning: 'What requests in flight are given when a job or the service is stopped.',
    default: '5',
  },
  'max-log-mb': {
    value: 'N',
    variable: 'MILLRACE_MAX_LOG_MB',
    range: [1, 1_000_000],
    meaning: 'What the logs of all jobs may take, in units of 2^20 bytes. Beyond it those of the oldest ended jobs go.',
    default: '1024',
  },
  'max-log-stream-mb': {
    value: 'N',
    variable: 'MILLRACE_MAX_LOG_STREAM_MB',
    range: [1, 100_000],
    meaning: 'What one log stream may take. Beyond it its older half goes.',
    default: '64',
  },
  'webhook-url': {
    value: 'URL',
    variable: 'MILLRACE_WEBHOOK_URL',
    meaning:
      'Where each change of a job\'s status is posted, as the original\'s event "SageMaker Transform Job State Change".',
  },
  'events-file': {
    value: 'FILE',
    variable: 'MILLRACE_EVENTS_FILE',
    meaning: 'A file that the same events are appended to, one line of JSON each.',
  },
  quiet: { meaning: 'Print errors only.' },
  help: { meaning: 'Print this page.' },
} as const satisfies Readonly<Record<string, ServeSetting>>;

const table: Readonly<Record<string, ServeSetting>> = serveSettings;

/** Those that may be options. */
export const serveOptions: OptionTable = Object.fromEntries(Object.entries(table).filter(([, { secret }]) => !secret));

/** Variables that begin with `MILLRACE_` and are for the commands that talk to a service. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['MILLRACE_ENDPOINT_URL']);

const COMMAND = 'millrace serve';

/**
 * The settings in force: of options, variables and the configuration file the first that has one. All of them pass the same
 * checks.
 *
 * @param readFile reads the configuration file
 * @throws MillraceError `UnknownOption`, `InvalidOption`, `UnexpectedArgument`; a secret is not in its message
 */
export async function readServeSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => Promise<string>,
): Promise<OptionValues> {
  for (const [name, { secret, variable }] of Object.entries(table)) {
    if (!secret || !args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))) continue;
    const rule = `everybody on this machine could read it; set ${variable}, or "${name}" in the configuration file.`;
    throw new MillraceError('InvalidOption', { option: `--${name}`, value: '…', rule });
  }
  const { options, positionals } = parseOptions(serveOptions, args, COMMAND);
  const [stray] = positionals;
  if (stray !== undefined) throw new MillraceError('UnexpectedArgument', { argument: stray, command: COMMAND });
  if (options.has('help')) return options;
  const variables = fromVariables(environment).filter(([name]) => !options.has(name));
  const named = options.text('config') ?? variables.find(([name]) => name === 'config')?.[1][0];
  const file = named === undefined ? [] : fromFile(await readFile(named), named);
  const earlier = new Set(variables.map(([name]) => name));
  const rest = file.filter(([name]) => !options.has(name) && !earlier.has(name));
  const more = [...variables, ...rest].flatMap(([name, values, source]) =>
    values.map((value) => asArgument(name, value, source)),
  );
  // First, because nothing behind a `--` among the arguments is an option.
  return parseOptions(table, [...more, ...args], COMMAND).options;
}

/** A switch that is off has no value, and is set all the same: what comes later does not turn it on. */
type Setting = readonly [name: string, values: readonly string[], source: string];

/** A setting as an option. @throws MillraceError `InvalidOption` that says where the value comes from */
function asArgument(name: string, value: string, source: string): string {
  const argument = table[name]?.value ? `--${name}=${value}` : `--${name}`;
  try {
    parseOptions(table, [argument], COMMAND);
    return argument;
  } catch (error) {
    if (!(error instanceof MillraceError && error.is('InvalidOption'))) throw error;
    throw new MillraceError('InvalidOption', { ...error.details, option: source }, { cause: error });
  }
}

function fromVariables(environment: Readonly<Record<string, string | undefined>>): Setting[] {
  const settings: Setting[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('MILLRACE_') || OTHER_VARIABLES.has(variable) || !value) continue;
    const found = Object.entries(table).find(([, setting]) => setting.variable === variable);
    if (found === undefined) {
      const known = Object.values(table).flatMap((setting) => setting.variable ?? []);
      const details = { option: variable, suggestion: suggest(variable, known), command: COMMAND };
      throw new MillraceError('UnknownOption', details);
    }
    settings.push([found[0], several(found[0], value, variable), variable]);
  }
  return settings;
}

/** One variable has room for several values of a repeatable setting, one on a line. A switch is on with `true`. */
function several(name: string, text: string, source: string): string[] {
  const setting = table[name];
  if (setting?.value === undefined && text !== 'true') {
    if (text === 'false') return [];
    throw new MillraceError('InvalidOption', { option: source, value: text, rule: 'it is true or false.' });
  }
  return setting?.repeatable ? text.split('\n').filter((value) => value.trim() !== '') : [text];
}

function fromFile(text: string, file: string): Setting[] {
  const invalid = (rule: string): never => {
    throw new MillraceError('InvalidOption', { option: '--config', value: file, rule });
  };
  const content = parseJson(text, invalid);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return invalid('it holds no JSON object.');
  return Object.entries(content).map(([name, value]: [string, unknown]): Setting => {
    const setting = Object.hasOwn(table, name) && name !== 'config' && name !== 'help' ? table[name] : undefined;
    if (setting === undefined) return invalid(`it has no setting "${name}".${suggest(name, Object.keys(table))}`);
    const values: unknown[] = Array.isArray(value) && setting.repeatable ? value : [value];
    const source = `"${name}" of ${file}`;
    const texts = values.flatMap((one) => {
      if (!['string', 'number', 'boolean'].includes(typeof one)) invalid(`"${name}" has a value that is no text.`);
      return several(name, String(one), source);
    });
    return [name, texts, source];
  });
}

function parseJson(text: string, invalid: (rule: string) => never): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // What follows in some of these messages is a piece of the file, which may hold a secret.
    return invalid(`it is not JSON: ${(error as Error).message.replace(/, (\.\.\.)?".*$/s, '')}.`);
  }
}
