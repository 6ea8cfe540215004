import type { AssembleWith } from '../agent/object-output.ts';
import type { SplitType } from '../agent/split/split.ts';

/** What is assumed of an object when the user does not say. */
export interface ContentDefaults {
  readonly contentType?: string;
  readonly splitType: SplitType;
  readonly assembleWith: AssembleWith;
}

const whole = (contentType?: string): ContentDefaults => ({
  ...(contentType === undefined ? {} : { contentType }),
  splitType: 'None',
  assembleWith: 'None',
});
const lines = (contentType: string): ContentDefaults => ({ contentType, splitType: 'Line', assembleWith: 'Line' });

/** Endings that say plainly what is inside. One line of CSV or JSON Lines is one record; a picture or a document is one as a whole. */
export const endings: ReadonlyMap<string, ContentDefaults> = new Map([
  ['.csv', lines('text/csv')],
  ['.jsonl', lines('application/jsonlines')],
  ['.ndjson', lines('application/jsonlines')],
  ['.json', whole('application/json')],
  ['.txt', lines('text/plain')],
  ['.jpg', whole('image/jpeg')],
  ['.jpeg', whole('image/jpeg')],
  ['.png', whole('image/png')],
  ['.parquet', whole('application/x-parquet')],
  ['.npy', whole('application/x-npy')],
]);

/** The ending that all keys share, with what it says, or why nothing is assumed. */
export function contentDefaults(keys: Iterable<string>): ContentDefaults & { readonly because: string } {
  const seen = new Set<string>();
  for (const key of keys) {
    if (/(^|\/)\.[^/]*$/.test(key)) continue; // .DS_Store and its like say nothing of the data
    seen.add(endingOf(key));
    if (seen.size > 1) return { ...whole(), because: 'the objects have different endings' };
  }
  const [ending = ''] = seen;
  const found = endings.get(ending);
  if (found !== undefined) return { ...found, because: `the objects end in ${ending}` };
  return { ...whole(), because: ending === '' ? 'the objects have no ending' : `the ending ${ending} says nothing` };
}

function endingOf(key: string): string {
  return /\.[^./]+$/.exec(key)?.[0].toLowerCase() ?? '';
}
