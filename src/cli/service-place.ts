import { MillraceError } from '../core/errors.ts';
import { isLoopback } from '../server/host-check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Where a service is and how requests to it are signed. */
export interface ServicePlace {
  readonly url: URL;
  /** Where the logs of its jobs are: millrace has them at the same address, the original at another. */
  readonly logsUrl: URL;
  readonly region: string;
  readonly credentials: Credentials;
  /** Who named `url`: an option, a variable, or nobody. */
  readonly namedBy: string | undefined;
  /** The address leads to this machine. */
  readonly loopback: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:9400';
const VARIABLES = ['MILLRACE_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SAGEMAKER', 'AWS_ENDPOINT_URL'];
const ORIGINAL = /^api\.sagemaker(?:-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)$/;

/**
 * The service that a command talks to: what `--endpoint-url` says, else the first variable that is set, else this machine.
 *
 * @throws MillraceError `InvalidOption` for an address that is none; `CredentialsMissing` when another machine is to be asked
 */
export function servicePlace(endpointUrl: string | undefined, environment: Environment): ServicePlace {
  const variable = VARIABLES.find((name) => environment[name]);
  const named =
    endpointUrl !== undefined
      ? { by: '--endpoint-url', text: endpointUrl }
      : variable && { by: variable, text: environment[variable] ?? '' };
  const url = parse(named ? named.by : '', named ? named.text : DEFAULT_URL);
  const original = ORIGINAL.exec(url.hostname);
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || (original?.[1] ?? 'us-east-1');
  const loopback = isLoopback(url.hostname);
  return {
    url,
    logsUrl: original === null ? url : new URL(`https://logs.${original[1]}.${original[2]}`),
    region,
    credentials: credentials(environment, url, loopback),
    namedBy: named ? named.by : undefined,
    loopback,
  };
}

function parse(by: string, text: string): URL {
  const url = URL.parse(text);
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || !/^https?:$/.test(url.protocol)) {
    const rule = 'it is an address like http://host:port.';
    throw new MillraceError('InvalidOption', { option: by, value: text, rule });
  }
  return url;
}

/** A service on this machine mostly takes any key; one that does not says so. */
function credentials(environment: Environment, url: URL, loopback: boolean): Credentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    const token = AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {};
    return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, ...token };
  }
  if (!loopback) throw new MillraceError('CredentialsMissing', { endpoint: url.origin });
  return { accessKeyId: 'millrace', secretAccessKey: 'millrace' };
}
