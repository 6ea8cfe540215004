import type { Tag } from '../catalog/catalog.ts';

/** Tags as the API has them. */
export interface TagMember {
  readonly Key: string;
  readonly Value: string;
}

export function tagsOf(members: readonly TagMember[] | undefined): readonly Tag[] {
  return (members ?? []).map(({ Key, Value }) => ({ key: Key, value: Value }));
}

export function tagMembers(tags: readonly Tag[]): readonly TagMember[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}
