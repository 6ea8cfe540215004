/** `2026-11-22T10:00:00.123Z `, which every line on the disk starts with. */
export const STAMP_BYTES = 25;

const NEWLINE = 0x0a;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z $/;

/** A line in a file as an event of its stream. */
export interface LogEvent {
  /** Milliseconds since the epoch; never less than that of the event before. */
  readonly at: number;
  readonly message: string;
  /** Where in the stream its line starts, and where the next one does, in bytes. */
  readonly offset: number;
  readonly next: number;
}

/** A message as one line: `\` stands as `\\`, a newline as `\n`, a carriage return as `\r`. */
export function escapeMessage(message: string): string {
  if (!/[\\\n\r]/.test(message)) return message;
  return message.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

function unescapeMessage(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\\nr])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped === 'r' ? '\r' : '\\'));
}

/** The time at `start`, `undefined` where no event starts: in the header of a segment, or in what somebody else has written. */
export function stampAt(bytes: Buffer, start: number): number | undefined {
  const text = bytes.toString('latin1', start, start + STAMP_BYTES);
  if (!STAMP.test(text)) return undefined;
  const at = Date.parse(text.trimEnd());
  return Number.isNaN(at) ? undefined : at;
}

/** The events of whole lines, of which the first starts at `offset` of the stream. */
export function eventsOf(bytes: Buffer, offset: number): LogEvent[] {
  const events: LogEvent[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    const next = newline === -1 ? end : end + 1;
    const at = stampAt(bytes, start);
    if (at !== undefined && end >= start + STAMP_BYTES) {
      const message = unescapeMessage(bytes.toString('utf8', start + STAMP_BYTES, end));
      events.push({ at, message, offset: offset + start, next: offset + next });
    }
    start = next;
  }
  return events;
}
