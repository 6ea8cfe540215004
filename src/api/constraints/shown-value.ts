/** The original prints values whole; a message is not the place for megabytes. */
const MAX_CHARACTERS = 2048;
/** Containers hold structures that hold lists; below that are only members that nobody looks at, of any depth. */
const MAX_DEPTH = 4;

/** A value as the original's messages show it: `'text'`, `'[a, b]'`, `'{name=value}'`, or `null` without quotes. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const text = written(value, MAX_CHARACTERS, MAX_DEPTH);
  return text.length > MAX_CHARACTERS ? `'${text.slice(0, MAX_CHARACTERS).toWellFormed()}...'` : `'${text}'`;
}

/** Stops soon after more than `room` characters are there. */
function written(value: unknown, room: number, depth: number): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  if (depth === 0) return isList ? '[...]' : '{...}';
  let text = '';
  for (const [name, item] of Object.entries<unknown>(value as Readonly<Record<string, unknown>>)) {
    if (text.length > room) break;
    text += `${text === '' ? '' : ', '}${isList ? '' : `${name}=`}`;
    text += written(item, room - text.length, depth - 1);
  }
  return isList ? `[${text}]` : `{${text}}`;
}
