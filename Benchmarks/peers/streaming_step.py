"""One LSTM step at batch 1 in ONNX Runtime and PyTorch behind the line protocol of StepBench, on one thread.

    step H NAME SECONDS  -> JSON: microseconds a step
    check H STEPS PATH   -> JSON: greatest error of every format in the file and of each peer, against float64
    version              -> JSON

Names: onnxruntime (an LSTM of sequence length 1 with its states bound to memory that stays), torch (LSTMCell).
"""
import json
import sys
import time

import numpy as np

peers = {}
versions = {"numpy": np.__version__}
try:
    import onnx
    import onnxruntime

    versions["onnxruntime"] = onnxruntime.__version__
except ImportError:
    onnxruntime = None
try:
    import torch

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    versions["torch"] = torch.__version__
except ImportError:
    torch = None


def numbers(shape, salt, scale):
    index = np.arange(int(np.prod(shape)), dtype=np.uint32)
    with np.errstate(over="ignore"):
        bits = (index + np.uint32(salt * 0x9E3779B9 & 0xFFFFFFFF)) * np.uint32(2654435761)
        bits ^= bits >> np.uint32(15)
        bits *= np.uint32(2246822519)
        bits ^= bits >> np.uint32(13)
    values = (bits >> np.uint32(8)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return (values * np.float32(scale)).reshape(shape)


def weights(H):
    scale = np.float32(1) / np.sqrt(np.float32(H))
    return [numbers(s, salt, scale) for s, salt in [((4 * H, H), 2), ((4 * H, H), 3), ((4 * H,), 4), ((4 * H,), 6)]]


class Onnx:
    def __init__(self, H):
        w, r, b, d = weights(H)
        order = lambda m: m.reshape(4, H, -1)[[0, 3, 1, 2]].reshape(m.shape)  # i, f, g, o to i, o, f, c
        make = lambda name, value: onnx.numpy_helper.from_array(np.ascontiguousarray(value), name)
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("LSTM", ["x", "W", "R", "B", "", "h", "c"], ["", "y", "d"], hidden_size=H)], "step",
            [onnx.helper.make_tensor_value_info(n, 1, [1, 1, H]) for n in ["x", "h", "c"]],
            [onnx.helper.make_tensor_value_info(n, 1, [1, 1, H]) for n in ["y", "d"]],
            [make("W", order(w)[None]), make("R", order(r)[None]), make("B", np.concatenate([order(b), order(d)])[None])])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
        value = lambda: onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((1, 1, H), np.float32))
        self.x = np.zeros((1, 1, H), np.float32)
        self.input = onnxruntime.OrtValue.ortvalue_from_numpy(self.x)
        states = [[value(), value()], [value(), value()]]
        self.hidden = [s[0] for s in states]
        self.bindings = []
        for own, other in [states, states[::-1]]:
            binding = self.session.io_binding()
            binding.bind_ortvalue_input("x", self.input)
            binding.bind_ortvalue_input("h", own[0])
            binding.bind_ortvalue_input("c", own[1])
            binding.bind_ortvalue_output("y", other[0])
            binding.bind_ortvalue_output("d", other[1])
            self.bindings.append(binding)
        self.turn = 0

    def set(self, x):
        self.input.update_inplace(x.reshape(1, 1, -1))

    def step(self):
        self.session.run_with_iobinding(self.bindings[self.turn])
        self.turn = 1 - self.turn

    def output(self):
        return self.hidden[self.turn].numpy().reshape(-1)


class Torch:
    def __init__(self, H):
        self.cell = torch.nn.LSTMCell(H, H)
        for parameter, value in zip(self.cell.parameters(), weights(H)):
            parameter.copy_(torch.from_numpy(value))
        self.x = torch.zeros(1, H)
        self.state = (torch.zeros(1, H), torch.zeros(1, H))

    def set(self, x):
        self.x = torch.from_numpy(x.reshape(1, -1))

    def step(self):
        self.state = self.cell(self.x, self.state)

    def output(self):
        return self.state[0].numpy().reshape(-1)


kinds = {}
if onnxruntime:
    kinds["onnxruntime"] = Onnx
if torch:
    kinds["torch"] = Torch


def measure(H, name, limit):
    if (H, name) not in peers:
        peers[H, name] = kinds[name](H)
        peers[H, name].set(numbers((H,), 1, 1))
    peer = peers[H, name]
    for _ in range(5):
        peer.step()
    times = []
    step, clock = peer.step, time.perf_counter
    start = before = clock()
    while before - start < limit:
        step()
        now = clock()
        times.append(now - before)
        before = now
    times = np.sort(times) * 1e6
    return {
        "median": float(np.median(times)), "p99": float(times[int(0.99 * len(times))]), "max": float(times[-1]),
        "min": float(times[0]), "count": len(times)}


def check(H, steps, path):
    x = numbers((steps, H), 1, 1)
    w, r, b, d = [m.astype(np.float64) for m in weights(H)]
    h, c = np.zeros(H), np.zeros(H)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    exact = []
    for row in x.astype(np.float64):
        i, f, g, o = np.split(w @ row + r @ h + b + d, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        exact.append(h)
    exact = np.array(exact)
    raw = np.fromfile(path, np.float32).reshape(4, steps, H)
    errors = {n: float(np.abs(y - exact).max()) for n, y in zip(["float32", "float16", "bfloat16", "int8"], raw)}
    for name, kind in kinds.items():
        peer = kind(H)
        found = []
        for row in x:
            peer.set(row)
            peer.step()
            found.append(peer.output().copy())
        errors[name] = float(np.abs(np.array(found) - exact).max())
    return errors


print("ready", *kinds, flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "step":
        print(json.dumps(measure(int(words[1]), words[2], float(words[3]))), flush=True)
    elif words[0] == "check":
        print(json.dumps(check(int(words[1]), int(words[2]), words[3])), flush=True)
    elif words[0] == "version":
        print(json.dumps(versions), flush=True)
