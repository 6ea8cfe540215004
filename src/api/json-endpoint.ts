import { MillraceError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { inMemberNames } from '../jobs/member-names.ts';
import type { LogStore } from '../logs/log-store.ts';
import { Fault } from './fault.ts';
import { parseJsonBody } from './json-body.ts';
import { logOperations } from './logs/log-operations.ts';
import type { OperationContext } from './operation.ts';
import { operationTable } from './operation-table.ts';

type Call = (input: unknown, signal: AbortSignal) => Promise<object | undefined>;

/** The services that speak AWS JSON 1.1: a target like `SageMaker.CreateModel` and a body. */
export class JsonEndpoint {
  readonly #services: ReadonlyMap<string, { readonly title: string; readonly calls: ReadonlyMap<string, Call> }>;

  constructor(context: OperationContext, logs: LogStore) {
    const jobs = Object.entries(operationTable).map(([name, operation]): [string, Call] => [
      name,
      (input, signal) => operation.run(input, context, signal),
    ]);
    const log = Object.entries(logOperations).map(([name, operation]): [string, Call] => [
      name,
      (input) => operation(input, logs, context.site),
    ]);
    this.#services = new Map([
      ['SageMaker', { title: 'Amazon SageMaker', calls: new Map(jobs) }],
      ['Logs_20140328', { title: 'CloudWatch Logs', calls: new Map(log) }],
    ]);
  }

  /** @throws Fault in the original's words; anything else is a fault of ours */
  async call(target: string, body: Buffer, signal: AbortSignal): Promise<object | undefined> {
    const call = this.#find(target);
    try {
      return await call(parseJsonBody(body), signal);
    } catch (error) {
      throw asFault(error);
    }
  }

  #find(target: string): Call {
    const [prefix = '', ...rest] = target.split('.');
    const name = rest.join('.');
    const service = this.#services.get(prefix);
    if (service === undefined) {
      const known = [...this.#services.keys()].join(', ');
      throw new Fault('UnknownOperationException', `X-Amz-Target "${target}" names no service that is here: ${known}.`);
    }
    const call = service.calls.get(name);
    if (call !== undefined) return call;
    const names = [...service.calls.keys()];
    throw new Fault(
      'UnknownOperationException',
      `The operation ${name} of ${service.title} is not available in millrace, which does batch transform only.${suggest(name, names)} Available are ${names.join(', ')}.`,
    );
  }
}

/** What the user has done wrong is told in the words of the API; the rest is passed on. */
function asFault(error: unknown): unknown {
  if (!(error instanceof MillraceError) || error.fault === 'internal') return error;
  return new Fault('ValidationException', inMemberNames(error.message));
}
