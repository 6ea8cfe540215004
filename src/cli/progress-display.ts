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
  readonly #progress: Progress;
  readonly #target: DisplayTarget;
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #started = 0;
  #drawn = 0;

  constructor(progress: Progress, target: DisplayTarget) {
    this.#progress = progress;
    this.#target = target;
  }

  start(): void {
    this.#started = Date.now();
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
    this.#samples.push({ at: now, records: this.#progress.records, bytes: this.#progress.bytes });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    if (!this.#target.terminal) {
      this.#target.write(`${this.#line(now)}\n`);
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
    const { objectsTotal, objectsDone, objectsFailed, records, requestsInFlight, retries, bytesTotal } = this.#progress;
    const part = this.#part();
    const filled = Math.floor(part * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    const { perSecond, leftMs } = this.#rate();
    const left = leftMs === undefined ? '' : `, ${duration(leftMs)} left`;
    return [
      `${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${duration(now - this.#started)}${left}`,
      `${count(objectsDone)} of ${counted(objectsTotal, 'object')} · ${counted(records, 'record')} · ${bytes(this.#progress.bytes)} of ${bytes(bytesTotal)} · ${count(perSecond)} records/s`,
      `${counted(requestsInFlight, 'request')} in flight · ${count(retries)} retried · ${count(objectsFailed)} failed${this.#bad(' · ')}`,
    ];
  }

  #line(now: number): string {
    const { objectsTotal, objectsDone, objectsFailed, records, requestsInFlight, retries, bytesTotal } = this.#progress;
    const { perSecond, leftMs } = this.#rate();
    const left = leftMs === undefined ? '' : `, ${duration(leftMs)} left`;
    return `${duration(now - this.#started)}: ${Math.floor(this.#part() * 100)} %, ${objectsDone} of ${counted(objectsTotal, 'object')}, ${counted(records, 'record')}, ${bytes(this.#progress.bytes)} of ${bytes(bytesTotal)}, ${count(perSecond)} records/s, ${requestsInFlight} in flight, ${retries} retried, ${objectsFailed} failed${this.#bad(', ')}${left}`;
  }

  /** Records with a placeholder, where there are any. */
  #bad(before: string): string {
    const { badRecords } = this.#progress;
    return badRecords === 0 ? '' : `${before}${counted(badRecords, 'bad record')}`;
  }

  /** The share that is done, by bytes; objects decide where there are no bytes. */
  #part(): number {
    const { objectsTotal, objectsDone, objectsFailed, bytesTotal } = this.#progress;
    const ended = objectsTotal === 0 ? 0 : (objectsDone + objectsFailed) / objectsTotal;
    return ended === 1 || bytesTotal === 0 ? ended : Math.min(1, this.#progress.bytes / bytesTotal);
  }

  #rate(): { perSecond: number; leftMs: number | undefined } {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const elapsedMs = first === undefined || last === undefined ? 0 : last.at - first.at;
    if (first === undefined || last === undefined || elapsedMs === 0) return { perSecond: 0, leftMs: undefined };
    const bytesPerMs = (last.bytes - first.bytes) / elapsedMs;
    const leftBytes = this.#part() < 1 ? this.#progress.bytesTotal - last.bytes : 0;
    return {
      perSecond: ((last.records - first.records) / elapsedMs) * 1000,
      leftMs: bytesPerMs > 0 && leftBytes > 0 ? leftBytes / bytesPerMs : undefined,
    };
  }

  #paint(row: string): string {
    return this.#target.colour ? `\u001b[36m${row}\u001b[0m` : row;
  }
}
