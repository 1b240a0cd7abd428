"""Writes reference.onnx: every kind of attribute, of tensor storage and of type, by the onnx package (onnx==1.23.2, numpy):
python make_onnx.py"""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

inner = helper.make_graph(
    [helper.make_node("Identity", ["x"], ["y"])], "branch", [],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])])
node = helper.make_node(
    "Everything", ["x", "", "w"], ["y", ""], name="one", domain="test", number=1.5, whole=-7, text="späť",
    tensor=numpy_helper.from_array(np.array([1, -2], np.int16), "t"), graph=inner, numbers=[0.5, -0.25],
    wholes=[1, -1, 1 << 40], texts=["a", "b"], graphs=[inner, inner])
initializers = [
    numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "raw"),
    helper.make_tensor("floats", TensorProto.FLOAT, [2], [1.5, -2.5]),
    helper.make_tensor("doubles", TensorProto.DOUBLE, [2], [1e-300, -2.5]),
    helper.make_tensor("int64s", TensorProto.INT64, [3], [1, -1, -(1 << 62)]),
    helper.make_tensor("int32s", TensorProto.INT32, [2], [-5, 1 << 30]),
    helper.make_tensor("int8s", TensorProto.INT8, [2], [-128, 127]),
    helper.make_tensor("flags", TensorProto.BOOL, [2], [True, False]),
    helper.make_tensor("halves", TensorProto.FLOAT16, [2], [1.0, -0.5]),
    helper.make_tensor("uint64s", TensorProto.UINT64, [1], [(1 << 64) - 1]),
    helper.make_tensor("texts", TensorProto.STRING, [2], [b"x", b"yz"]),
    helper.make_tensor("empty", TensorProto.FLOAT, [0, 4], []),
]
graph = helper.make_graph(
    [node], "main",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, None]),
     helper.make_tensor_sequence_value_info("s", TensorProto.INT64, [2])],
    [helper.make_tensor_value_info("y", TensorProto.DOUBLE, None)], initializers, doc_string="of a graph")
model = helper.make_model(
    graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("test", 3)], producer_name="tests",
    producer_version="1.2", doc_string="of a model")
model.ir_version = 10
helper.set_model_props(model, {"key": "value", "other": ""})
pathlib.Path(__file__).with_name("reference.onnx").write_bytes(model.SerializeToString(deterministic=True))
