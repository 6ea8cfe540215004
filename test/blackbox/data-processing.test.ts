import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { perLine, transformed } from './transformed.ts';

const JOIN = ['--join-source', 'Input'];
const SINGLE = ['--batch-strategy', 'SingleRecord'];

interface Row {
  readonly what: string;
  readonly name: string;
  readonly input: string;
  readonly args: readonly string[];
  /** What the model is asked, and what it answers. */
  readonly talk: readonly (readonly [request: string, response: string])[];
  readonly output: string;
}

// The examples of Amazon's "Associate Prediction Results with Input Records", and what follows from its rules.
const rows: readonly Row[] = [
  {
    what: 'CSV: only the inferences',
    name: 'a.csv',
    input: 'id1,1,2\nid2,3,4\n',
    args: ['--input-filter', '$[1:]'],
    talk: [['1,2\n3,4\n', '0.1\n0.2\n']],
    output: '0.1\n0.2\n',
  },
  {
    what: 'CSV: the inferences joined with the input',
    name: 'a.csv',
    input: 'id1,1,2\nid2,3,4\n',
    args: JOIN,
    talk: [['id1,1,2\nid2,3,4\n', '0.1\n0.2\n']],
    output: 'id1,1,2,0.1\nid2,3,4,0.2\n',
  },
  {
    what: 'CSV: without the ID column to the model, the ID and the inference in the result',
    name: 'a.csv',
    input: 'id1,1,2\nid2,3,4\n',
    args: ['--input-filter', '$[1:]', ...JOIN, '--output-filter', '$[0,-1]'],
    talk: [['1,2\n3,4\n', '0.1\n0.2\n']],
    output: 'id1,0.1\nid2,0.2\n',
  },
  {
    what: 'CSV: several columns of output come behind the input; the output filter sees all of them',
    name: 'a.csv',
    input: 'a,b\nc,d\n',
    args: [...JOIN, '--output-filter', '$[1:4]'],
    talk: [['a,b\nc,d\n', 'x,y,z\nu,v,w\n']],
    output: 'b,x,y\nd,u,v\n',
  },
  {
    what: 'CSV: an output filter without a join is for the bare output',
    name: 'a.csv',
    input: 'a,b\nc,d\n',
    args: ['--output-filter', '$[-1]'],
    talk: [['a,b\nc,d\n', 'x,y\nu,v\n']],
    output: 'y\nv\n',
  },
  {
    what: 'CSV: fields are sent and written in the order of the filter',
    name: 'a.csv',
    input: 'a,b,c\n',
    args: ['--input-filter', '$[2,0]', ...JOIN, '--output-filter', '$[-1,1]'],
    talk: [['c,a\n', 'x\n']],
    output: 'x,b\n',
  },
  {
    what: 'CSV: SingleRecord',
    name: 'a.csv',
    input: 'id1,1\nid2,2\n',
    args: [...SINGLE, '--input-filter', '$[1]', ...JOIN],
    talk: [
      ['1\n', '0.1'],
      ['2\n', '0.2\n'],
    ],
    output: 'id1,1,0.1\nid2,2,0.2\n',
  },
  {
    what: 'CSV: the whole object as one request',
    name: 'a.csv',
    input: 'id1,1\nid2,2\n',
    args: ['--split-type', 'None', '--input-filter', '$[1]', ...JOIN, '--output-filter', '$[0,2]'],
    talk: [['1\n2\n', '0.1\n0.2\n']],
    output: 'id1,0.1\nid2,0.2\n',
  },
  {
    what: 'JSON Lines: the inferences joined with the input',
    name: 'a.jsonl',
    input: '{"id":1,"features":[1,2]}\n{"id":2,"features":[3,4]}\n',
    args: JOIN,
    talk: [['{"id":1,"features":[1,2]}\n{"id":2,"features":[3,4]}\n', '{"score":0.1}\n{"score":0.2}\n']],
    output:
      '{"id":1,"features":[1,2],"SageMakerOutput":{"score":0.1}}\n{"id":2,"features":[3,4],"SageMakerOutput":{"score":0.2}}\n',
  },
  {
    what: 'JSON Lines: without the ID to the model, the ID and the inference in the result',
    name: 'a.jsonl',
    input: '{"id":1,"features":[1,2]}\n{"id":2,"features":[3,4]}\n',
    args: ['--input-filter', '$.features', ...JOIN, '--output-filter', "$['id','SageMakerOutput']"],
    talk: [['[1,2]\n[3,4]\n', '0.1\n0.2\n']],
    output: '{"id":1,"SageMakerOutput":0.1}\n{"id":2,"SageMakerOutput":0.2}\n',
  },
  {
    what: 'JSON Lines: what is no object becomes SageMakerInput',
    name: 'a.jsonl',
    input: '[1,2]\n"text"\nnull\n7\n',
    args: JOIN,
    talk: [['[1,2]\n"text"\nnull\n7\n', '[3]\n"x"\nnull\n8\n']],
    output:
      '{"SageMakerInput":[1,2],"SageMakerOutput":[3]}\n{"SageMakerInput":"text","SageMakerOutput":"x"}\n{"SageMakerInput":null,"SageMakerOutput":null}\n{"SageMakerInput":7,"SageMakerOutput":8}\n',
  },
  {
    what: 'JSON Lines: SingleRecord',
    name: 'a.jsonl',
    input: '{"id":1,"x":[5]}\n{"id":2,"x":[6]}\n',
    args: [...SINGLE, '--input-filter', '$.x[0]', ...JOIN, '--output-filter', '$.SageMakerOutput'],
    talk: [
      ['5\n', '{"s":1}'],
      ['6\n', '{"s":2}\n'],
    ],
    output: '{"s":1}\n{"s":2}\n',
  },
  {
    what: 'JSON Lines: an output filter without a join; indexes give an array, a missing name is left out',
    name: 'a.jsonl',
    input: '1\n2\n',
    args: ['--output-filter', "$['a','b']"],
    talk: [['1\n2\n', '{"b":1,"a":2,"c":3}\n{"b":4}\n']],
    output: '{"a":2,"b":1}\n{"b":4}\n',
  },
  {
    what: 'JSON Lines: the whole object as one request',
    name: 'a.jsonl',
    input: '{"id":1}\n{"id":2}\n',
    args: ['--split-type', 'None', '--input-filter', '$.id', ...JOIN],
    talk: [['1\n2\n', '10\n20\n']],
    output: '{"id":1,"SageMakerOutput":10}\n{"id":2,"SageMakerOutput":20}\n',
  },
  {
    what: 'JSON Lines: the whole object as one request, only its output filtered',
    name: 'a.jsonl',
    input: '{"id":1}\n{"id":2}\n',
    args: ['--split-type', 'None', '--output-filter', '$.s'],
    talk: [['{"id":1}\n{"id":2}\n', '{"s":10}\n{"s":20}\n']],
    output: '10\n20\n',
  },
  {
    what: 'JSON: the document is one record',
    name: 'a.json',
    input: '{\n  "id": 7,\n  "features": [1, 2]\n}\n',
    args: ['--input-filter', '$.features', ...JOIN],
    talk: [['[1, 2]', '{"score": 0.5}']],
    output: '{\n  "id": 7,\n  "features": [1, 2],"SageMakerOutput":{"score": 0.5}\n}',
  },
  {
    what: 'JSON: an array is one record too',
    name: 'a.json',
    input: '[[1,2],[3,4]]',
    args: JOIN,
    talk: [['[[1,2],[3,4]]', '[0.1,0.2]']],
    output: '{"SageMakerInput":[[1,2],[3,4]],"SageMakerOutput":[0.1,0.2]}',
  },
  {
    what: 'JSON: an output filter on the joined document',
    name: 'a.json',
    input: '{"id":7,"features":[1,2]}',
    args: [...JOIN, '--output-filter', "$['id','SageMakerOutput']"],
    talk: [['{"id":7,"features":[1,2]}', ' {"score":\n 0.5}\n']],
    output: '{"id":7,"SageMakerOutput":{"score":\n 0.5}}',
  },
  {
    what: 'JSON, a document a line: a pretty-printed response becomes one line',
    name: 'a.json',
    input: '{"id":1,"x":5}\n{"id":2,"x":6}\n',
    args: ['--split-type', 'Line', ...SINGLE, '--input-filter', '$.x', ...JOIN],
    talk: [
      ['5', '{\n  "score": 1\n}\n'],
      ['6', '{\r\n  "score": 2\r\n}'],
    ],
    output: '{"id":1,"x":5,"SageMakerOutput":{   "score": 1 }}\n{"id":2,"x":6,"SageMakerOutput":{    "score": 2  }}\n',
  },
  {
    what: 'JSON, a document a line: only its output filtered',
    name: 'a.json',
    input: '{"x":5}\n{"x":6}',
    args: ['--split-type', 'Line', ...SINGLE, '--output-filter', '$.scores'],
    talk: [
      ['{"x":5}\n', '{"scores": [\n1,\n2\n]}'],
      ['{"x":6}', '{"scores": []}\n'],
    ],
    output: '[ 1, 2 ]\n[]\n',
  },
  {
    what: 'JSON, lines in mini-batches: output line i belongs to record i',
    name: 'a.json',
    input: '{"id":1}\n{"id":2}\n',
    args: ['--split-type', 'Line', ...JOIN],
    talk: [['{"id":1}\n{"id":2}\n', '10\n20\n']],
    output: '{"id":1,"SageMakerOutput":10}\n{"id":2,"SageMakerOutput":20}\n',
  },
];

describe('filters and joins (behaviour 4)', { concurrency: 4 }, () => {
  for (const { what, name, input, args, talk, output } of rows) {
    test(what, async (t) => {
      const invoke = ({ number }: { number: number }) => talk[number - 1]?.[1] ?? 'not asked for';
      const { out, bodies } = await transformed(t, { objects: { [name]: input }, args, invoke });
      deepEqual(
        bodies,
        talk.map(([request]) => request),
      );
      deepEqual(out, { [`${name}.out`]: output });
    });
  }

  for (const [type, name, input, output] of [
    ['text/csv; charset=utf-8', 'a.x', 'a,1\n', 'a,1,7\n'],
    ['Application/JSONLines;charset=utf-8', 'a.x', '{"a":1}\n', '{"a":1,"SageMakerOutput":7}\n'],
    ['application/json ; charset=utf-8; q=1', 'a.x', '{"a":1}\n', '{"a":1,"SageMakerOutput":7}\n'],
  ] as const) {
    test(`${type}: parameters are ignored, Accept defaults to the content type with a join`, async (t) => {
      const { out, server } = await transformed(t, {
        objects: { [name]: input },
        args: ['--content-type', type, '--split-type', 'Line', ...JOIN],
        invoke: perLine(() => '7'),
      });
      deepEqual(out, { [`${name}.out`]: output });
      equal(server.invocations[0]?.headers['content-type'], type);
      equal(server.invocations[0]?.headers.accept, type);
    });
  }

  test('Accept may differ from the content type in its parameters', async (t) => {
    const { out, server } = await transformed(t, {
      objects: { 'a.csv': 'a\n' },
      args: [...JOIN, '--accept', 'text/csv; charset=utf-8'],
      invoke: perLine(() => '7'),
    });
    deepEqual(out, { 'a.csv.out': 'a,7\n' });
    equal(server.invocations[0]?.headers.accept, 'text/csv; charset=utf-8');
  });

  test('no Accept is made up without a join; an output of another format is filtered as what it is', async (t) => {
    const { out } = await transformed(t, {
      objects: { 'a.csv': 'a,1\nb,2\n' },
      args: ['--input-filter', '$[1]', '--accept', 'application/jsonlines', '--output-filter', '$.s'],
      invoke: perLine((line) => `{"s":${line}}`),
    });
    deepEqual(out, { 'a.csv.out': '1\n2\n' });
    const plain = await transformed(t, { objects: { 'a.csv': 'a,1\n' }, args: ['--input-filter', '$[1]'] });
    equal(plain.server.invocations[0]?.headers.accept, undefined);
  });
});
