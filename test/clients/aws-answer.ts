import assert from 'node:assert/strict';

/** An answer of the command line: every member may be there or not, which is what tests compare. */
export type AwsAnswer = Readonly<Record<string, unknown>>;

/** One member of each element of a list in an answer; none when there is no list. */
export function all(answer: AwsAnswer, list: string, member: string): unknown[] {
  return elements(answer, list).map((element) => element[member]);
}

export function elements(answer: AwsAnswer, list: string): readonly AwsAnswer[] {
  return (answer[list] ?? []) as readonly AwsAnswer[];
}

/** Fails when a time of an answer is not about now. Version 1 shows times as they came, version 2 in ISO 8601. */
export function assertNow(shown: unknown): void {
  const time = typeof shown === 'number' ? shown * 1000 : Date.parse(String(shown));
  const age = Date.now() - time;
  assert(age > -1000 && age < 60_000, `${shown} is ${age} ms ago`);
}
