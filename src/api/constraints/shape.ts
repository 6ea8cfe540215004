import { type Pattern, pattern as patternOf } from './pattern.ts';
import { type Bounds, boundRules, codePoints, enumRule, patternRule, type Rule } from './rule.ts';

/** The shapes that requests are made of. A table of these says everything that a request may hold, member by member. */
export type Shape =
  | StringShape
  | IntegerShape
  | BooleanShape
  | TimestampShape
  | DocumentShape
  | ListShape
  | MapShape
  | StructureShape;

/** `V` are the values that it may have: those of its enum, or any. */
export interface StringShape<V extends string = string> {
  readonly kind: 'string';
  readonly rules: readonly Rule<string>[];
  /** `undefined` when any value may come. */
  readonly oneOf: readonly V[] | undefined;
}

export interface IntegerShape {
  readonly kind: 'integer';
  readonly rules: readonly Rule<number>[];
}

export interface BooleanShape {
  readonly kind: 'boolean';
}

export interface TimestampShape {
  readonly kind: 'timestamp';
}

export interface DocumentShape {
  readonly kind: 'document';
}

export interface ListShape<I extends StringShape | StructureShape = StringShape | StructureShape> {
  readonly kind: 'list';
  readonly item: I;
  readonly rules: readonly Rule<number>[];
}

export interface MapShape<V extends StringShape = StringShape> {
  readonly kind: 'map';
  readonly key: StringShape;
  readonly value: V;
  readonly rules: readonly Rule<number>[];
}

export interface StructureShape<M extends Members = Members> {
  readonly kind: 'structure';
  readonly members: M;
}

export interface RequiredMember<S extends Shape = Shape> {
  readonly kind: 'required';
  readonly shape: S;
}

/** A structure's members by their names on the wire, in the order in which violations are reported. */
export interface Members {
  readonly [name: string]: Shape | RequiredMember;
}

/** A pattern goes with a maximum: values far beyond it are refused unmatched. */
type StringRules<V extends string> =
  | { readonly oneOf: readonly V[] }
  | { readonly min?: number; readonly max: number; readonly pattern?: string | Pattern };

/** Without rules, any string. The minimum length is 0 unless given. */
export function string<const V extends string = string>(rules?: StringRules<V>): StringShape<V> {
  if (rules === undefined) return { kind: 'string', rules: [], oneOf: undefined };
  if ('oneOf' in rules) return { kind: 'string', rules: [enumRule(rules.oneOf)], oneOf: rules.oneOf };
  const { min = 0, max, pattern } = rules;
  const length = boundRules('length', { min, max }, codePoints);
  const match = pattern === undefined ? [] : [typeof pattern === 'string' ? patternOf(pattern) : pattern];
  return { kind: 'string', rules: [...length, ...match.map(patternRule)], oneOf: undefined };
}

/** A whole number of 32 bits. */
export function integer(bounds: Bounds = {}): IntegerShape {
  return { kind: 'integer', rules: boundRules('value', bounds, (value: number) => value) };
}

export function boolean(): BooleanShape {
  return { kind: 'boolean' };
}

/** Seconds since the epoch on the wire; milliseconds since the epoch, a whole number, in a checked request. */
export function timestamp(): TimestampShape {
  return { kind: 'timestamp' };
}

/** A structure whose members nobody looks at: kept as it came. */
export function document(): DocumentShape {
  return { kind: 'document' };
}

/** Bounds are on the number of items. */
export function list<I extends StringShape | StructureShape>(item: I, bounds: Bounds = {}): ListShape<I> {
  return { kind: 'list', item, rules: boundRules('length', bounds, (size: number) => size) };
}

/** Bounds are on the number of entries. */
export function map<V extends StringShape>(key: StringShape, value: V, bounds: Bounds = {}): MapShape<V> {
  return { kind: 'map', key, value, rules: boundRules('length', bounds, (size: number) => size) };
}

export function structure<M extends Members>(members: M): StructureShape<M> {
  return { kind: 'structure', members };
}

export function required<S extends Shape>(shape: S): RequiredMember<S> {
  return { kind: 'required', shape };
}

/** The type of what `checked` returns for a shape: required members are there, optional ones are there or not. */
export type Infer<S extends Shape> =
  S extends StringShape<infer V>
    ? V
    : S extends IntegerShape | TimestampShape
      ? number
      : S extends BooleanShape
        ? boolean
        : S extends DocumentShape
          ? Readonly<Record<string, unknown>>
          : S extends ListShape<infer I>
            ? readonly Infer<I>[]
            : S extends MapShape<infer V>
              ? Readonly<Record<string, Infer<V>>>
              : S extends StructureShape<infer M>
                ? InferMembers<M>
                : never;

type InferMembers<M extends Members> = Flat<
  { readonly [N in keyof M as M[N] extends RequiredMember ? N : never]: InferMember<M[N]> } & {
    readonly [N in keyof M as M[N] extends RequiredMember ? never : N]?: InferMember<M[N]>;
  }
>;

type InferMember<M extends Shape | RequiredMember> =
  M extends RequiredMember<infer S> ? Infer<S> : M extends Shape ? Infer<M> : never;

/** One object type instead of an intersection, so that editors and messages show members. */
type Flat<T> = { [N in keyof T]: T[N] };
