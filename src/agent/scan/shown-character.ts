/** The first character of some UTF-8, for messages: in quotes, or as a byte where it is cut or none. */
export function shownCharacter(bytes: Buffer): string {
  const [text = ''] = bytes.toString('utf8', 0, 4);
  if (text === '\uFFFD') return `byte ${hexadecimal(bytes[0])}`;
  return text === '"' ? "'\"'" : JSON.stringify(text);
}

export function hexadecimal(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
