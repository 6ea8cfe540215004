/** A refusal in the words of the original: what every door of the service turns into its own form of answer. */
export class Fault extends Error {
  override readonly name = 'Fault';
  /** `ValidationException`, `ResourceNotFound`, `NoSuchKey`, … */
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
