/** A model server that runs, for as long as its job. Owned by whoever launched it, who must `stop` it. */
export interface Instance {
  readonly url: URL;
  /** Resolves when it has ended by itself, to how: `exited with code 3`. Never rejects. */
  readonly exited: Promise<string>;
  /** The last lines that it printed, at most some 20, for messages. */
  lastWords(): string;
  /**
   * Ends it and everything that it started: SIGTERM, 30 s, SIGKILL (behaviour 3); without the wait when the signal is aborted.
   * Never rejects; may be called twice.
   */
  stop(signal: AbortSignal): Promise<void>;
}

/** Where model servers come from. */
export interface InstanceDriver {
  /** Starts a server; it need not answer yet when this resolves. */
  launch(signal: AbortSignal): Promise<Instance>;
}
