/** When a request says it was signed, and how its signature writes that. */
export interface Timestamp {
  /** `20130524T000000Z`, as in the string to sign. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly ms: number;
}

/** ISO 8601's basic format in UTC: the only one that signatures use. A day that does not exist is no date. */
export function parseBasicDate(text: string): Timestamp | undefined {
  const extended = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (extended === text) return undefined;
  const ms = Date.parse(extended);
  // Date.parse takes February 30 for March 2.
  return basicDate(ms) === text ? { text, ms } : undefined;
}

/** `X-Amz-Date`, or `Date` where there is none, which may have the form of HTTP: what is signed is the basic one. */
export function parseRequestDate(amzDate: string | undefined, date: string | undefined): Timestamp | undefined {
  if (amzDate !== undefined) return parseBasicDate(amzDate);
  if (date === undefined) return undefined;
  const basic = parseBasicDate(date);
  if (basic !== undefined || !/^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(date))
    return basic;
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? undefined : { text: basicDate(ms), ms };
}

/** `20130524T000000Z`; the empty string for a time that no date has. */
export function basicDate(ms: number): string {
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
