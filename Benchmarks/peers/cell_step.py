"""PyTorch's nn.GRU and nn.RNN behind the same line protocol as CellBench. First argument: the number of threads.

    time CELL forward|train T B I H SECONDS -> seconds of every iteration of one round
    check CELL T B I H PATH                 -> largest error of the dumped tensors and of PyTorch's against float64, as JSON
    version                                 -> versions, as JSON
"""
import json
import sys
import time

import numpy as np
import torch

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)


def numbers(shape, salt, scale):
    index = np.arange(int(np.prod(shape)), dtype=np.uint32)
    with np.errstate(over="ignore"):
        bits = (index + np.uint32(salt * 0x9E3779B9 & 0xFFFFFFFF)) * np.uint32(2654435761)
        bits ^= bits >> np.uint32(15)
        bits *= np.uint32(2246822519)
        bits ^= bits >> np.uint32(13)
    values = (bits >> np.uint32(8)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return torch.from_numpy((values * np.float32(scale)).reshape(shape))


def make(cell, sizes, dtype=torch.float32):
    steps, batch, inputs, hidden = sizes
    scale = np.float32(1) / np.sqrt(np.float32(hidden))
    rows = (3 if cell == "gru" else 1) * hidden
    if cell == "gru":
        layer = torch.nn.GRU(inputs, hidden).to(dtype)
    else:
        layer = torch.nn.RNN(inputs, hidden, nonlinearity="relu" if cell == "rnn-relu" else "tanh").to(dtype)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(numbers((rows, inputs), 2, scale))
        layer.weight_hh_l0.copy_(numbers((rows, hidden), 3, scale))
        layer.bias_ih_l0.copy_(numbers((rows,), 4, scale))
        layer.bias_hh_l0.copy_(numbers((rows,), 6, scale))
    x = numbers((steps, batch, inputs), 1, 1).to(dtype).requires_grad_()
    return layer, x, numbers((steps, batch, hidden), 5, 1).to(dtype)


def train(layer, x, upstream):
    layer.zero_grad(set_to_none=True)
    x.grad = None
    y, _ = layer(x)
    y.backward(upstream)
    return y


def results(layer, x, upstream):
    y = train(layer, x, upstream)
    gradients = [x.grad, layer.weight_ih_l0.grad, layer.weight_hh_l0.grad, layer.bias_ih_l0.grad, layer.bias_hh_l0.grad]
    return [t.detach().to(torch.float64).numpy() for t in [y] + gradients]


def check(cell, sizes, path):
    exact = results(*make(cell, sizes, torch.float64))
    peer = results(*make(cell, sizes))
    raw = np.fromfile(path, dtype=np.float32).astype(np.float64)
    errors = {"ours": {}, "torch": {}}
    start = 0
    for name, e, p in zip(["y", "dx", "dW", "dR", "db", "dd"], exact, peer):
        own = raw[start : start + e.size].reshape(e.shape)
        start += e.size
        size = np.abs(e).max()
        errors["ours"][name] = float(np.abs(own - e).max() / size)
        errors["torch"][name] = float(np.abs(p - e).max() / size)
    assert start == raw.size
    return errors


layers = {}


def timed(cell, mode, sizes, limit):
    if (cell, sizes) not in layers:
        layers[cell, sizes] = make(cell, sizes)
    layer, x, upstream = layers[cell, sizes]
    times = []
    start = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < limit:
        before = time.perf_counter()
        if mode == "train":
            train(layer, x, upstream)
        else:
            with torch.inference_mode():
                layer(x)
        times.append(time.perf_counter() - before)
    return " ".join(map(str, times))


print("ready torch", flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "time":
        print(timed(words[1], words[2], tuple(map(int, words[3:7])), float(words[7])), flush=True)
    elif words[0] == "check":
        print(json.dumps(check(words[1], tuple(map(int, words[2:6])), words[6])), flush=True)
    elif words[0] == "version":
        build = next((l.strip() for l in torch.__config__.show().splitlines() if "MKL-DNN" in l), "")
        capability = torch.backends.cpu.get_cpu_capability()
        print(json.dumps({"torch": torch.__version__, "onednn": build, "capability": capability}), flush=True)
