"""LSTM, GRU and RNN against peers where the node tests of ONNX have gaps.

1. Random models of one node (clip, input_forget, other activations, linear_before_reset, peepholes, ragged lengths, odd
   sizes, both directions, given states) against onnxruntime.
2. Exports of PyTorch networks, by both of its exporters where they are there, against PyTorch.
3. A batch-first layer as tf2onnx writes it (the shape of the input makes the initial state) against onnxruntime.
All within 1e-5, with fixed seeds.
"""

import json
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

RECURRENT = os.environ["RECURRENT"]
FOLDER = pathlib.Path(".build/onnx-recurrent")
TOLERANCE = 1e-5
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": 3, "GRU": 2, "RNN": 1}
# Name, whether it has alpha, whether it has beta.
ACTIVATIONS = [
    ("Relu", 0, 0), ("Tanh", 0, 0), ("Sigmoid", 0, 0), ("Affine", 1, 1), ("LeakyRelu", 1, 0), ("ThresholdedRelu", 1, 0),
    ("ScaledTanh", 1, 1), ("HardSigmoid", 1, 1), ("Elu", 1, 0), ("Softsign", 0, 0), ("Softplus", 0, 0),
]  # fmt: skip


def write_case(name, model, feeds, outputs):
    """A folder that `recurrent run --cases` judges."""
    folder = FOLDER / name
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "tolerances.json").write_text(json.dumps({"rtol": TOLERANCE, "atol": TOLERANCE}))
    for kind, values in [("input", feeds), ("output", outputs)]:
        for index, value in enumerate(values):
            (data / f"{kind}_{index}.pb").write_bytes(numpy_helper.from_array(np.asarray(value)).SerializeToString())
    return str(folder)


def judge(folders):
    """How many pass, and what the others say."""
    wrong = []
    for begin in range(0, len(folders), 200):
        program = subprocess.run(
            [RECURRENT, "run", "--cases", "--json", "--quiet", *folders[begin : begin + 200]], capture_output=True,
            text=True, timeout=600)
        verdicts = [json.loads(line) for line in program.stdout.splitlines()]
        verdicts = [record for record in verdicts if "verdict" in record]
        if len(verdicts) != len(folders[begin : begin + 200]):
            wrong.append(f"the program ended with {program.returncode}: {program.stderr[-300:]}")
        wrong += [f"{v['case']}: {v['verdict']}: {v['text']}" for v in verdicts if v["verdict"] != "passed"]
    return len(folders) - len(wrong), wrong


def random_node(kind, seed):
    """A model of one node with random attributes, its inputs, and what onnxruntime says."""
    random = np.random.default_rng(seed)
    steps, batch = int(random.integers(1, 12)), int(random.integers(1, 8))
    inputs, hidden = int(random.choice([1, 3, 7, 17, 33])), int(random.choice([1, 2, 5, 9, 19, 37]))
    direction = str(random.choice(["forward", "reverse", "bidirectional"]))
    count = 2 if direction == "bidirectional" else 1
    gates = GATES[kind]
    attributes = {"hidden_size": hidden, "direction": direction}

    def normal(*shape):
        return (random.standard_normal(shape) * 0.4).astype(np.float32)

    # Activations without bounds in gates let large weights grow past all comparing.
    feeds = {"X": normal(steps, batch, inputs) * 2, "W": normal(count, gates * hidden, inputs) / np.float32(inputs**0.5),
             "R": normal(count, gates * hidden, hidden) / np.float32(hidden**0.5)}
    if random.random() < 0.8:
        feeds["B"] = normal(count, 2 * gates * hidden)
    if random.random() < 0.6:
        feeds["sequence_lens"] = random.integers(1, steps + 1, batch).astype(np.int32)
    if random.random() < 0.6:
        feeds["initial_h"] = normal(count, batch, hidden)
        if kind == "LSTM":
            feeds["initial_c"] = normal(count, batch, hidden)
    if kind == "LSTM":
        if random.random() < 0.4:
            feeds["P"] = normal(count, 3 * hidden)
        if random.random() < 0.3:
            attributes["input_forget"] = 1
    if kind == "GRU" and random.random() < 0.5:
        attributes["linear_before_reset"] = 1
    if random.random() < 0.3:
        attributes["clip"] = float(np.float32(random.uniform(0.2, 1.5)))
    if random.random() < 0.5:
        chosen = [ACTIVATIONS[k] for k in random.integers(0, len(ACTIVATIONS), FUNCTIONS[kind] * count)]
        attributes["activations"] = [name for name, _, _ in chosen]
        alphas = [float(np.float32(random.uniform(0.2, 0.9))) for _, alpha, _ in chosen if alpha]
        betas = [float(np.float32(random.uniform(0.2, 0.9))) for _, _, beta in chosen if beta]
        if alphas:
            attributes["activation_alpha"] = alphas
        if betas:
            attributes["activation_beta"] = betas
    names = ["X", "W", "R", "B", "sequence_lens", "initial_h"] + (["initial_c", "P"] if kind == "LSTM" else [])
    outputs = ["Y", "Y_h"] + (["Y_c"] if kind == "LSTM" else [])
    node = helper.make_node(kind, [name if name in feeds else "" for name in names], outputs, **attributes)
    types = {name: TensorProto.INT32 if name == "sequence_lens" else TensorProto.FLOAT for name in feeds}
    # Half of the models hold their weights themselves.
    inside = [name for name in ("W", "R", "B", "P") if name in feeds] if random.random() < 0.5 else []
    graph = helper.make_graph(
        [node], kind,
        [helper.make_tensor_value_info(k, types[k], v.shape) for k, v in feeds.items() if k not in inside],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(feeds[name], name) for name in inside])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
    model.ir_version = 10
    feeds = {name: value for name, value in feeds.items() if name not in inside}
    session = onnxruntime.InferenceSession(model.SerializeToString(), OPTIONS, providers=["CPUExecutionProvider"])
    return model, list(feeds.values()), session.run(None, feeds)


OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = OPTIONS.inter_op_num_threads = 1


def random_nodes(count=200):
    folders = []
    for kind in GATES:
        seed, number = 1000 * GATES[kind], 0
        while number < count:
            model, feeds, outputs = random_node(kind, seed)
            seed += 1
            # What grows without bounds shows rounding, not the operator.
            if max(np.abs(output).max() for output in outputs) > 1e3:
                continue
            number += 1
            folders.append(write_case(f"{kind.lower()}_{number}", model, feeds, outputs))
    return folders


class Tagger(torch.nn.Module):
    """Embedding, recurrent layers, a linear layer."""

    def __init__(self, layer, width):
        super().__init__()
        self.embedding = torch.nn.Embedding(23, 11)
        self.layer = layer
        self.head = torch.nn.Linear(width, 7)

    def forward(self, tokens):
        outputs, _ = self.layer(self.embedding(tokens))
        return self.head(outputs)


class Plain(torch.nn.Module):
    """A recurrent layer with its states."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        outputs, state = self.layer(x)
        return (outputs, *state) if isinstance(state, tuple) else (outputs, state)


def networks():
    nn = torch.nn
    yield "lstm_stacked", Plain(nn.LSTM(5, 9, num_layers=2)), torch.randn(6, 3, 5)
    yield "lstm_bidirectional", Plain(nn.LSTM(5, 9, bidirectional=True)), torch.randn(6, 3, 5)
    yield "lstm_both", Plain(nn.LSTM(4, 7, num_layers=2, bidirectional=True)), torch.randn(5, 2, 4)
    yield "lstm_batch_first", Plain(nn.LSTM(5, 8, batch_first=True)), torch.randn(3, 6, 5)
    yield "lstm_no_bias", Plain(nn.LSTM(5, 8, bias=False)), torch.randn(6, 3, 5)
    yield "gru_stacked", Plain(nn.GRU(5, 9, num_layers=2)), torch.randn(6, 3, 5)
    yield "gru_bidirectional", Plain(nn.GRU(5, 9, bidirectional=True)), torch.randn(6, 3, 5)
    yield "rnn_tanh", Plain(nn.RNN(5, 9)), torch.randn(6, 3, 5)
    yield "rnn_relu", Plain(nn.RNN(5, 9, nonlinearity="relu")), torch.randn(6, 3, 5)
    yield "tagger_gru", Tagger(nn.GRU(11, 13), 13), torch.randint(0, 23, (6, 3))
    yield "tagger_lstm", Tagger(nn.LSTM(11, 13, num_layers=2, bidirectional=True), 26), torch.randint(0, 23, (6, 3))


def exports():
    """A case for every network and exporter; exporters that cannot run here are named."""
    folders, skipped = [], []
    for dynamo in (False, True):
        torch.manual_seed(7)
        for name, network, x in networks():
            network.eval()
            path = FOLDER / f"{name}_{'dynamo' if dynamo else 'script'}.onnx"
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    torch.onnx.export(
                        network, (x,), str(path), dynamo=dynamo, external_data=False, verbose=False)
            except ImportError as error:
                skipped.append(f"dynamo={dynamo}: {error}")
                break
            with torch.no_grad():
                outputs = network(x)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            folders.append(write_case(path.stem, onnx.load(path), [x.numpy()], [y.numpy() for y in outputs]))
    return folders, skipped


def batch_first(kind, seed):
    """Transpose, a state of zeros made from the shape of the input, the node, the last step, a dense layer."""
    random = np.random.default_rng(seed)
    inputs, hidden, gates = 5, 9, GATES[kind]

    def constant(name, value):
        return numpy_helper.from_array(np.asarray(value), name)

    def normal(*shape):
        return (random.standard_normal(shape) * 0.4).astype(np.float32)

    state = ["state"] * (2 if kind == "LSTM" else 1)
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Cast", ["shape"], ["shape32"], to=TensorProto.INT32),
        helper.make_node("Slice", ["shape32", "zero", "one", "zero"], ["batch32"]),
        helper.make_node("Cast", ["batch32"], ["batch"], to=TensorProto.INT64),
        helper.make_node("Concat", ["one", "batch", "hidden"], ["state_shape"], axis=0),
        helper.make_node("Expand", ["zero_value", "state_shape"], ["state"]),
        helper.make_node(kind, ["steps", "W", "R", "B", "", *state], ["all", "last"], hidden_size=hidden),
        helper.make_node("Squeeze", ["all", "one"], ["layers"]),
        helper.make_node("Transpose", ["layers"], ["sequence"], perm=[1, 0, 2]),
        helper.make_node("Squeeze", ["last", "zero"], ["final"]),
        helper.make_node("MatMul", ["final", "kernel"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["dense"]),
        helper.make_node("Softmax", ["dense"], ["y"], axis=-1),
    ]
    initializers = [
        constant("zero", [0]), constant("one", [1]), constant("hidden", [hidden]),
        constant("zero_value", np.zeros((1, 1, 1), np.float32)), constant("W", normal(1, gates * hidden, inputs)),
        constant("R", normal(1, gates * hidden, hidden)), constant("B", normal(1, 2 * gates * hidden)),
        constant("kernel", normal(hidden, 4)), constant("bias", normal(4)),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "layer", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "steps", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4]),
         helper.make_tensor_value_info("sequence", TensorProto.FLOAT, ["n", "steps", hidden])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    model.ir_version = 8
    x = normal(3, 6, inputs)
    session = onnxruntime.InferenceSession(model.SerializeToString(), OPTIONS, providers=["CPUExecutionProvider"])
    return write_case(f"batch_first_{kind.lower()}", model, [x], session.run(None, {"x": x}))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    bad = []
    nodes = random_nodes()
    passed, wrong = judge(nodes)
    bad += wrong
    print(f"{passed} of {len(nodes)} random LSTM, GRU and RNN nodes agree with onnxruntime {onnxruntime.__version__} "
          f"within {TOLERANCE}")
    made, skipped = exports()
    passed, wrong = judge(made)
    bad += wrong
    print(f"{passed} of {len(made)} exports of PyTorch {torch.__version__} agree with it within {TOLERANCE}")
    layers = [batch_first(kind, seed) for seed, kind in enumerate(GATES)]
    passed, wrong = judge(layers)
    bad += wrong
    print(f"{passed} of {len(layers)} batch-first layers agree with onnxruntime within {TOLERANCE}")
    for text in skipped:
        print("left out: " + text)
    for text in bad[:40]:
        print(text)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
