import type { Progress } from '../agent/progress.ts';
import { bytes, count, counted, duration } from './numbers.ts';
import { printable } from './printable.ts';

/** On a terminal the display is drawn this often; elsewhere a line is written this often. */
const FRAME_MS = 100;
const LINE_MS = 5000;
/** Rates are taken over this long, so that they follow changes and do not jump. */
const WINDOW_MS = 3000;
const BAR_CELLS = 24;

export interface DisplayTarget {
  readonly terminal: boolean;
  readonly colour: boolean;
  columns(): number;
  write(text: string): void;
}

/** The counters that are shown. */
export interface ShownProgress
  extends Readonly<
    Pick<
      Progress,
      | 'objectsTotal'
      | 'bytesTotal'
      | 'objectsDone'
      | 'objectsFailed'
      | 'records'
      | 'bytes'
      | 'badRecords'
      | 'requests'
      | 'retries'
    >
  > {
  /** `undefined` where it is not known; all requests so far are shown then. */
  readonly requestsInFlight: number | undefined;
  /** Of a job that runs elsewhere and is asked for its counters now and then. */
  readonly elsewhere?: Elsewhere;
}

export interface Elsewhere {
  /** What is shown where there are no counters. */
  readonly status: string;
  /** What is shown beside the counters; empty when they say everything. */
  readonly note: string;
  /** Since when the job runs, or waits for its turn, and when the counters were true: milliseconds since the epoch. */
  readonly since: number;
  readonly asOf: number;
}

interface Sample {
  readonly at: number;
  readonly records: number;
  readonly bytes: number;
}

/**
 * Shows a job's progress: a picture that is redrawn on a terminal, a line every few seconds elsewhere. Other output goes
 * through `print`, so that the two do not run into each other.
 */
export class ProgressDisplay {
  readonly #progress: ShownProgress;
  readonly #target: DisplayTarget;
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #started = 0;
  #drawn = 0;
  #told: number | undefined;

  constructor(progress: ShownProgress, target: DisplayTarget) {
    this.#progress = progress;
    this.#target = target;
  }

  start(): void {
    const { since, asOf } = this.#progress.elsewhere ?? { since: Date.now(), asOf: Number.POSITIVE_INFINITY };
    this.#started = Math.min(since, asOf); // the clock of another machine may be ahead of ours
    this.#samples.push({ at: this.#started, records: 0, bytes: 0 });
    this.#timer = setInterval(() => this.#tick(), this.#target.terminal ? FRAME_MS : LINE_MS);
    if (this.#target.terminal) this.#tick();
  }

  /** Writes a line above the picture. */
  print(line: string): void {
    this.#erase();
    this.#target.write(`${printable(line)}\n`);
    if (this.#timer !== undefined && this.#target.terminal) this.#draw();
  }

  /** Takes the picture away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #tick(): void {
    const now = Date.now();
    const { asOf = now } = this.#progress.elsewhere ?? {};
    if (asOf > (this.#samples.at(-1)?.at ?? 0))
      this.#samples.push({ at: asOf, records: this.#progress.records, bytes: this.#progress.bytes });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    if (!this.#target.terminal) {
      if (asOf !== this.#told) this.#target.write(`${this.#line(now)}\n`);
      this.#told = asOf;
      return;
    }
    this.#erase();
    this.#draw();
  }

  #draw(): void {
    const rows = this.#rows(Date.now()).map((row) => row.slice(0, this.#target.columns() - 1));
    this.#drawn = rows.length;
    this.#target.write(rows.map((row, index) => `${index === 0 ? this.#paint(row) : row}\n`).join(''));
  }

  #erase(): void {
    if (this.#drawn > 0) this.#target.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #rows(now: number): string[] {
    const { objectsTotal, objectsDone, objectsFailed, records, retries, bytesTotal, elsewhere } = this.#progress;
    if (elsewhere !== undefined && objectsTotal === 0) return [this.#statusAlone(elsewhere, now)];
    const part = partDone(this.#progress);
    const filled = Math.floor(part * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    const { perSecond, leftMs } = this.#rate();
    const left = leftMs === undefined ? '' : `, ${duration(leftMs)} left`;
    return [
      `${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${this.#elapsed(now)}${left}${elsewhere?.note ? ` · ${elsewhere.note}` : ''}`,
      `${count(objectsDone)} of ${counted(objectsTotal, 'object')} · ${counted(records, 'record')} · ${bytes(this.#progress.bytes)} of ${bytes(bytesTotal)} · ${count(perSecond)} records/s`,
      `${this.#requests()} · ${count(retries)} retried · ${count(objectsFailed)} failed${this.#bad(' · ')}`,
    ];
  }

  #line(now: number): string {
    const { objectsTotal, objectsDone, objectsFailed, records, retries, bytesTotal, elsewhere } = this.#progress;
    if (elsewhere !== undefined && objectsTotal === 0) return this.#statusAlone(elsewhere, now);
    const { perSecond, leftMs } = this.#rate();
    const left = leftMs === undefined ? '' : `, ${duration(leftMs)} left`;
    return `${this.#elapsed(now)}: ${elsewhere?.note ? `${elsewhere.note}, ` : ''}${Math.floor(partDone(this.#progress) * 100)} %, ${objectsDone} of ${counted(objectsTotal, 'object')}, ${counted(records, 'record')}, ${bytes(this.#progress.bytes)} of ${bytes(bytesTotal)}, ${count(perSecond)} records/s, ${this.#progress.requestsInFlight === undefined ? this.#requests() : `${this.#progress.requestsInFlight} in flight`}, ${retries} retried, ${objectsFailed} failed${this.#bad(', ')}${left}`;
  }

  /** Records with a placeholder, where there are any. */
  #bad(before: string): string {
    const { badRecords } = this.#progress;
    return badRecords === 0 ? '' : `${before}${counted(badRecords, 'bad record')}`;
  }

  #statusAlone({ status }: Elsewhere, now: number): string {
    return `${this.#elapsed(now)}: ${status}`;
  }

  #elapsed(now: number): string {
    return duration(Math.max(0, now - (this.#progress.elsewhere?.since ?? this.#started)));
  }

  #requests(): string {
    const { requests, requestsInFlight } = this.#progress;
    return requestsInFlight === undefined
      ? counted(requests, 'request')
      : `${counted(requestsInFlight, 'request')} in flight`;
  }

  #rate(): { perSecond: number; leftMs: number | undefined } {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const elapsedMs = first === undefined || last === undefined ? 0 : last.at - first.at;
    if (first === undefined || last === undefined || elapsedMs === 0) return { perSecond: 0, leftMs: undefined };
    const bytesPerMs = (last.bytes - first.bytes) / elapsedMs;
    const leftBytes = partDone(this.#progress) < 1 ? this.#progress.bytesTotal - last.bytes : 0;
    return {
      perSecond: ((last.records - first.records) / elapsedMs) * 1000,
      leftMs: bytesPerMs > 0 && leftBytes > 0 ? leftBytes / bytesPerMs : undefined,
    };
  }

  #paint(row: string): string {
    return this.#target.colour ? `\u001b[36m${row}\u001b[0m` : row;
  }
}

/** The share that is done, by bytes; objects decide where there are no bytes. */
export function partDone({
  objectsTotal,
  objectsDone,
  objectsFailed,
  bytes: done,
  bytesTotal,
}: Pick<ShownProgress, 'objectsTotal' | 'objectsDone' | 'objectsFailed' | 'bytes' | 'bytesTotal'>): number {
  const ended = objectsTotal === 0 ? 0 : (objectsDone + objectsFailed) / objectsTotal;
  return ended === 1 || bytesTotal === 0 ? ended : Math.min(1, done / bytesTotal);
}
