import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import { isThrottling } from './refusal-remedies.ts';
import type { Answer, Api, Service } from './service-client.ts';

/** A restart of a service takes seconds; one that is gone for longer will not come back by itself. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1000;

export interface PatientServiceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told once of each time of trouble. */
  readonly onTrouble: (message: string) => void;
}

/**
 * A service that is asked again and again. After its first answer it may be away for a minute, as while it is started anew:
 * whoever watches a job for hours wants to go on watching then.
 */
export class PatientService implements Service {
  readonly #service: Service;
  readonly #options: PatientServiceOptions;
  #hasAnswered = false;

  constructor(service: Service, options: PatientServiceOptions) {
    this.#service = service;
    this.#options = options;
  }

  async call(api: Api, operation: string, input: object): Promise<Answer> {
    const { clock, signal, onTrouble } = this.#options;
    let since: number | undefined;
    for (;;) {
      try {
        const answer = await this.#service.call(api, operation, input, signal);
        this.#hasAnswered = true;
        return answer;
      } catch (error) {
        if (!this.#hasAnswered || !mayPass(error)) throw error;
        if (since === undefined) onTrouble(`${error.message} Trying again for ${PATIENCE_MS / 1000} seconds …`);
        since ??= clock.now();
        if (clock.now() - since >= PATIENCE_MS) throw error;
        await clock.sleep(PAUSE_MS, signal);
      }
    }
  }
}

function mayPass(error: unknown): error is MillraceError {
  if (!(error instanceof MillraceError)) return false;
  if (error.is('ServiceUnreachable')) return true;
  if (error.is('ServiceAnswerInvalid')) return error.details.status >= 500; // a proxy whose service is away
  return error.is('RequestRefused') && (error.details.status >= 500 || isThrottling(error.details.code));
}
