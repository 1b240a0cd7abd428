"""ONNX Runtime: LSTM, GRU and RNN operators in a graph made by hand; inference only. First argument: the number of threads."""
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from common import Unsupported, serve

threads = int(sys.argv[1])

# Where the gates of this package and PyTorch (i, f, g, o; r, z, n) stand in ONNX's weights (i, o, f, c; z, r, h).
ORDER = {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2], "rnn": [0]}


def reordered(cell, weight):
    parts = np.split(weight, len(ORDER[cell]))
    return np.concatenate([parts[gate] for gate in ORDER[cell]])


def graph(point, numbers):
    """The model: a node a layer, behind it the directions laid beside each other. A stream carries its states."""
    nodes, weights, state_in, state_out = [], [], [], []

    def constant(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    current = "x"
    lengths = constant("lengths", np.array(point.lengths, np.int32)) if point.lengths is not None else ""
    for layer in range(point.layers):
        suffixes = [suffix for place, _, suffix in point.places() if place == layer]

        def parameter(name, cell=point.cell):
            return [reordered(cell, numbers[f"p.{name}{suffix}"]) for suffix in suffixes]

        biases = [np.concatenate(pair) for pair in zip(parameter("bias_ih"), parameter("bias_hh"))]
        inputs = [
            current, constant(f"w{layer}", np.stack(parameter("weight_ih"))),
            constant(f"r{layer}", np.stack(parameter("weight_hh"))), constant(f"b{layer}", np.stack(biases)), lengths]
        outputs = [f"y{layer}"]
        attributes = {"hidden_size": point.hidden}
        if point.directions == 2:
            attributes["direction"] = "bidirectional"
        if point.directions == 2 and point.cell == "rnn":
            attributes["activations"] = ["Tanh", "Tanh"]
        if point.stream:
            inputs += [f"h{layer}", f"c{layer}"]
            outputs += [f"h{layer}_after", f"c{layer}_after"]
            state_in += inputs[-2:]
            state_out += outputs[-2:]
        if point.variant == "peephole":
            inputs += [""] * (7 - len(inputs))
            peepholes = [
                np.concatenate([numbers[f"p.peephole_{gate}{suffix}"] for gate in "iof"]) for suffix in suffixes]
            inputs.append(constant(f"p{layer}", np.stack(peepholes)))
        if point.cell == "gru":
            attributes["linear_before_reset"] = 1
        nodes.append(helper.make_node(point.cell.upper(), inputs, outputs, **attributes))
        # [T, D, B, H] → [T, B, D·H]
        nodes.append(helper.make_node("Transpose", [f"y{layer}"], [f"t{layer}"], perm=[0, 2, 1, 3]))
        shape = constant(f"s{layer}", np.array([0, 0, -1], np.int64))
        current = "y" if layer + 1 == point.layers else f"z{layer}"
        nodes.append(helper.make_node("Reshape", [f"t{layer}", shape], [current]))

    state = [1, point.batch, point.hidden]
    made = helper.make_graph(
        nodes, "speed",
        [value("x", [point.steps, point.batch, point.input])] + [value(name, state) for name in state_in],
        [value("y", [point.steps, point.batch, point.directions * point.hidden])]
        + [value(name, state) for name in state_out],
        weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString(), state_in, state_out


class Peer:
    def version(self):
        return {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__}

    def load(self, point, numbers):
        if point.projection or point.variant == "layer-norm":
            raise Unsupported("the operator has neither a projection nor layer normalisation")
        self.point, self.x = point, numbers["x"]
        model, self.state_in, self.state_out = graph(point, numbers)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.state = {name: np.zeros((1, point.batch, point.hidden), np.float32) for name in self.state_in}

    def run(self):
        return self.session.run(["y"], {"x": self.x, **self.state})[0]

    def results(self):
        return {"y": self.run()}

    def forms(self, mode):
        if mode == "train":
            raise Unsupported("inference only")
        if mode == "forward":
            return [("run", self.run), ("bound memory", self.bound())]
        return [("run", self.step), ("bound memory", self.bound_step())]

    def bound(self):
        binding = self.session.io_binding()
        binding.bind_cpu_input("x", self.x)
        binding.bind_ortvalue_output("y", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros_like(self.run())))
        return lambda: self.session.run_with_iobinding(binding)

    def step(self):
        self.state = dict(zip(self.state_in, self.session.run(self.state_out, {"x": self.x, **self.state})))

    def bound_step(self):
        """Two bindings, each of which writes the state that the other reads."""
        states = [[onnxruntime.OrtValue.ortvalue_from_numpy(value.copy()) for value in self.state.values()]
                  for _ in range(2)]
        output = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros_like(self.run()))
        bindings = []
        for turn in range(2):
            binding = self.session.io_binding()
            binding.bind_cpu_input("x", self.x)
            binding.bind_ortvalue_output("y", output)
            for index, name in enumerate(self.state_in):
                binding.bind_ortvalue_input(name, states[turn][index])
                binding.bind_ortvalue_output(self.state_out[index], states[1 - turn][index])
            bindings.append(binding)
        turn = 0

        def run():
            nonlocal turn
            self.session.run_with_iobinding(bindings[turn])
            turn = 1 - turn

        return run


serve(Peer())
