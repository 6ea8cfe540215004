import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineBuffer } from './line-buffer.ts';

const START = Date.parse('2026-11-22T10:00:00.000Z');

function takeAll(buffer: LineBuffer): { text: string; lines: number } {
  let text = '';
  let lines = 0;
  for (let block = buffer.take(); block !== undefined; block = buffer.take()) {
    text += block.bytes.toString();
    lines += block.lines;
  }
  return { text, lines };
}

test('lines come out as they went in, with their times', () => {
  const buffer = new LineBuffer(1 << 20, 100);
  const messages = ['', 'a', 'ü'.repeat(300), 'b\nc', '\\', 'x'.repeat(9000)];
  for (const [number, message] of messages.entries()) buffer.push(START + number, message);
  const { text, lines } = takeAll(buffer);
  assert.equal(lines, messages.length);
  assert.equal(
    text,
    ['', 'a', 'ü'.repeat(300), 'b\\nc', '\\\\', 'x'.repeat(9000)]
      .map((message, number) => `2026-11-22T10:00:00.00${number}Z ${message}\n`)
      .join(''),
  );
  assert.equal(buffer.bytes, 0);
  assert(buffer.empty);
});

test('when there is no room the oldest lines go, and a line says how many', () => {
  const buffer = new LineBuffer(10_000, 1000);
  for (let number = 0; number < 10_000; number++) buffer.push(START + number, `line ${number}`);
  assert(buffer.bytes <= 10_000, `${buffer.bytes} bytes`);
  const { text, lines } = takeAll(buffer);
  assert.equal(lines, 10_000);
  const [notice = '', ...kept] = text.trimEnd().split('\n');
  const dropped = 10_000 - kept.length;
  const first = kept[0] ?? '';
  assert.equal(
    notice.slice(25),
    `[millrace] ${dropped} lines are missing here: they came faster than they could be written`,
  );
  assert.equal(notice.slice(0, 25), first.slice(0, 25));
  assert.equal(first.slice(25), `line ${dropped}`);
  assert(kept.at(-1)?.endsWith('line 9999'));
  assert(kept.length > 100);
});

test('one line has always room', () => {
  const buffer = new LineBuffer(1000, 100);
  buffer.push(START, 'gone');
  buffer.push(START, 'y'.repeat(50_000));
  const { text } = takeAll(buffer);
  assert.match(text, /^\S+ \[millrace\] 1 lines are missing here.*\n\S+ y{50000}\n$/);
});
