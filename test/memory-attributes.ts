import type { AttributeIndex, FileStamp, ObjectAttributes } from '../src/objects/local/stored-object.ts';

interface Row {
  readonly stamp: FileStamp;
  readonly attributes: ObjectAttributes;
}

/** An index of attributes that is gone with the test. */
export class MemoryAttributes implements AttributeIndex {
  readonly #rows = new Map<string, Row[]>();

  get(bucket: string, key: string, stamp: FileStamp): ObjectAttributes | undefined {
    return this.#of(bucket, key).find((row) => isSame(row.stamp, stamp))?.attributes;
  }

  put(bucket: string, key: string, stamp: FileStamp, attributes: ObjectAttributes): void {
    const others = this.#of(bucket, key).filter((row) => !isSame(row.stamp, stamp));
    this.#rows.set(`${bucket}/${key}`, [...others, { stamp, attributes }]);
  }

  prune(bucket: string, key: string, keep: FileStamp | undefined): void {
    const kept = this.#of(bucket, key).filter(({ stamp }) => keep !== undefined && isSame(stamp, keep));
    if (kept.length === 0) this.#rows.delete(`${bucket}/${key}`);
    else this.#rows.set(`${bucket}/${key}`, kept);
  }

  /** All states of all keys that are remembered. */
  get size(): number {
    return [...this.#rows.values()].reduce((count, rows) => count + rows.length, 0);
  }

  #of(bucket: string, key: string): readonly Row[] {
    return this.#rows.get(`${bucket}/${key}`) ?? [];
  }
}

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.modifiedNs === b.modifiedNs && a.size === b.size;
}
