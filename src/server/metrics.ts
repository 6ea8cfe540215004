import { Counter, Gauge, Histogram, type HistogramConfiguration, Registry } from 'prom-client';
import { latencyBoundsMs, newProgress, type Progress } from '../agent/progress.ts';
import type { Jobs } from '../catalog/catalog.ts';
import type { Reconciler } from '../jobs/reconciler.ts';
import { type MetricDefinition, type MetricsSnapshot, metricTable } from './metric-table.ts';

export interface MetricsOptions extends Pick<MetricsSnapshot, 'maxInstances' | 'sinks'> {
  readonly jobs: Pick<Jobs, 'counts'>;
  readonly reconciler: Pick<Reconciler, 'running' | 'totals'>;
}

/**
 * The service's metrics for Prometheus. Nothing is counted here: a scrape reads counters that are kept anyway and asks the
 * catalog once, however many jobs there are, and what is not scraped costs nothing.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #options: MetricsOptions;
  readonly #durations: CountedHistogram;
  readonly #updates: ((now: MetricsSnapshot) => void)[];

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#updates = Object.entries(metricTable).map(([name, definition]) =>
      definition.type === 'counter' ? this.#counter(name, definition) : this.#gauge(name, definition),
    );
    this.#durations = new CountedHistogram({
      name: 'millrace_request_duration_seconds',
      help: 'From sending a request to a model server to the end of its answer, of each request that has ended',
      buckets: latencyBoundsMs.map((ms) => ms / 1000),
      registers: [this.registry],
    });
  }

  /** A scrape, in `registry.contentType`. Rejects when the catalog cannot be read. */
  async text(): Promise<string> {
    const { jobs, reconciler, maxInstances, sinks } = this.#options;
    const counts = await jobs.counts();
    // Nothing is waited for until all values are taken: they belong to one moment.
    const running = [...reconciler.running()].map(({ job, progress }) => ({ job: job.name, progress }));
    const now: MetricsSnapshot = { jobs: counts, totals: reconciler.totals(), running, maxInstances, sinks };
    for (const update of this.#updates) update(now);
    this.#durations.counted = now.totals;
    return this.registry.metrics();
  }

  #gauge(name: string, { help, labels = [], read }: MetricDefinition): (now: MetricsSnapshot) => void {
    const gauge = new Gauge({ name, help, labelNames: labels, registers: [this.registry] });
    return (now) => {
      gauge.reset(); // forgets jobs that have ended
      for (const [value, of = {}] of read(now)) gauge.set(of, value);
    };
  }

  /**
   * A counter that is read elsewhere and never goes down: where something is taken back there (the bad records of an object that
   * fails in the end), it stays until as much has been added again. Prometheus would take any decrease for a restart.
   */
  #counter(name: string, { help, labels = [], read }: MetricDefinition): (now: MetricsSnapshot) => void {
    const counter = new Counter({ name, help, labelNames: labels, registers: [this.registry] });
    const shown = new Map<string, number>();
    return (now) => {
      for (const [value, of = {}] of read(now)) {
        const key = JSON.stringify(of);
        const before = shown.get(key) ?? 0;
        counter.inc(of, Math.max(0, value - before));
        shown.set(key, Math.max(before, value));
      }
    };
  }
}

/** A histogram that is counted elsewhere: telling this one of each request would cost more than the request. */
class CountedHistogram extends Histogram {
  counted: Pick<Progress, 'latencies' | 'latencyMs'> = newProgress();
  /** Knows everything about it but its values. */
  readonly #empty: Histogram;

  constructor(configuration: HistogramConfiguration<string>) {
    super(configuration);
    this.#empty = new Histogram({ ...configuration, registers: [] });
  }

  override async get() {
    const { latencies, latencyMs } = this.counted;
    const metric = await this.#empty.get();
    let count = 0;
    const bucket = (le: number | string, more = 0) => {
      count += more;
      return { metricName: `${metric.name}_bucket`, labels: { le }, value: count };
    };
    const values = [
      ...latencyBoundsMs.map((ms, at) => bucket(ms / 1000, latencies[at])),
      bucket('+Inf', latencies[latencyBoundsMs.length]),
      { metricName: `${metric.name}_sum`, labels: {}, value: latencyMs / 1000 },
      { metricName: `${metric.name}_count`, labels: {}, value: count },
    ];
    return { ...metric, values };
  }

  /** What a registry asks a histogram for; prom-client's types do not have it. */
  getForPromString() {
    return this.get();
  }
}
