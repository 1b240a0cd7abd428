"""Writes the seeds of the target `graph`: a small ONNX model for each of many operators. Needs onnx==1.23.2.

    python3 make_graph_corpus.py
"""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(__file__).resolve().parent / "Corpus/graph"
F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def constant(name, values, kind=np.float32):
    return numpy_helper.from_array(np.array(values, kind), name)


def write(name, nodes, inputs, initializers=(), outputs=("y",), opset=21):
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [helper.make_tensor_value_info(o, F, None) for o in outputs], list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    (folder / name).write_bytes(model.SerializeToString())


def one(operator, inputs, initializers=(), outputs=("y",), opset=21, name=None, **attributes):
    names = [n for n, _, _ in inputs] + [t.name for t in initializers]
    node = helper.make_node(operator, names, list(outputs), **attributes)
    write(name or operator, [node], inputs, initializers, outputs, opset)


x, image = ("x", F, [2, 3]), ("x", F, [1, 2, 5, 5])
rng = np.random.default_rng(1)
for gates, operator in [(4, "LSTM"), (3, "GRU"), (1, "RNN")]:
    one(operator, [("x", F, [3, 2, 2])],
        [constant("w", rng.normal(size=(2, gates * 2, 2))), constant("r", rng.normal(size=(2, gates * 2, 2))),
         constant("b", rng.normal(size=(2, gates * 4))), constant("n", [3, 1], np.int32)],
        hidden_size=2, direction="bidirectional", clip=3.0)
body = helper.make_graph(
    [helper.make_node("Add", ["s", "e"], ["t"]), helper.make_node("Identity", ["t"], ["o"])], "body",
    [helper.make_tensor_value_info(n, F, [3]) for n in "se"], [helper.make_tensor_value_info(n, F, [3]) for n in "to"])
write("Scan", [helper.make_node("Scan", ["h", "x"], ["last", "y"], body=body, num_scan_inputs=1)],
      [("h", F, [3]), x])
write("Scan8", [helper.make_node("Scan", ["n", "h", "x"], ["last", "y"], body=body, num_scan_inputs=1)],
      [("n", I, [1]), ("h", F, [1, 3]), ("x", F, [1, 2, 3])], opset=8)
loop = helper.make_graph(
    [helper.make_node("Add", ["s", "s"], ["t"]), helper.make_node("Identity", ["c"], ["d"]),
     helper.make_node("Identity", ["t"], ["o"])], "loop",
    [helper.make_tensor_value_info("k", I, []), helper.make_tensor_value_info("c", B, []),
     helper.make_tensor_value_info("s", F, [2, 3])],
    [helper.make_tensor_value_info("d", B, []), helper.make_tensor_value_info("t", F, [2, 3]),
     helper.make_tensor_value_info("o", F, [2, 3])])
write("Loop", [helper.make_node("Loop", ["m", "", "x"], ["last", "y"], body=loop)], [x],
      [constant("m", 3, np.int64)])
then = helper.make_graph([helper.make_node("Neg", ["x"], ["a"])], "then", [], [helper.make_tensor_value_info("a", F, None)])
other = helper.make_graph([helper.make_node("Abs", ["x"], ["b"])], "else", [], [helper.make_tensor_value_info("b", F, None)])
write("If", [helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)], [("c", B, []), x])
for operator in ["Relu", "Sigmoid", "Tanh", "Exp", "Softmax", "LogSoftmax", "Erf", "Floor", "Not", "Shape", "Transpose",
                 "Flatten", "NonZero", "ReduceSum", "ReduceMax", "ArgMax", "LpNormalization", "Hardmax"]:
    one(operator, [("x", B if operator == "Not" else F, [2, 3])])
for operator in ["Add", "Div", "Pow", "Mod", "Less", "Max", "Sum", "MatMul", "PRelu"]:
    one(operator, [("x", F, [3, 3]), ("z", F, [3, 3])], **({"fmod": 1} if operator == "Mod" else {}))
one("Div", [("x", TensorProto.INT32, [3]), ("z", TensorProto.INT32, [3])], name="DivInt")
one("BitShift", [("x", TensorProto.UINT8, [3]), ("z", TensorProto.UINT8, [3])], direction="LEFT")
one("Gemm", [("x", F, [2, 3]), ("z", F, [4, 3]), ("c", F, [4])], transB=1)
one("Einsum", [("x", F, [2, 3]), ("z", F, [3, 4])], equation="ij,jk->ik")
one("Gather", [x], [constant("i", [0, -1], np.int64)], axis=1)
one("GatherElements", [x], [constant("i", [[0, 1, 1]], np.int64)])
one("GatherND", [x], [constant("i", [[0, 1], [1, 2]], np.int64)])
one("ScatterElements", [x], [constant("i", [[0, 1, 1]], np.int64), constant("u", [[5, 6, 7]])], reduction="add")
one("ScatterND", [x], [constant("i", [[1]], np.int64), constant("u", [[5, 6, 7]])])
one("Slice", [x], [constant(n, [v], np.int64) for n, v in [("a", 0), ("b", 5), ("c", 1), ("d", -1)]])
one("Split", [x], [constant("s", [1, 2], np.int64)], ("y", "z"), axis=1)
one("Concat", [x, ("z", F, [2, 1])], axis=1)
one("Reshape", [x], [constant("s", [-1, 2], np.int64)])
one("Squeeze", [("x", F, [1, 3])], [constant("s", [0], np.int64)])
one("Unsqueeze", [x], [constant("s", [0, -1], np.int64)])
one("Expand", [x], [constant("s", [2, 1, 3], np.int64)])
one("Tile", [x], [constant("s", [2, 1], np.int64)])
one("Pad", [x], [constant("p", [0, 1, -1, 2], np.int64), constant("v", 1)], mode="constant")
one("Pad", [x], [constant("p", [0, 1, 0, 2], np.int64)], name="PadReflect", mode="reflect")
one("Where", [("c", B, [2, 3]), x, ("z", F, [3])])
one("Cast", [x], to=I)
one("Range", [], [constant(n, v, np.int64) for n, v in [("a", 0), ("b", 5), ("c", 2)]])
one("ConstantOfShape", [], [constant("s", [2, 2], np.int64)], value=helper.make_tensor("v", F, [1], [1.5]))
one("CumSum", [x], [constant("a", 1, np.int64)], reverse=1)
one("OneHot", [], [constant("i", [0, 2], np.int64), constant("d", 3, np.int64), constant("v", [0, 1])])
one("TopK", [x], [constant("k", [2], np.int64)], ("y", "i"))
one("Clip", [x], [constant("a", -1), constant("b", 1)])
one("Trilu", [x], [constant("k", 1, np.int64)])
one("Unique", [x], (), ("y", "a", "b", "c"), axis=0)
one("Compress", [x], [constant("c", [1, 0], bool)], axis=0)
one("EyeLike", [x], k=1)
one("ReverseSequence", [("x", F, [3, 2])], [constant("n", [2, 3], np.int64)])
one("DepthToSpace", [("x", F, [1, 4, 2, 2])], blocksize=2)
one("CenterCropPad", [x], [constant("s", [3, 2], np.int64)])
one("Conv", [image, ("w", F, [4, 1, 3, 3])], [constant("b", [0, 1, 2, 3])], group=2, pads=[1, 0, 0, 1], strides=[2, 1])
one("ConvTranspose", [image, ("w", F, [2, 3, 2, 2])], strides=[2, 2], output_padding=[1, 0])
for operator in ["MaxPool", "AveragePool", "LpPool"]:
    one(operator, [image], kernel_shape=[2, 3], strides=[2, 1], ceil_mode=1, pads=[0, 1, 1, 0])
one("MaxUnpool", [("x", F, [1, 1, 2, 2])], [constant("i", [[[[0, 3], [8, 10]]]], np.int64)], kernel_shape=[2, 2], strides=[2, 2])
one("BatchNormalization", [image], [constant(n, [1, 2]) for n in "abcd"])
one("LayerNormalization", [x], [constant("s", [1, 1, 2])])
one("InstanceNormalization", [image], [constant("s", [1, 2]), constant("b", [0, 1])])
one("GroupNormalization", [image], [constant("s", [1, 2]), constant("b", [0, 1])], num_groups=2)
one("LRN", [image], size=3)
one("NegativeLogLikelihoodLoss", [x], [constant("t", [0, 2], np.int64)])
one("QuantizeLinear", [x], [constant("s", 0.1), constant("z", 3, np.uint8)])
one("DequantizeLinear", [("x", TensorProto.UINT8, [2, 3])], [constant("s", 0.1), constant("z", 3, np.uint8)])
