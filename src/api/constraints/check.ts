import { NOT_NULL, type Rule } from './rule.ts';
import type { Infer, ListShape, MapShape, Shape, StructureShape } from './shape.ts';
import { Violations } from './violations.ts';
import { asBoolean, asInteger, asList, asMap, asString, asStructure, asTimestamp } from './wire-types.ts';

/**
 * A request as its shape says, or everything that is wrong with it (behaviour 7). Members that are null count as absent,
 * members that the shape does not know are left out: newer clients send some. `unknownMembers` names them.
 *
 * @param input what a JSON reader made of the body
 * @throws Fault `SerializationException` for the first value of a wrong type, otherwise `ValidationException` for all
 *   violations together
 */
export function checked<S extends StructureShape>(shape: S, input: unknown): Infer<S> {
  const violations = new Violations();
  const request = read(shape, input, '', violations);
  violations.throwIfAny();
  return request as Infer<S>;
}

/** Goes as deep as the shape, never as deep as the input. */
function read(shape: Shape, json: unknown, path: string, violations: Violations): unknown {
  switch (shape.kind) {
    case 'string':
      return satisfied(asString(json), shape.rules, path, violations);
    case 'integer':
      return satisfied(asInteger(json), shape.rules, path, violations);
    case 'boolean':
      return asBoolean(json);
    case 'timestamp':
      return asTimestamp(json);
    case 'document':
      return asStructure(json);
    case 'list':
      return readList(shape, asList(json), path, violations);
    case 'map':
      return readMap(shape, Object.entries(asMap(json)), path, violations);
    case 'structure':
      return readStructure(shape, asStructure(json), path, violations);
  }
}

function satisfied<V>(value: V, rules: readonly Rule<V>[], path: string, violations: Violations): V {
  for (const { text, holds } of rules) if (!holds(value)) violations.add(path, value, text);
  return value;
}

function readStructure(
  { members }: StructureShape,
  json: Readonly<Record<string, unknown>>,
  path: string,
  to: Violations,
): object {
  const present: [string, unknown][] = [];
  for (const [name, member] of Object.entries(members)) {
    const at = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`;
    const value = Object.hasOwn(json, name) ? json[name] : undefined;
    if (value === undefined || value === null) {
      if (member.kind === 'required') to.add(at, null, NOT_NULL);
    } else {
      present.push([name, read(member.kind === 'required' ? member.shape : member, value, at, to)]);
    }
  }
  return Object.fromEntries(present);
}

/** The original looks at structures of a list one by one, but at strings together. */
function readList({ item, rules }: ListShape, json: readonly unknown[], path: string, to: Violations): unknown[] {
  if (item.kind === 'structure') {
    reportSize(rules, json.length, json, path, to);
    return json.map((value, index) => {
      const at = `${path}.${index + 1}.member`;
      if (value === null) to.add(at, null, NOT_NULL);
      return value === null ? null : read(item, value, at, to);
    });
  }
  const strings = json.map(stringOrNull);
  reportSize(rules, strings.length, strings, path, to);
  reportTogether('Member must', item.rules, strings, strings, path, to);
  return strings;
}

/** Not `{}` with members set: a key may be `__proto__`, which is a good name for a variable. */
function readMap(shape: MapShape, json: [string, unknown][], path: string, to: Violations): object {
  const keys = json.map(([key]) => key);
  const values = json.map(([, value]) => stringOrNull(value));
  const map = Object.fromEntries(keys.map((key, index) => [key, values[index]]));
  reportSize(shape.rules, keys.length, map, path, to);
  reportTogether('Map keys must', shape.key.rules, keys, map, path, to);
  reportTogether('Map value must', shape.value.rules, values, map, path, to);
  return map;
}

function stringOrNull(json: unknown): string | null {
  return json === null ? null : asString(json);
}

function reportSize(rules: readonly Rule<number>[], size: number, value: unknown, path: string, to: Violations): void {
  for (const { text, holds } of rules) if (!holds(size)) to.add(path, value, text);
}

/** One violation for all of them, which names every rule and shows all values, as the original has it. */
function reportTogether(
  who: string,
  rules: readonly Rule<string>[],
  strings: readonly (string | null)[],
  value: unknown,
  path: string,
  to: Violations,
): void {
  const texts = rules.map(({ text }) => text);
  if (strings.includes(null)) texts.push(NOT_NULL);
  else if (strings.every((text) => text === null || rules.every(({ holds }) => holds(text)))) return;
  to.add(path, value, `${who} satisfy constraint: [${texts.join(', ')}]`);
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
