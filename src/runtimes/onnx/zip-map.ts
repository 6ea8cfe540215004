import { delimitedField, readFields, signedVarints, varintField, type WireField } from './protobuf-wire.ts';

// Field numbers from onnx.proto.
const model = { graph: 7, opsetImport: 8 };
const graph = { node: 1, initializer: 5, output: 12 };
const node = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
const attribute = { name: 1, ints: 8, strings: 9 };
const tensor = { dataLocation: 14 };
const valueInfo = { name: 1, type: 2 };
const floatTensorType = delimitedField(1, varintField(1, 1)); // TypeProto.tensor_type.elem_type = FLOAT

export interface RewrittenModel {
  readonly bytes: Uint8Array;
  /** The classes of each output that was a ZipMap, in the order of its columns, by the output's name. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
  /** Whether weights are in files of their own, which a model that is loaded from memory cannot find. */
  readonly hasExternalData: boolean;
}

/**
 * Makes plain tensors of a model's ZipMap outputs.
 *
 * A scikit-learn classifier's probabilities come out of a `ZipMap` node as a sequence of maps, one for each record. The
 * Node.js binding of the runtime has no way to hand that over ("isTensor: false"), and building a map for every record
 * only to print it would be slow anyway. So the node becomes an `Identity`: the output keeps its name and is the tensor
 * of scores, one column for each class; the classes are handed back beside it. All else keeps its bytes.
 *
 * @returns `undefined` when no output is a ZipMap: then the model is to be loaded as it is
 * @throws Error when the bytes are no protobuf message
 */
export function rewriteZipMaps(bytes: Uint8Array): RewrittenModel | undefined {
  const fields = readFields(bytes);
  const graphField = fields.find((field) => field.number === model.graph);
  if (graphField === undefined) return undefined;
  const graphFields = readFields(graphField.content);
  const outputNames = new Set(
    graphFields.filter((field) => field.number === graph.output).map((field) => nameOfOutput(field)),
  );
  const classes = new Map<string, readonly string[]>();
  const rewritten = graphFields.map((field) => {
    const zipMap = field.number === graph.node ? zipMapOf(field) : undefined;
    if (zipMap === undefined || !outputNames.has(zipMap.output)) return field.raw;
    classes.set(zipMap.output, zipMap.classes);
    return delimitedField(graph.node, identity(zipMap.input, zipMap.output));
  });
  if (classes.size === 0) return undefined;
  for (const [i, field] of graphFields.entries()) {
    if (field.number !== graph.output || !classes.has(nameOfOutput(field))) continue;
    const kept = readFields(field.content).filter(({ number }) => number !== valueInfo.type);
    rewritten[i] = delimitedField(
      graph.output,
      Buffer.concat([...kept.map(({ raw }) => raw), delimitedField(valueInfo.type, floatTensorType)]),
    );
  }
  const newGraph = delimitedField(model.graph, Buffer.concat(rewritten));
  const parts = fields.map((field) => (field === graphField ? newGraph : field.raw));
  // A model of ai.onnx.ml nodes alone need not import the domain that Identity is from.
  if (!importsDefaultDomain(fields)) parts.push(delimitedField(model.opsetImport, varintField(2, 13)));
  return { bytes: Buffer.concat(parts), classes, hasExternalData: graphFields.some(isExternal) };
}

interface ZipMap {
  readonly input: string;
  readonly output: string;
  readonly classes: readonly string[];
}

function zipMapOf(field: WireField): ZipMap | undefined {
  const fields = readFields(field.content);
  if (text(fields, node.opType) !== 'ZipMap' || text(fields, node.domain) !== 'ai.onnx.ml') return undefined;
  const classes = fields.filter(({ number }) => number === node.attribute).flatMap(classLabels);
  return { input: text(fields, node.input), output: text(fields, node.output), classes };
}

function classLabels(field: WireField): string[] {
  const fields = readFields(field.content);
  switch (text(fields, attribute.name)) {
    case 'classlabels_strings':
      return fields.filter(({ number }) => number === attribute.strings).map(({ content }) => decode(content));
    case 'classlabels_int64s':
      return fields
        .filter(({ number }) => number === attribute.ints)
        .flatMap(signedVarints)
        .map(String);
    default:
      return [];
  }
}

function identity(input: string, output: string): Uint8Array {
  return Buffer.concat([
    delimitedField(node.input, input),
    delimitedField(node.output, output),
    delimitedField(node.name, `${output} without ZipMap`),
    delimitedField(node.opType, 'Identity'),
  ]);
}

function importsDefaultDomain(fields: readonly WireField[]): boolean {
  return fields.some((field) => {
    if (field.number !== model.opsetImport) return false;
    const domain = text(readFields(field.content), 1);
    return domain === '' || domain === 'ai.onnx';
  });
}

function isExternal(field: WireField): boolean {
  if (field.number !== graph.initializer) return false;
  return readFields(field.content).some(({ number, content }) => number === tensor.dataLocation && content[0] === 1);
}

function nameOfOutput(field: WireField): string {
  return text(readFields(field.content), valueInfo.name);
}

/** The text of the field, empty when it is not there, as protobuf has it. */
function text(fields: readonly WireField[], number: number): string {
  const field = fields.find((candidate) => candidate.number === number);
  return field === undefined ? '' : decode(field.content);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
