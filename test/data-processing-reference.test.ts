import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JSONValue, jsonpath } from 'json-p3';
import { type JsonPath, parseJsonPath, type Step } from '../src/agent/associate/json-path.ts';
import {
  addInferenceId,
  csvPathTexts,
  csvTexts,
  Fault,
  type FaultCode,
  joinJson,
  jsonTexts,
  jsonWithPath,
  linesOf,
  parseJson,
  parseRow,
  selectCsv,
  selectJson,
  transform,
} from './data-processing-reference.ts';

const json = (text: string): JsonPath => parseJsonPath('OutputFilter', text, { csv: false });
const csv = (text: string): JsonPath => parseJsonPath('OutputFilter', text, { csv: true });

function fails(code: FaultCode, call: () => unknown, about = ''): void {
  assert.throws(call, (error) => error instanceof Fault && error.code === code, `${code} ${about}`);
}

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The path as RFC 9535 has it: its dot names are others. */
function standard(steps: readonly Step[]): string {
  const quoted = (name: string): string =>
    `'${JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  const shown = (step: Step): string => {
    if (step.kind === 'name') return quoted(step.name);
    if (step.kind === 'names') return step.names.map(quoted).join(',');
    if (step.kind === 'index') return String(step.index);
    if (step.kind === 'indexes') return step.indexes.join(',');
    return step.kind === 'all' ? '*' : `${step.start ?? ''}:${step.end ?? ''}`;
  };
  return `$${steps.map((step) => `[${shown(step)}]`).join('')}`;
}

test('the JSON parser takes what JSON.parse takes', () => {
  const edit = fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'"\\,:[]{}0-.e \n\u0001tu', '\u2028'));
  const options = { newlines: true, duplicates: true };
  let valid = 0;
  const property = fc.property(jsonTexts(options), fc.option(edit), (text, change) => {
    assert.doesNotThrow(() => JSON.parse(text));
    assert.equal(parseJson(` ${text}\n`).raw, text);
    if (change === null) return;
    const [at, removed, added] = change;
    const index = at % (text.length + 1);
    const edited = text.slice(0, index) + added + text.slice(index + removed);
    assert.equal(accepts(parseJson, edited), accepts(JSON.parse, edited), edited);
    if (accepts(parseJson, edited)) valid += 1;
  });
  fc.assert(property, { numRuns: 1000 });
  assert(valid > 50, `only ${valid} were valid`);
  for (const text of [
    '',
    ' ',
    '01',
    '1.',
    '.1',
    '+1',
    'nul',
    'truefalse',
    '[1,]',
    '{,}',
    '{"a"}',
    '"\t"',
    '\ufeff1',
    '\u00a01',
  ]) {
    assert.equal(accepts(parseJson, text), false, text);
  }
});

test('paths select what RFC 9535 says', () => {
  const seen = new Map<string, number>();
  const property = fc.property(jsonWithPath({ newlines: true, duplicates: false }), ({ text, path: pathText }) => {
    const path = json(pathText);
    if (path.steps.at(-1)?.kind === 'names') return;
    let selected: string | undefined;
    try {
      selected = selectJson(path, text);
    } catch (error) {
      assert(error instanceof Fault);
      if (error.code === 'IndexOutOfRange') return;
      assert.equal(error.code, 'FilterSelectsNothing');
    }
    const values = selected === undefined ? [] : JSON.parse(path.definite ? `[${selected}]` : selected);
    assert.deepEqual(values, jsonpath.query(standard(path.steps), JSON.parse(text) as JSONValue).values());
    for (const { kind } of values.length > 0 ? path.steps : []) seen.set(kind, (seen.get(kind) ?? 0) + 1);
  });
  fc.assert(property, { numRuns: 2000 });
  for (const kind of ['name', 'names', 'index', 'indexes', 'slice', 'all']) {
    assert((seen.get(kind) ?? 0) >= 10, `${kind} selected something ${seen.get(kind)} times`);
  }
});

test('what a path selects of JSON', () => {
  const examples: [path: string, text: string, selected: string | FaultCode][] = [
    ['$', ' {"a": 1 } ', '{"a": 1 }'],
    ['$.a', '{"a": [ 1.0, 2 ]}', '[ 1.0, 2 ]'],
    ['$.a', '{"\\u0061":9007199254740993}', '9007199254740993'],
    ['$.a', '{"b":1}', 'FilterSelectsNothing'],
    ['$.a', '[1]', 'FilterSelectsNothing'],
    ['$.a.b', '{"a":{"b":null}}', 'null'],
    ["$['a','b']", '{"b" : 1.0 , "x":0, "\\u0061": [ ] }', '{"a":[ ],"b":1.0}'],
    ["$['a','b']", '{"b":1}', '{"b":1}'],
    ["$['a','b']", '{"c":1}', 'FilterSelectsNothing'],
    ["$['a','b']", '[]', 'FilterSelectsNothing'],
    ["$['é\"','b']", '{"b":1,"é\\"":2}', '{"é\\"":2,"b":1}'],
    ["$['a','b'].c", '{"b":{"c":1},"a":{"c":2}}', '[2,1]'],
    ["$[*]['a','b']", '[{"a":1},{"b":2,"a":3},{},4]', '[{"a":1},{"a":3,"b":2}]'],
    ['$[0]', '[1]', '1'],
    ['$[-1]', '[1, 2]', '2'],
    ['$[1]', '[1]', 'IndexOutOfRange'],
    ['$[-2]', '[1]', 'IndexOutOfRange'],
    ['$[0]', '{"0":1}', 'FilterSelectsNothing'],
    ['$[-1,0]', '[1, 2]', '[2,1]'],
    ['$[0,-1]', '[1]', '[1,1]'],
    ['$[0,1]', '[1]', 'IndexOutOfRange'],
    ['$[*][0]', '[[1],[]]', 'IndexOutOfRange'],
    ['$[1:]', '[1,2,3]', '[2,3]'],
    ['$[-2:9]', '[1,2,3]', '[2,3]'],
    ['$[2:1]', '[1,2,3]', 'FilterSelectsNothing'],
    ['$[:]', '{"a":1}', 'FilterSelectsNothing'],
    ['$.*', '{"b":1 , "a":"x"}', '[1,"x"]'],
    ['$[*]', '[]', 'FilterSelectsNothing'],
    ['$.*', '1', 'FilterSelectsNothing'],
    ['$.a', '{"a":1,"\\u0061":2}', 'DuplicateAttribute'],
    ["$['b','a']", '{"a":1,"a":2}', 'DuplicateAttribute'],
    ['$.b', '{"a":1,"a":2,"b":3}', '3'],
    ['$.*', '{"a":1,"a":2}', '[1,2]'],
  ];
  for (const [path, text, selected] of examples) {
    if (/^[A-Z]/.test(selected)) fails(selected as FaultCode, () => selectJson(json(path), text), `${path} ${text}`);
    else assert.equal(selectJson(json(path), text), selected, `${path} ${text}`);
  }
});

test('joined and identified JSON', () => {
  assert.equal(joinJson('{"a":1 }', '5'), '{"a":1,"SageMakerOutput":5 }');
  assert.equal(joinJson(' { } ', ' [1 ]\n'), '{"SageMakerOutput":[1 ] }');
  assert.equal(joinJson('{"SageMakerOutput" : {"x":1} ,"a":2}', '"y"'), '{"SageMakerOutput" : "y" ,"a":2}');
  assert.equal(joinJson('{"Sage\\u004dakerOutput":1}', '2'), '{"Sage\\u004dakerOutput":2}');
  assert.equal(joinJson('{"a":1,"a":1}', '2'), '{"a":1,"a":1,"SageMakerOutput":2}');
  assert.equal(joinJson(' [1, 2] ', '3'), '{"SageMakerInput":[1, 2],"SageMakerOutput":3}');
  fails('DuplicateAttribute', () => joinJson('{"SageMakerOutput":1,"SageMakerOutput":1}', '2'));
  assert.equal(addInferenceId('{}', 'i', 't'), '{"SageMakerInferenceId":"i","SageMakerInferenceTime":"t"}');
  assert.equal(
    addInferenceId('{"SageMakerInferenceTime":0, "a":1 }', 'i', 't'),
    '{"SageMakerInferenceTime":"t", "a":1,"SageMakerInferenceId":"i" }',
  );
  assert.equal(
    addInferenceId(' 5', 'i', 't'),
    '{"SageMakerOutput":5,"SageMakerInferenceId":"i","SageMakerInferenceTime":"t"}',
  );
  fails('DuplicateAttribute', () => addInferenceId('{"SageMakerInferenceId":1,"SageMakerInferenceId":1}', 'i', 't'));
  const value = jsonTexts({ newlines: true, duplicates: false });
  fc.assert(
    fc.property(value, value, (input, output) => {
      const record = JSON.parse(input);
      const object = typeof record === 'object' && record !== null && !Array.isArray(record);
      const base = object ? record : { SageMakerInput: record };
      assert.deepEqual(JSON.parse(joinJson(input, output)), { ...base, SageMakerOutput: JSON.parse(output) });
    }),
  );
});

test('the fields of a row and what a path selects of them', () => {
  assert.deepEqual(parseRow('a,"b,""c",, d"e'), ['a', '"b,""c"', '', ' d"e']);
  assert.deepEqual(parseRow(''), ['']);
  assert.deepEqual(parseRow(','), ['', '']);
  for (const row of ['"a', '"a"b', '"a" ,b', 'a,"', '"""']) assert.throws(() => parseRow(row), SyntaxError, row);
  const fields = ['a', '"b,"', 'c'];
  assert.deepEqual(selectCsv(csv('$'), fields), fields);
  assert.deepEqual(selectCsv(csv('$[*]'), fields), fields);
  assert.deepEqual(selectCsv(csv('$[-2]'), fields), ['"b,"']);
  assert.deepEqual(selectCsv(csv('$[2,0]'), fields), ['c', 'a']);
  assert.deepEqual(selectCsv(csv('$[1:9]'), fields), ['"b,"', 'c']);
  fails('IndexOutOfRange', () => selectCsv(csv('$[3]'), fields));
  fails('IndexOutOfRange', () => selectCsv(csv('$[0,-4]'), fields));
  fails('FilterSelectsNothing', () => selectCsv(csv('$[3:]'), fields));
});

test('lines', () => {
  assert.deepEqual(linesOf('', false), []);
  assert.deepEqual(linesOf('a\r\n\nb\r\r\nc', false), ['a', '', 'b\r', 'c']);
  assert.deepEqual(linesOf('"a\r\nb"\r\nc"\n"\n', true), ['"a\r\nb"', 'c"', '"\n']);
  assert.deepEqual(linesOf('x,"a""\n",1\n"a"b\n', true), ['x,"a""\n",1', '"a"b']);
});

test('CSV texts survive a transform that joins a column and takes it away', () => {
  const texts = fc
    .boolean()
    .chain((quotedNewlines) => fc.tuple(csvTexts({ quotedNewlines }), fc.constant(quotedNewlines)));
  const property = fc.property(texts, ([text, quotedNewlines]) => {
    const { request, respond } = transform(
      { format: 'csv', join: true, outputFilter: csv('$[:-1]'), quotedNewlines },
      text,
    );
    const rows = linesOf(text, quotedNewlines);
    assert.equal(request, text);
    assert.equal(respond('x\n'.repeat(rows.length)), rows.map((row) => `${row}\n`).join(''));
  });
  fc.assert(property, { numRuns: 300 });
});

test('a row is an array of its columns', () => {
  const outcome = (select: () => readonly string[]): readonly string[] | FaultCode => {
    try {
      return select();
    } catch (error) {
      assert(error instanceof Fault);
      return error.code;
    }
  };
  const fields = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
  const property = fc.property(csvPathTexts(), fields, (text, row) => {
    const path = csv(text);
    const asJson = (): readonly string[] => [JSON.parse(selectJson(path, JSON.stringify(row)))].flat();
    assert.deepEqual(
      outcome(() => selectCsv(path, row)),
      outcome(asJson),
    );
  });
  fc.assert(property, { numRuns: 300 });
});

test('transforms', () => {
  const lines = { format: 'json-lines', join: true } as const;
  const filtered = transform(
    { ...lines, inputFilter: json('$.x'), outputFilter: json("$['id','SageMakerOutput']") },
    '{"id":1,"x":[1.0]}\r\n {"x":2,"id":2}',
  );
  assert.equal(filtered.request, '[1.0]\n2');
  assert.equal(
    filtered.respond(' 0.10\n{"s":1 }'),
    '{"id":1,"SageMakerOutput":0.10}\n{"id":2,"SageMakerOutput":{"s":1 }}\n',
  );
  fails('MismatchedCount', () => filtered.respond('1\n'));
  fails('MismatchedCount', () => filtered.respond(''));
  fails('MismatchedCount', () => filtered.respond('1\n2\n\n'));
  fails('OutputNotParsed', () => filtered.respond('1\n\n'));
  fails('OutputNotParsed', () => filtered.respond('1\nx\n'));

  const inferenceId = { id: (index: number) => `id${index}`, time: 'T' };
  const rows = transform(
    { format: 'csv', join: true, inputFilter: csv('$[1:]'), outputFilter: csv('$[0,-1]'), inferenceId },
    'a,"1,2"\r\nb,3\r\n',
  );
  assert.equal(rows.request, '"1,2"\n3\n');
  assert.equal(rows.respond('x,y\r\nz\n'), 'a,y,id0,T\nb,z,id1,T\n');
  fails('OutputNotParsed', () => rows.respond('"x\ny\n'));
  fails('OutputNotParsed', () => rows.respond('\ny\n'));

  const document = transform({ format: 'json', join: true, inferenceId }, ' [1,\n2]\n');
  assert.equal(document.request, ' [1,\n2]\n');
  assert.equal(
    document.respond('{\n}\n'),
    '{"SageMakerInput":[1,\n2],"SageMakerOutput":{\n},"SageMakerInferenceId":"id0","SageMakerInferenceTime":"T"}',
  );
  fails('OutputNotParsed', () => document.respond(''));

  const bare = transform({ format: 'csv', join: false, outputFilter: csv('$[-1]') }, 'not,"csv\n1\n');
  assert.equal(bare.respond('1,2\n3,4'), '2\n4\n');
  const inputOnly = transform({ format: 'csv', join: false, inputFilter: csv('$[0]') }, '1,2\n');
  assert.equal(inputOnly.request, '1\n');
  assert.equal(inputOnly.respond('as\r\nit is'), 'as\r\nit is');

  fails('InputNotParsed', () => transform(lines, '{"a":1}\n\n{}\n'));
  fails('InputNotParsed', () => transform({ format: 'json', join: true }, ''));
  fails('InputNotParsed', () => transform({ format: 'csv', join: true }, '"a\nb"\n'));
  fails('RaggedRow', () => transform({ format: 'csv', join: true }, 'a,b\n\n'));
  assert.equal(transform({ format: 'csv', join: true, quotedNewlines: true }, '"a\nb"\n').respond('1'), '"a\nb",1\n');
});
