import { printable } from './printable.ts';

export interface Column {
  readonly title: string;
  readonly right?: true;
  /** Where there is no room for all, the column with the highest number is left out first; one without a number stays. */
  readonly expendable?: number;
}

const GAP = '  ';
/** What is left of the last column when it has to give way. */
const LEAST = 12;

/**
 * Rows in columns as wide as what is in them. The last column is cut where the width ends; where not even its beginning would
 * fit, columns are left out, and in the end rows are cut.
 *
 * @param width in characters; `undefined` where nothing needs to fit
 */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
  const shown = width === undefined ? columns.map((_, at) => at) : fitting(columns, widths, width);
  const lines = cells.map((row) => {
    const text = shown.map((at, place) => {
      const cell = row[at] ?? '';
      if (columns[at]?.right) return cell.padStart(widths[at] ?? 0);
      return place === shown.length - 1 ? cell : cell.padEnd(widths[at] ?? 0);
    });
    return cut(text.join(GAP).trimEnd(), width);
  });
  return `${lines.join('\n')}\n`;
}

function fitting(columns: readonly Column[], widths: readonly number[], width: number): number[] {
  const shown = columns.map((_, at) => at);
  const least = (): number =>
    shown.reduce(
      (sum, at, place) => {
        const own = widths[at] ?? 0;
        return sum + (place === shown.length - 1 && at === columns.length - 1 ? Math.min(own, LEAST) : own);
      },
      GAP.length * (shown.length - 1),
    );
  while (least() > width) {
    const worth = (at: number): number => columns[at]?.expendable ?? 0;
    const next = shown.toSorted((a, b) => worth(b) - worth(a))[0];
    if (next === undefined || worth(next) === 0) break;
    shown.splice(shown.indexOf(next), 1);
  }
  return shown;
}

function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim());
}

/** Cuts between characters, also those that JavaScript counts as two. */
export function cut(text: string, width: number | undefined): string {
  if (width === undefined || text.length <= width) return text;
  return `${text.slice(0, Math.max(0, width - 1)).replace(/[\ud800-\udbff]$/, '')}…`;
}
