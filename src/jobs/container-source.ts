import type { InstanceDriver } from '../instances/instance.ts';

/** A model server that can be launched; what its model's files take is the owner's to dispose of. */
export interface PreparedContainer {
  readonly driver: InstanceDriver;
  /** Never rejects. */
  dispose(): Promise<void>;
}

export interface ContainerOrder {
  readonly image: string;
  readonly modelDataUrl: string | undefined;
  /** What the model, the job and the protocol say. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called for every line that the server prints. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How images become model servers: by the table of the configuration, later in a container engine. */
export interface ContainerSource {
  /** @throws MillraceError `ImageNotMapped` when nothing says how to run it here */
  check(image: string): void;
  /** Fetches the model's files. @throws MillraceError what is wrong with image or model */
  prepare(order: ContainerOrder): Promise<PreparedContainer>;
}
