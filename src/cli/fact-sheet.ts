import { printable } from './printable.ts';

/** A name and what there is to say: nothing, a text, or one text a line. */
export type Fact = readonly [name: string, said: string | readonly string[] | undefined];

const GAP = 2;

/** Names on the left and what there is to say on the right, wrapped; facts without anything to say are left out. */
export function factSheet(facts: readonly Fact[], columns: number): string {
  const said = facts.flatMap(([name, text]) => {
    const texts = typeof text === 'string' ? [text] : (text ?? []);
    const lines = texts.filter((one) => one !== '').flatMap((one) => printable(one).split('\n'));
    return lines.length === 0 ? [] : [{ name, lines }];
  });
  const indent = Math.max(...said.map(({ name }) => name.length)) + GAP;
  return said
    .map(({ name, lines }) => {
      const rows = lines.flatMap((line) => wrapped(line, columns - indent));
      return rows.map((row, at) => `${(at === 0 ? name : '').padEnd(indent)}${row}\n`).join('');
    })
    .join('');
}

/** Breaks at spaces alone: what is to be copied, a path or an address, stays in one piece. */
export function wrapped(text: string, width: number): string[] {
  const rows: string[] = [];
  for (const word of text.split(' ')) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows;
}
