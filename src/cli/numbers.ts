const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const BYTE_UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** `1,234,567` */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** `1 object`, `2 objects` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Bytes as people read them, in powers of 1000: `52.1 MB`. */
export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  for (; scaled >= 999.95 && unit < BYTE_UNITS.length - 1; unit++) scaled /= 1000;
  return `${unit === 0 ? scaled : scaled.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** `8 s`, `2:05`, `1:02:05`; below ten seconds with a decimal. */
export function duration(milliseconds: number): string {
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
