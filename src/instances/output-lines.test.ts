import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputLines } from './output-lines.ts';

test('lines of both streams as they come, in pieces of any size, and the unfinished ones at the end', () => {
  const seen: string[] = [];
  const lines = new OutputLines((line) => seen.push(line));
  lines.push('stdout', Buffer.from('one\r\ntw'));
  lines.push('stderr', Buffer.from('oops'));
  lines.push('stdout', Buffer.from('o\nthree'));
  assert.deepEqual(seen, ['one', 'two']);
  assert.equal(lines.last(), 'one\ntwo\nthree\noops');
  lines.end();
  assert.deepEqual(seen, ['one', 'two', 'three', 'oops']);
  assert.equal(lines.last(), 'one\ntwo\nthree\noops', 'each of them once');
  lines.end();
  assert.equal(seen.length, 4);
});
