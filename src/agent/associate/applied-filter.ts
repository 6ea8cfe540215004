import type { BodyWriter } from './body-writer.ts';
import { CsvNodes } from './csv-nodes.ts';
import { JsonNodes } from './json-nodes.ts';
import type { Filter, JsonPath } from './json-path.ts';
import { type NodeSink, Selection } from './selection.ts';

/** One of the two filters of a job, with where it writes. */
export class AppliedFilter {
  readonly filter: Filter;
  readonly path: JsonPath;
  readonly writer: BodyWriter;
  readonly selection: Selection;
  readonly #nodes: NodeSink & { finish(): boolean };

  constructor(filter: Filter, path: JsonPath, format: 'csv' | 'json', writer: BodyWriter) {
    this.filter = filter;
    this.path = path;
    this.writer = writer;
    this.#nodes = format === 'csv' ? new CsvNodes(writer) : new JsonNodes(writer, path);
    this.selection = new Selection(path, format, this.#nodes);
  }

  /** Ends a record; false when nothing of it was selected. */
  finish(): boolean {
    return this.#nodes.finish();
  }

  /** Forgets a record that was not finished. */
  reset(): void {
    this.selection.reset();
    this.#nodes.finish();
    this.writer.discard();
  }
}

/** `undefined` for no filter, and for `$`, which is as good as none. */
export function appliedFilter(
  filter: Filter,
  path: JsonPath | undefined,
  format: 'csv' | 'json',
  writer: BodyWriter,
): AppliedFilter | undefined {
  return path === undefined || path.steps.length === 0 ? undefined : new AppliedFilter(filter, path, format, writer);
}
