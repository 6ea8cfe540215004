import type { AssembleWith } from '../agent/object-output.ts';
import type { CompressionType } from '../agent/record-rules.ts';
import type { SplitType } from '../agent/split/split.ts';

/** What is assumed of an object when the user does not say. */
export interface ContentDefaults {
  readonly contentType?: string;
  readonly splitType: SplitType;
  readonly assembleWith: AssembleWith;
}

/** The same with what is known of compression. */
export interface DataDefaults extends ContentDefaults {
  readonly compressionType: CompressionType;
}

/** Where nothing is assumed, as in the original. */
export const noDefaults: DataDefaults = { splitType: 'None', assembleWith: 'None', compressionType: 'None' };

const whole = (contentType?: string): ContentDefaults => ({
  ...(contentType === undefined ? {} : { contentType }),
  splitType: 'None',
  assembleWith: 'None',
});
const frames = (contentType: string, splitType: SplitType): ContentDefaults => ({
  contentType,
  splitType,
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
  ['.tfrecord', frames('application/x-tfrecord', 'TFRecord')],
  ['.tfrecords', frames('application/x-tfrecord', 'TFRecord')],
  ['.jpg', whole('image/jpeg')],
  ['.jpeg', whole('image/jpeg')],
  ['.png', whole('image/png')],
  ['.parquet', whole('application/x-parquet')],
  ['.npy', whole('application/x-npy')],
]);

/** The ending that all keys share, with what it says, or why nothing is assumed. `.gz` behind it says `Gzip`. */
export function contentDefaults(keys: Iterable<string>): DataDefaults & { readonly because: string } {
  const seen = new Set<string>();
  for (const key of keys) {
    if (/(^|\/)\.[^/]*$/.test(key)) continue; // .DS_Store and its like say nothing of the data
    seen.add(endingOf(key));
  }
  const [ending = ''] = seen;
  const compressionType = seen.size > 0 && [...seen].every((one) => one.endsWith('.gz')) ? 'Gzip' : 'None';
  if (seen.size > 1) return { ...whole(), compressionType, because: 'the objects have different endings' };
  const found = endings.get(compressionType === 'Gzip' ? ending.slice(0, -3) : ending);
  if (found !== undefined) return { ...found, compressionType, because: `the objects end in ${ending}` };
  const because = ending === '' ? 'the objects have no ending' : `the ending ${ending} says nothing of what is inside`;
  return { ...whole(), compressionType, because };
}

function endingOf(key: string): string {
  return /\.[^./]+(\.gz)?$/i.exec(key)?.[0].toLowerCase() ?? '';
}
