/** Holds back whoever waits for it until a test lets everybody pass: what is under way stands still, and nobody sleeps. */
export interface Gate {
  readonly passed: Promise<void>;
  pass(): void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, pass: resolve };
}
