import assert from 'node:assert/strict';

export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  /** By what stands before the value, name and labels: `jobs{status="Failed"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? (\S+)$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };

/** Reads what a scrape answers as Prometheus would, strictly: every sample belongs to the family before it, and none comes twice. */
export function parsePrometheus(text: string): ReadonlyMap<string, MetricFamily> {
  assert(text.endsWith('\n'), 'the last line ends');
  const families = new Map<string, MetricFamily>();
  let name = '';
  let help = '';
  let samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, of = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') [name, help, samples] = [of, rest, new Map()];
    else if (kind === 'TYPE') {
      assert.equal(of, name, line);
      assert(!families.has(name), `${name} comes twice`);
      families.set(name, { type: rest, help, samples });
    } else {
      const [, metric = '', labels = '', value = ''] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`);
      const suffixes = SUFFIXES[families.get(name)?.type ?? ''] ?? [''];
      assert(
        suffixes.some((suffix) => metric === name + suffix),
        `${line} among those of ${name}`,
      );
      assert(!samples.has(metric + labels), `${metric}${labels} comes twice`);
      assert(Number.isFinite(Number(value)), line);
      samples.set(metric + labels, Number(value));
    }
  }
  return families;
}

/** All samples of a scrape. */
export function samplesOf(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries([...parsePrometheus(text).values()].flatMap(({ samples }) => [...samples]));
}
