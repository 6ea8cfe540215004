#!/usr/bin/python3
"""Makes the small models that the tests of src/runtimes/onnx load. Run: /usr/bin/python3 test/models/make.py

Needs Debian's python3-onnx (1.12). The weights are written out, not drawn, so the files come out the same every time.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, TypeProto, checker, helper, numpy_helper, save

HERE = Path(__file__).parent
OPSETS = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 2)]
FLOAT, DOUBLE, INT64, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING


def value(name, element, shape):
    return helper.make_tensor_value_info(name, element, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def write(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=OPSETS, producer_name="millrace-tests")
    model.ir_version = 8
    checker.check_model(model)
    save(model, HERE / f"{name}.onnx")


def dense(name, batch):
    """y = tanh(x W1) W2: 12 numeric columns in, one out. x of zeros gives 0."""
    w1 = (np.arange(12 * 8, dtype=np.float32).reshape(12, 8) % 7 - 3) / 10
    w2 = (np.arange(8, dtype=np.float32).reshape(8, 1) - 3) / 4
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]),
        helper.make_node("Tanh", ["h"], ["a"]),
        helper.make_node("MatMul", ["a", "w2"], ["y"]),
    ]
    write(name, nodes, [value("x", FLOAT, [batch, 12])], [value("y", FLOAT, [batch, 1])],
          [constant("w1", w1), constant("w2", w2)])


def free_width():
    """y = the sum of the row, however long it is."""
    nodes = [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)]
    write("free-width", nodes, [value("x", FLOAT, ["batch", "columns"])], [value("y", FLOAT, ["batch", 1])],
          [constant("axes", np.array([1], dtype=np.int64))])


def echo(name, element, width, output_width=None):
    write(name, [helper.make_node("Identity", ["x"], ["y"])],
          [value("x", element, ["batch", *width])], [value("y", element, ["batch", *(output_width or width)])])


def mixed_inputs():
    """skl2onnx's style: one input of one column each. The label is the city, the score age * 2, the flag age > 30."""
    nodes = [
        helper.make_node("Identity", ["city"], ["label"]),
        helper.make_node("Mul", ["age", "two"], ["score"]),
        helper.make_node("Greater", ["age", "thirty"], ["senior"]),
    ]
    write("mixed-inputs", nodes,
          [value("city", STRING, ["batch", 1]), value("age", FLOAT, ["batch", 1])],
          [value("label", STRING, ["batch", 1]), value("score", FLOAT, ["batch", 1]),
           value("senior", TensorProto.BOOL, ["batch", 1])],
          [constant("two", np.array([2], dtype=np.float32)), constant("thirty", np.array([30], dtype=np.float32))])


def zip_map(name, labels):
    """A classifier as skl2onnx writes it: LinearClassifier, then ZipMap over its scores."""
    strings = isinstance(labels[0], str)
    classes = {"classlabels_strings": labels} if strings else {"classlabels_ints": labels}
    zipped = {"classlabels_strings": labels} if strings else {"classlabels_int64s": labels}
    nodes = [
        helper.make_node("LinearClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml",
                         coefficients=[1.0, 0.0, 0.0, 1.0, -1.0, -1.0], intercepts=[0.0, 0.0, 0.5],
                         post_transform="SOFTMAX", multi_class=1, **classes),
        helper.make_node("ZipMap", ["scores"], ["probabilities"], domain="ai.onnx.ml", **zipped),
    ]
    key = STRING if strings else INT64
    zipped_type = TypeProto()
    zipped_type.sequence_type.elem_type.map_type.key_type = key
    zipped_type.sequence_type.elem_type.map_type.value_type.tensor_type.elem_type = FLOAT
    write(name, nodes, [value("x", FLOAT, ["batch", 2])],
          [value("label", key, ["batch"]), helper.make_value_info("probabilities", zipped_type)])


def two_outputs():
    nodes = [
        helper.make_node("ReduceSum", ["x", "axes"], ["total"], keepdims=1),
        helper.make_node("Neg", ["x"], ["negated"]),
    ]
    write("two-outputs", nodes, [value("x", FLOAT, ["batch", 2])],
          [value("total", FLOAT, ["batch", 1]), value("negated", FLOAT, ["batch", 2])],
          [constant("axes", np.array([1], dtype=np.int64))])


def no_batch_output():
    """One number for the whole batch: nothing that could be handed out per record."""
    write("no-batch-output", [helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)],
          [value("x", FLOAT, ["batch", 2])], [value("y", FLOAT, [])])


def sequence_output():
    sequence = helper.make_sequence_type_proto(helper.make_tensor_type_proto(FLOAT, None))
    write("sequence-output", [helper.make_node("SequenceConstruct", ["x"], ["y"])],
          [value("x", FLOAT, ["batch", 2])], [helper.make_value_info("y", sequence)])


def picky():
    """Fails at run time when a code is not 0, 1 or 2 (Gather out of range)."""
    write("picky", [helper.make_node("Gather", ["table", "code"], ["y"])],
          [value("code", INT64, ["batch", 1])], [value("y", FLOAT, ["batch", 1])],
          [constant("table", np.array([0.5, 1.5, 2.5], dtype=np.float32))])


def slow():
    """Some 0.3 ms a record (100 matrix products with a 512 x 512 constant): for tests of what happens meanwhile."""
    body_nodes = [
        helper.make_node("MatMul", ["state_in", "square"], ["product"]),
        helper.make_node("Tanh", ["product"], ["state_out"]),
        helper.make_node("Identity", ["go_on"], ["go_on_out"]),
    ]
    body = helper.make_graph(
        body_nodes, "body",
        [value("turn", INT64, []), value("go_on", TensorProto.BOOL, []), value("state_in", FLOAT, None)],
        [value("go_on_out", TensorProto.BOOL, []), value("state_out", FLOAT, None)])
    nodes = [
        helper.make_node("Expand", ["x", "wide"], ["start"]),
        helper.make_node("ConstantOfShape", ["side"], ["square"], value=helper.make_tensor("v", FLOAT, [1], [0.001])),
        helper.make_node("Loop", ["turns", "yes", "start"], ["end"], body=body),
        helper.make_node("ReduceSum", ["end", "axes"], ["y"], keepdims=1),
    ]
    write("slow", nodes, [value("x", FLOAT, ["batch", 1])], [value("y", FLOAT, ["batch", 1])],
          [constant("wide", np.array([1, 512], dtype=np.int64)), constant("side", np.array([512, 512], dtype=np.int64)),
           constant("turns", np.array(100, dtype=np.int64)), constant("yes", np.array(True)),
           constant("axes", np.array([1], dtype=np.int64))])


def list_sizes():
    for path in sorted(HERE.glob("*.onnx")):
        print(f"{path.name}: {path.stat().st_size} bytes")


dense("dense", "batch")
dense("dense-batch4", 4)
free_width()
echo("echo-int64", INT64, [3])
echo("echo-int8", TensorProto.INT8, [2])
echo("echo-uint64", TensorProto.UINT64, [1])
echo("echo-bool", TensorProto.BOOL, [2])
echo("echo-double", DOUBLE, [2])
echo("echo-half", TensorProto.FLOAT16, [2])
echo("echo-string", STRING, [2])
echo("grid", FLOAT, [2, 3])
mixed_inputs()
zip_map("zipmap-strings", ["setosa", "versicolor", "virginica"])
zip_map("zipmap-ints", [3, 1, 2])
two_outputs()
no_batch_output()
sequence_output()
picky()
slow()
list_sizes()
