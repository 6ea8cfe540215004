import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../fault.ts';
import { checked } from './check.ts';
import { boolean, integer, list, map, required, type StructureShape, string, structure, timestamp } from './shape.ts';
import { createModelInput, listModelsInput } from './tables/models.ts';
import { addTagsInput, deleteTagsInput } from './tables/tags.ts';
import { createTransformJobInput } from './tables/transform-jobs.ts';
import { unknownMembers } from './unknown-members.ts';

function refusal(shape: StructureShape, input: unknown): Fault {
  try {
    checked(shape, input);
  } catch (error) {
    assert(error instanceof Fault && error.status === 400, String(error));
    return error;
  }
  assert.fail('accepted');
}

function message(shape: StructureShape, input: unknown): string {
  const { code, message } = refusal(shape, input);
  return `${code}: ${message}`;
}

/** JSON with objects inside of one another, too many for anything that calls itself. */
function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { Deep: value } : [value];
  return value;
}

test('everything that is wrong comes in one message, in the order of the shape', () => {
  const request = {
    VpcConfig: { Subnets: [], SecurityGroupIds: ['sg 1', 'sg-2'] },
    Tags: [{ Key: 'ok', Value: 'ok' }, { Key: 'a#b' }],
    ModelName: `${'a'.repeat(63)}.`,
    PrimaryContainer: { Environment: { '1': 'x'.repeat(3), B: 'y' }, Image: '' },
  };
  const name = request.ModelName;
  const at = (value: string, path: string, text: string) =>
    `Value ${value} at '${path}' failed to satisfy constraint: ${text}`;
  assert.equal(
    message(createModelInput, request),
    `ValidationException: 8 validation errors detected: ${[
      at(`'${name}'`, 'modelName', 'Member must have length less than or equal to 63'),
      at(
        `'${name}'`,
        'modelName',
        'Member must satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?',
      ),
      at("''", 'primaryContainer.image', 'Member must satisfy regular expression pattern: [\\S]+'),
      at(
        "'{1=xxx, B=y}'",
        'primaryContainer.environment',
        'Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]',
      ),
      at(
        "'a#b'",
        'tags.2.member.key',
        'Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)',
      ),
      at('null', 'tags.2.member.value', 'Member must not be null'),
      at(
        "'[sg 1, sg-2]'",
        'vpcConfig.securityGroupIds',
        'Member must satisfy constraint: [Member must have length less than or equal to 32, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]',
      ),
      at("'[]'", 'vpcConfig.subnets', 'Member must have length greater than or equal to 1'),
    ].join('; ')}`,
  );
});

// Found on the real service: github.com/aws/sagemaker-sparkml-serving-container/issues/12
test('a value of a map that is too long is reported as users have seen it', () => {
  const schema = 'x'.repeat(1025);
  assert.equal(
    message(createModelInput, {
      ModelName: 'm',
      PrimaryContainer: { Environment: { SAGEMAKER_SPARKML_SCHEMA: schema } },
    }),
    `ValidationException: 1 validation error detected: Value '{SAGEMAKER_SPARKML_SCHEMA=${schema}}' at 'primaryContainer.environment' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [\\S\\s]*]`,
  );
});

test('a wrong type is reported alone, before any violation', () => {
  const text = 'SerializationException: STRING_VALUE can not be converted to an Integer';
  assert.equal(message(listModelsInput, { NameContains: 'a b', MaxResults: '1' }), text);
  assert.equal(message(createTransformJobInput, { MaxPayloadInMB: '1' }), text);
});

test('each type says what it cannot be made of', () => {
  const shape = structure({
    String: string(),
    Integer: integer(),
    Boolean: boolean(),
    Time: timestamp(),
    List: list(string()),
    Map: map(string(), string()),
    Below: structure({}),
  });
  const listStart = 'Start of list found where not expected';
  const objectStart = 'Start of structure or map found where not expected.';
  const examples: [string, unknown, string][] = [
    ['String', true, 'TRUE_VALUE can not be converted to a String'],
    ['String', false, 'FALSE_VALUE can not be converted to a String'],
    ['String', 0.5, 'NUMBER_VALUE can not be converted to a String'],
    ['String', ['a'], listStart],
    ['String', { a: 1 }, objectStart],
    ['Integer', true, 'TRUE_VALUE can not be converted to an Integer'],
    ['Integer', [1], listStart],
    ['Integer', {}, objectStart],
    ...[1.5, 2 ** 31, -(2 ** 31) - 1, 1e300, -1e-9].map((value): [string, unknown, string] => [
      'Integer',
      value,
      'NUMBER_VALUE can not be converted to an Integer',
    ]),
    ['Boolean', 'maybe', 'STRING_VALUE can not be converted to an Boolean'],
    ['Boolean', 1, 'NUMBER_VALUE can not be converted to a Boolean'],
    ['Boolean', [true], listStart],
    ['Time', true, 'TRUE_VALUE can not be converted to milliseconds since epoch'],
    ['Time', '1600000000', 'STRING_VALUE can not be converted to milliseconds since epoch'],
    ['Time', 1e300, 'NUMBER_VALUE can not be converted to milliseconds since epoch'],
    ['Time', {}, objectStart],
    ['List', {}, objectStart],
    ['List', 1, 'Expected list or null'],
    ['List', [1], 'NUMBER_VALUE can not be converted to a String'],
    ['List', [[]], listStart],
    ['Map', [], listStart],
    ['Map', true, 'Expected map or null'],
    ['Map', { a: {} }, objectStart],
    ['Below', [], listStart],
    ['Below', 1, 'Expected null'],
  ];
  for (const [name, value, text] of examples) {
    assert.equal(
      message(shape, { [name]: value }),
      `SerializationException: ${text}`,
      `${name} ${JSON.stringify(value)}`,
    );
  }
  assert.equal(message(shape, []), `SerializationException: ${listStart}`);
  for (const body of [null, undefined]) {
    assert.equal(message(shape, body), 'SerializationException: Start of structure expected');
  }
  assert.equal(message(shape, 'text'), 'SerializationException: Expected null');
});

test('what the original takes for a value of a type is taken', () => {
  const shape = structure({ Integer: integer(), Boolean: boolean(), Time: timestamp() });
  const taken = (value: object) => checked(shape, value);
  for (const value of [0, -0, 1, 2 ** 31 - 1, -(2 ** 31)]) assert.equal(taken({ Integer: value }).Integer, value + 0);
  for (const word of [true, 'true', 'TRUE', 'Yes', 'y', 't', '1']) assert.equal(taken({ Boolean: word }).Boolean, true);
  for (const word of [false, 'false', 'No', 'n', 'f', '0']) assert.equal(taken({ Boolean: word }).Boolean, false);
  for (const [Time, ms] of [
    [0, 0],
    [1.0015, 1002],
    [-1.5, -1500],
    [8.64e12, 8.64e15],
  ]) {
    assert.equal(taken({ Time }).Time, ms);
  }
});

test('null is an absent member, but neither an item nor a value of a map', () => {
  assert.deepEqual(checked(listModelsInput, { SortBy: null, MaxResults: null, CreationTimeAfter: null }), {});
  const one = 'ValidationException: 1 validation error detected: Value';
  const arn = 'arn:aws:sagemaker:eu-west-1:123456789012:model/m';
  assert.equal(
    message(addTagsInput, { ResourceArn: arn, Tags: [null] }),
    `${one} null at 'tags.1.member' failed to satisfy constraint: Member must not be null`,
  );
  assert.equal(
    message(deleteTagsInput, { ResourceArn: arn, TagKeys: ['a', null] }),
    `${one} '[a, null]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*), Member must not be null]`,
  );
  assert.equal(
    message(structure({ Map: map(string(), string()) }), { Map: { a: null } }),
    `${one} '{a=null}' at 'map' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]`,
  );
});

test('names of what every object has are names like others', () => {
  const shape = structure({ Map: map(string({ max: 99 }), string()), constructor: string() });
  const sent: unknown = JSON.parse(
    '{"Map": {"__proto__": "a", "constructor": "b"}, "__proto__": {"constructor": "c"}}',
  );
  const request = checked(shape, sent);
  assert.deepEqual(Object.entries(request.Map ?? {}), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
  assert(!Object.hasOwn(request, 'constructor'));
  assert.equal(Object.getPrototypeOf(request.Map), Object.prototype);
});

test('what nobody looks at may be of any depth', () => {
  const deep = nested(10_001);
  const request = { ModelName: 'm', Deep: deep, Containers: [{ Image: 'i', ModelDataSource: deep, Deeper: deep }] };
  assert.equal(checked(createModelInput, request).Containers?.[0]?.ModelDataSource, deep);
  // Shown in a message, it is cut off.
  const many = refusal(createModelInput, { ModelName: 'm', Containers: Array(16).fill(request.Containers[0]) });
  assert.match(many.message, /^1 .* Value '\[\{Image=i, ModelDataSource=\{Deep=\[\{\.\.\.\}\]\}, .* equal to 15$/);
});

test('messages are bounded, whatever is sent, and count what they leave out', () => {
  const Tags = Array.from({ length: 10_000 }, () => ({ Key: '#'.repeat(200) }));
  const { message: text } = refusal(addTagsInput, { ResourceArn: 'x'.repeat(5_000_000), Tags });
  assert.match(
    text,
    /^30002 validation errors detected: Value 'x{2048}\.\.\.' at 'resourceArn' failed to satisfy constraint: /,
  );
  const listed = text.split(' failed to satisfy constraint: ').length - 1;
  assert(text.endsWith(`; and ${30_002 - listed} more`), text.slice(-100));
  assert(text.length < 20_000, `${text.length} characters`);
});

test('a value that is too long is still held against its pattern, up to the greatest maximum', () => {
  const { message: text } = refusal(listModelsInput, { NextToken: `${'a'.repeat(8192)}\n` });
  assert.match(text, /^2 validation errors detected: .* equal to 8192; .* pattern: \.\*$/);
});

test('a value is cut between characters', () => {
  const { message: text } = refusal(listModelsInput, { SortBy: `a${'😀'.repeat(2000)}` });
  assert(text.isWellFormed());
});

test('no JSON makes it throw anything but a fault', () => {
  const shapes: readonly StructureShape[] = [createModelInput, createTransformJobInput, addTagsInput, listModelsInput];
  const names = [
    ...new Set(shapes.flatMap(({ members }) => Object.keys(members))),
    'DataSource',
    'S3Uri',
    'Image',
    'Key',
  ];
  const { object } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), fc.array(tie('value'), { maxLength: 3 }), tie('object')),
    object: fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('value'), { maxKeys: 6 }),
  }));
  let refused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...shapes), object, (shape, input) => {
      assert(unknownMembers(shape, input).length <= 20);
      try {
        checked(shape, input);
      } catch (error) {
        assert(error instanceof Fault, String(error));
        assert(['SerializationException', 'ValidationException'].includes(error.code));
        refused += 1;
      }
    }),
    { numRuns: 500 },
  );
  assert(refused > 0);
});

test('a required member that is a structure is reported itself, not what would be in it', () => {
  const shape = structure({ Outer: required(structure({ Inner: required(string()) })) });
  assert.match(message(shape, {}), / 1 validation error detected: Value null at 'outer' /);
  assert.match(message(shape, { Outer: {} }), / 1 validation error detected: Value null at 'outer\.inner' /);
});
