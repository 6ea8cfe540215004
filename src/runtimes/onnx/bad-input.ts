/** What a request's body does not allow: the server answers 400 with this message as it stands. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** `"abc"` for a message: quoted, and cut when it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
