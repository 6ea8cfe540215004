/** When something was, in the time of the reader: `2026-11-23 14:05:09`. @param ms since the epoch */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join('-');
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`;
}

/** The same with how far it is from UTC, for what is kept or sent to others: `2026-11-23 14:05:09 +01:00`. */
export function zonedTime(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${localTime(ms)} ${minutes < 0 ? '-' : '+'}${two(hours)}:${two(rest)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
