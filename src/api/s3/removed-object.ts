import type { EmbeddedBucket } from '../../objects/local/embedded-store.ts';
import type { StoredObject } from '../../objects/local/stored-object.ts';
import type { WriteCondition } from './write-condition.ts';

/**
 * Removes an object; without a condition it does not matter whether there is one.
 *
 * @throws S3Fault when the condition does not hold
 */
export async function removeObject(
  bucket: EmbeddedBucket,
  key: string,
  condition: WriteCondition | undefined,
): Promise<void> {
  if (condition === undefined) {
    await bucket.remove(key);
    return;
  }
  let seen: StoredObject | undefined;
  const isRemoved = await bucket.remove(key, (current) => {
    seen = current;
    return condition.holds(current);
  });
  if (!isRemoved) throw condition.refusal(seen);
}
