import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from './fault.ts';
import { parseJsonBody } from './json-body.ts';

function refusal(body: Buffer | string): string {
  try {
    parseJsonBody(Buffer.from(body));
  } catch (error) {
    assert(error instanceof Fault && error.code === 'SerializationException' && error.status === 400, String(error));
    return error.message;
  }
  assert.fail('accepted');
}

const nested = (depth: number, open: string, close: string, inner = '1'): string =>
  open.repeat(depth) + inner + close.repeat(depth);

test('any JSON comes as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parseJsonBody(Buffer.from(text)), JSON.parse(text));
    }),
  );
});

test('no body is an empty request', () => {
  assert.deepEqual(parseJsonBody(Buffer.alloc(0)), {});
});

test('what is no JSON is refused with where it ends to be JSON', () => {
  for (const body of ['{', '{"a":1', 'a', "{'a':1}", '{"a":1}x', '[1,]', ' ', '\0', '"\\', '"', ']', '}'])
    assert.match(refusal(body), /^The body is not JSON: /, body);
  assert.match(refusal('{"a" 1}'), /position 5/);
});

test('what is no UTF-8 is refused, and not mended', () => {
  for (const bytes of [[0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]])
    assert.equal(refusal(Buffer.from(bytes)), 'The body is not JSON: it is not UTF-8');
});

test('JSON is nested as deep as anybody needs, and no deeper', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ] as const) {
    const each = open.includes('[{') ? 2 : 1;
    assert.doesNotThrow(() => parseJsonBody(Buffer.from(nested(64 / each, open, close))));
    assert.match(refusal(nested(64 / each + 1, open, close)), /at most 64 deep/);
    assert.match(refusal(nested(100_000, open, close)), /at most 64 deep/);
  }
});

test('brackets in texts are no nesting, whatever stands before them', () => {
  const brackets = '[{'.repeat(100);
  for (const value of [
    brackets,
    `\\"${brackets}`,
    `\\${brackets}`,
    `${brackets}\\`,
    `"${brackets}"`,
    `\\\\"${brackets}`,
  ]) {
    const text = JSON.stringify({ [value]: [value] });
    assert.deepEqual(parseJsonBody(Buffer.from(text)), JSON.parse(text));
  }
  // Side by side they are not deep.
  assert.doesNotThrow(() => parseJsonBody(Buffer.from(`[${'[],'.repeat(1000)}[]]`)));
  // And what closes too much hides nothing.
  refusal(`${']'.repeat(1000)}${nested(100, '[', ']')}`);
});
