import type { Shape } from './shape.ts';

/** Whoever sends more than this many has made one mistake, not as many. */
const MAX_PATHS = 20;
const MAX_NAME = 128;

/**
 * The members of a request that its shape does not know, such as `TransformInput.SplitTyp` or `Tags[0].Val`: ignored, as
 * in the original, but worth a line in the log. At most 20, names cut to 128 characters, written as they were sent.
 */
export function unknownMembers(shape: Shape, input: unknown): string[] {
  const found: string[] = [];
  look(shape, input, '', found);
  return found;
}

/** Goes as deep as the shape; what is below an unknown member is not looked at. */
function look(shape: Shape, json: unknown, path: string, found: string[]): void {
  if (typeof json !== 'object' || json === null) return;
  if (shape.kind === 'list' && shape.item.kind === 'structure' && Array.isArray(json)) {
    for (const [index, item] of json.entries()) {
      if (found.length === MAX_PATHS) return;
      look(shape.item, item, `${path}[${index}]`, found);
    }
  } else if (shape.kind === 'structure' && !Array.isArray(json)) {
    for (const [name, value] of Object.entries(json)) {
      if (found.length === MAX_PATHS) return;
      const at = `${path === '' ? '' : `${path}.`}${name.slice(0, MAX_NAME)}`;
      const member = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
      if (member === undefined) found.push(at);
      else look(member.kind === 'required' ? member.shape : member, value, at, found);
    }
  }
}
