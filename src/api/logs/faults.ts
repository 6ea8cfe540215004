import { Fault } from '../fault.ts';

export function invalidParameter(message: string): Fault {
  return new Fault('InvalidParameterException', message);
}

export function invalidToken(): Fault {
  return invalidParameter('The specified nextToken is invalid.');
}

/** Runs `read`, in whose words a token is invalid in another service. */
export function readingToken<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) throw invalidToken();
    throw error;
  }
}

export function streamNotFound(): Fault {
  return new Fault('ResourceNotFoundException', 'The specified log stream does not exist.');
}

export function groupNotFound(): Fault {
  return new Fault('ResourceNotFoundException', 'The specified log group does not exist.');
}
