import type { Catalog, JobRow } from '../catalog/catalog.ts';
import type { Clock } from '../core/clock.ts';
import type { ContainerSource } from '../jobs/container-source.ts';
import type { JobLogs } from '../jobs/job-logs.ts';
import type { JobStores } from '../jobs/job-places.ts';
import type { Reconciler } from '../jobs/reconciler.ts';
import type { Site } from './arn.ts';
import { checked } from './constraints/check.ts';
import type { Infer, StructureShape } from './constraints/shape.ts';
import { unknownMembers } from './constraints/unknown-members.ts';

/** What operations work on. */
export interface OperationContext {
  readonly site: Site;
  readonly catalog: Catalog;
  readonly stores: JobStores;
  readonly containers: ContainerSource;
  readonly logs: JobLogs;
  readonly reconciler: Pick<Reconciler, 'wake' | 'progress'>;
  readonly clock: Clock;
  /** Called with a job that has been created or whose status has changed. */
  readonly onChange: (job: JobRow) => void;
  /** Told of members that are passed over, as in the original: newer clients send some, and a misspelt one is a surprise. */
  readonly onUnknownMembers: (members: readonly string[]) => void;
}

/** An operation of the API. */
export interface Operation {
  /** What may be sent. */
  readonly input: StructureShape;
  /** Takes what was sent, returns what is sent back; `undefined` is an empty body. */
  run(input: unknown, context: OperationContext, signal: AbortSignal): Promise<object | undefined>;
}

/** An operation whose input is checked against its table before it runs. */
export function operation<S extends StructureShape>(
  shape: S,
  run: (request: Infer<S>, context: OperationContext, signal: AbortSignal) => Promise<object | undefined>,
): Operation {
  return {
    input: shape,
    run: async (input, context, signal) => {
      const request = checked(shape, input);
      const unknown = unknownMembers(shape, input);
      if (unknown.length > 0) context.onUnknownMembers(unknown);
      return run(request, context, signal);
    },
  };
}

/** Times on the wire are seconds since the epoch with three decimals. */
export function seconds(ms: number): number {
  return ms / 1000;
}
