import type { DatabaseSync } from 'node:sqlite';
import type { AttributeIndex, FileStamp, ObjectAttributes } from '../objects/local/stored-object.ts';

export class SqliteAttributes implements AttributeIndex {
  readonly #statements;

  constructor(database: DatabaseSync) {
    const state = 'inode = ? AND modified_ns = ? AND size = ?';
    this.#statements = {
      get: database.prepare(`SELECT attributes FROM object_attributes WHERE bucket = ? AND key = ? AND ${state}`),
      put: database.prepare('INSERT OR REPLACE INTO object_attributes VALUES (?, ?, ?, ?, ?, ?)'),
      prune: database.prepare(`DELETE FROM object_attributes WHERE bucket = ? AND key = ? AND NOT (${state})`),
      clear: database.prepare('DELETE FROM object_attributes WHERE bucket = ? AND key = ?'),
    };
  }

  get(bucket: string, key: string, { inode, modifiedNs, size }: FileStamp): ObjectAttributes | undefined {
    const found = this.#statements.get.get(bucket, key, signed(inode), modifiedNs, size);
    if (found === undefined) return undefined;
    const { checksum, partSizes, ...rest } = JSON.parse(found['attributes'] as string) as ObjectAttributes;
    return { ...rest, checksum, partSizes };
  }

  put(bucket: string, key: string, { inode, modifiedNs, size }: FileStamp, attributes: ObjectAttributes): void {
    this.#statements.put.run(bucket, key, signed(inode), modifiedNs, size, JSON.stringify(attributes));
  }

  prune(bucket: string, key: string, keep: FileStamp | undefined): void {
    if (keep === undefined) this.#statements.clear.run(bucket, key);
    else this.#statements.prune.run(bucket, key, signed(keep.inode), keep.modifiedNs, keep.size);
  }
}

/** Some file systems use all 64 bits of an inode number; SQLite's integers have a sign. */
function signed(inode: bigint): bigint {
  return BigInt.asIntN(64, inode);
}
