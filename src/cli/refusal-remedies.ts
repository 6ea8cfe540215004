/** What can be done about a refusal, in a sentence with a space before it; empty when its own words say everything. */
export function remedyFor(operation: string, code: string, message: string): string {
  if (operation === 'DeleteTransformJob' && code.startsWith('UnknownOperation'))
    return ' Only millrace deletes jobs; the original keeps them for good.';
  if (isThrottling(code)) return ' Ask again in a moment.';
  if (/^Could not find (requested )?job\b/.test(message)) return ' "millrace jobs list" shows those that there are.';
  if (/^Could not find model (?!data)/.test(message)) return ' "millrace models list" shows those that there are.';
  return '';
}

/** The service was asked too often. */
export function isThrottling(code: string): boolean {
  return /^(Throttling|TooManyRequests|RequestLimitExceeded|SlowDown)/.test(code);
}
