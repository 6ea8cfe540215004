import type { DatabaseSync } from 'node:sqlite';
import type { Cursor } from './catalog.ts';

/** A list by a column with a second one that tells equal values apart, from a cursor on: its SQL, put together by what is asked. */
export interface ListSql {
  readonly select: string;
  readonly sort: { readonly column: string; readonly id: string };
  readonly descending: boolean;
  readonly after: Cursor | undefined;
  /** Conditions with the value of their `?`; those without a value do not count. */
  readonly where: readonly (readonly [sql: string, value: string | number | undefined])[];
  readonly limit: number;
}

export function listRows<Row>(
  database: DatabaseSync,
  { select, sort, descending, after, where, limit }: ListSql,
): Row[] {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  for (const [sql, value] of where) {
    if (value === undefined) continue;
    conditions.push(sql);
    values.push(value);
  }
  if (after !== undefined) {
    conditions.push(`(${sort.column}, ${sort.id}) ${descending ? '<' : '>'} (?, ?)`);
    values.push(after.value, after.id);
  }
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const direction = descending ? 'DESC' : 'ASC';
  const order = `ORDER BY ${sort.column} ${direction}, ${sort.id} ${direction}`;
  return database.prepare(`${select} ${filter} ${order} LIMIT ?`).all(...values, limit) as unknown as Row[];
}
