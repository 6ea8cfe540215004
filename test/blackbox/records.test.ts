import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sandbox } from './millrace.ts';
import { predictions, startModelServer } from './model-server.ts';
import { randomLines } from './random.ts';

const MIB = 2 ** 20;

describe('records and mini-batches (behaviour 2)', { concurrency: 4 }, () => {
  test('MultiRecord sends the original bytes, whatever they are', async (t) => {
    const objects = {
      'crlf.csv': 'a,1\r\nb,2\r\n',
      'no-final-newline.csv': 'a,1\nb,2',
      'nul.csv': 'a\0b\n\0\nc\n',
      'empty-lines.csv': '\n\na\n\n',
      'only-newline.csv': '\n',
      'one-byte.csv': 'x',
      'latin1.csv': 'gr\xfc\xdfe\n\xff\xfe\n',
      'lone-cr.csv': 'a\rb\r\nc\r',
    };
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    for (const [name, text] of Object.entries(objects))
      await box.write({ [`in/${name}`]: Buffer.from(text, 'latin1') });
    const run = await box.transform(server.url);
    assert.equal(run.status, 0, run.all);
    const bodies = server.invocations.map(({ body }) => body.toString('latin1'));
    assert.deepEqual(bodies.sort(), Object.values(objects).sort());
    for (const [name, text] of Object.entries(objects)) {
      assert.equal(await box.read(`out/${name}.out`), predictions(Buffer.from(text, 'latin1')), name);
    }
  });

  test('MultiRecord fills requests as far as they go and never over the limit', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    // Lines of all lengths up to some that nearly fill a request by themselves.
    const text = randomLines({ seed: 7, bytes: 12 * MIB, longest: 300_000 });
    await box.write({ 'in/a.csv': text });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1', '--max-concurrent-transforms', '3']);
    assert.equal(run.status, 0, run.all);
    assert.equal(await box.read('out/a.csv.out'), predictions(text));
    const byPlace = server.invocations.map(({ body }) => body).sort((a, b) => text.indexOf(a) - text.indexOf(b));
    assert.ok(Buffer.concat(byPlace).equals(text), 'the bodies are the object');
    for (const [index, body] of byPlace.entries()) {
      assert.ok(body.length <= MIB, `${body.length} bytes in one request`);
      assert.equal(body.at(-1), 10, 'a request ends where a record does');
      const next = byPlace[index + 1];
      if (next !== undefined) {
        assert.ok(body.length + next.indexOf(10) + 1 > MIB, 'another record would have fitted');
      }
    }
  });

  test('a record may be as large as the limit and not a byte larger', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({
      'in/fits.csv': `a\n${'x'.repeat(MIB - 1)}\nb\n`,
      'in/fits-without-newline.csv': 'x'.repeat(MIB),
      'in/too-large.csv': `a\nbc\n${'x'.repeat(MIB)}\nb\n`,
    });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stderr,
      /in\/too-large\.csv: Too much data for max payload size: record 3 at byte 5 is larger than 1048576 bytes\. Raise --max-payload-in-mb/,
    );
    assert.deepEqual(await box.files('out'), ['fits-without-newline.csv.out', 'fits.csv.out']);
    assert.equal(await box.read('out/fits.csv.out'), predictions(`a\n${'x'.repeat(MIB - 1)}\nb\n`));
  });

  test('SingleRecord sends one request per record, with its newline', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/a.csv': 'one\r\n\ntwo\nlast' });
    const run = await box.transform(server.url, ['--batch-strategy', 'SingleRecord']);
    assert.equal(run.status, 0, run.all);
    assert.deepEqual(
      server.invocations.map(({ text }) => text),
      ['one\r\n', '\n', 'two\n', 'last'],
    );
    assert.equal(await box.read('out/a.csv.out'), predictions('one\r\n\ntwo\nlast'));
  });

  test('None sends the whole object, of whatever bytes', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const picture = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256));
    await box.write({ 'in/a.png': picture, 'in/b.png': Buffer.from('\n\n\0\n') });
    const run = await box.transform(server.url, ['--batch-strategy', 'SingleRecord']);
    assert.equal(run.status, 0, run.all);
    assert.ok(server.invocations[0]?.body.equals(picture));
    assert.ok(server.invocations[1]?.body.equals(Buffer.from('\n\n\0\n')));
    assert.equal(server.invocations.length, 2);
  });

  test('None: an object over the limit fails by itself and is not sent', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    await box.write({ 'in/large.bin': Buffer.alloc(MIB + 1), 'in/fits.bin': Buffer.alloc(MIB, 'x') });
    const run = await box.transform(server.url, ['--max-payload-in-mb', '1']);
    assert.equal(run.status, 1, run.all);
    assert.match(
      run.stderr,
      /in\/large\.bin: Too much data for max payload size: the object has 1048577 bytes and is sent whole, 1048576 are allowed/,
    );
    assert.deepEqual(await box.files('out'), ['fits.bin.out']);
    assert.equal(server.invocations.length, 1);
  });

  test('content type and split follow the ending, and are shown', async (t) => {
    const [box, server] = [new Sandbox(t), await startModelServer(t)];
    const rows: [name: string, type: string | undefined, split: string, assemble: string][] = [
      ['a.csv', 'text/csv', 'Line', 'Line'],
      ['a.CSV', 'text/csv', 'Line', 'Line'],
      ['a.jsonl', 'application/jsonlines', 'Line', 'Line'],
      ['a.json', 'application/json', 'None', 'None'],
      ['a.txt', 'text/plain', 'Line', 'Line'],
      ['a.bin', undefined, 'None', 'None'],
      ['a', undefined, 'None', 'None'],
    ];
    for (const [index, [name, type, split, assemble]] of rows.entries()) {
      await box.write({ [`${index}/${name}`]: '1\n' });
      const run = await box.transform(server.url, ['--input', String(index)]);
      assert.equal(run.status, 0, run.all);
      const shown = `Content type ${type ?? 'none'}, split ${split}, assembled with ${assemble} (`;
      assert.ok(run.stderr.includes(shown), `${name}: ${run.stderr}`);
      assert.equal(server.invocations.at(-1)?.headers['content-type'], type, name);
    }
    // With different endings nothing is plain.
    const mixed = await box.transform(server.url, ['--input', '.']);
    assert.match(
      mixed.stderr,
      /Content type none, split None, assembled with None \(the objects have different endings\)/,
    );
  });
});
