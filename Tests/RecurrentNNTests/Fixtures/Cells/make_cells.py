"""Writes the golden files of the cell tests: python make_cells.py

Needs torch==2.13.0, onnxruntime==1.31.1, onnx==1.23.2, safetensors.

Three oracles: PyTorch for GRU (reset after) and RNN with every gradient; onnxruntime for both forms of the GRU; and, for
cells that neither has, the loops of this file, typed from the papers in float64 and without any stabiliser.
"""
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_num_threads(1)
torch.manual_seed(21)


# PyTorch ------------------------------------------------------------------------------------------------------------------

def torch_case(name, make, T, B, I, H, layers=1, bidirectional=False, lengths=None, dtype=torch.float32, **options):
    network = make(I, H, layers, bidirectional=bidirectional, **options).to(dtype)
    directions = 2 if bidirectional else 1
    x = torch.randn(T, B, I, dtype=dtype, requires_grad=True)
    h0 = torch.randn(layers * directions, B, H, dtype=dtype).requires_grad_()
    if lengths is None:
        y, hn = network(x, h0)
    else:
        out, hn = network(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False), h0)
        y, _ = pad_packed_sequence(out, total_length=T)
    dy, dhn = torch.randn_like(y), torch.randn_like(hn)
    ((y * dy).sum() + (hn * dhn).sum()).backward()
    tensors = dict(x=x, h0=h0, y=y, hn=hn, dy=dy, dhn=dhn, dx=x.grad, dh0=h0.grad)
    for key, parameter in network.named_parameters():
        tensors[key] = parameter
        tensors["grad." + key] = parameter.grad
    if lengths is not None:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    tensors["structure"] = torch.tensor([I, H, layers, directions], dtype=torch.int32)
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, f"{name}.safetensors")


GRU, RNN = torch.nn.GRU, torch.nn.RNN
torch_case("gru_one_layer", GRU, 7, 3, 5, 4)
torch_case("gru_odd_sizes", GRU, 12, 7, 13, 33)
torch_case("gru_bidirectional", GRU, 8, 4, 5, 9, layers=2, bidirectional=True)
torch_case("gru_ragged", GRU, 9, 5, 4, 8, layers=2, bidirectional=True, lengths=[9, 1, 4, 7, 2])
torch_case("gru_double", GRU, 6, 3, 4, 5, layers=2, bidirectional=True, lengths=[6, 2, 5], dtype=torch.float64)
torch_case("rnn_one_layer", RNN, 7, 3, 5, 4)
torch_case("rnn_odd_sizes", RNN, 12, 7, 13, 33)
torch_case("rnn_relu", RNN, 9, 4, 5, 9, layers=2, nonlinearity="relu")
torch_case("rnn_ragged", RNN, 9, 5, 4, 8, layers=2, bidirectional=True, lengths=[9, 1, 4, 7, 2])
torch_case("rnn_double", RNN, 6, 3, 4, 5, layers=2, bidirectional=True, lengths=[6, 2, 5], dtype=torch.float64)


# onnxruntime --------------------------------------------------------------------------------------------------------------

def onnx_gru(reset_after, lengths, seed):
    """Weights are stored with gates r, z, n; ONNX wants z, r, h."""
    T, B, I, H = 6, 4, 3, 5
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    tensors = dict(x=draw(T, B, I), h0=draw(2, B, H))
    for suffix in ["", "_reverse"]:
        tensors |= {f"weight_ih_l0{suffix}": draw(3 * H, I), f"weight_hh_l0{suffix}": draw(3 * H, H),
                    f"bias_ih_l0{suffix}": draw(3 * H), f"bias_hh_l0{suffix}": draw(3 * H)}

    def reordered(weight):
        r, z, n = np.split(weight, 3)
        return np.concatenate([z, r, n])

    def both(key):
        return np.stack([reordered(tensors[key + suffix]) for suffix in ["", "_reverse"]])

    bias = np.concatenate([both("bias_ih_l0"), both("bias_hh_l0")], axis=1)
    feeds = dict(X=tensors["x"], W=both("weight_ih_l0"), R=both("weight_hh_l0"), B=bias,
                 lengths=np.array(lengths, dtype=np.int32), h0=tensors["h0"])
    node = helper.make_node("GRU", list(feeds), ["Y", "Y_h"], hidden_size=H, direction="bidirectional",
                            linear_before_reset=int(reset_after))
    kinds = {k: TensorProto.INT32 if k == "lengths" else TensorProto.FLOAT for k in feeds}
    graph = helper.make_graph(
        [node], "gru", [helper.make_tensor_value_info(k, kinds[k], v.shape) for k, v in feeds.items()],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [T, 2, B, H]),
         helper.make_tensor_value_info("Y_h", TensorProto.FLOAT, [2, B, H])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y, final = session.run(None, feeds)
    # [T, 2, B, H] -> [T, B, 2H]
    tensors |= dict(y=y.transpose(0, 2, 1, 3).reshape(T, B, 2 * H), hn=final, lengths=feeds["lengths"],
                    structure=np.array([I, H, 1, 2], dtype=np.int32))
    save_arrays({k: np.ascontiguousarray(v) for k, v in tensors.items()},
                f"onnx_gru_{'after' if reset_after else 'before'}.safetensors")


onnx_gru(True, [6, 6, 3, 1], 1)
onnx_gru(False, [6, 6, 3, 1], 2)


# Loops typed from the papers ----------------------------------------------------------------------------------------------

def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def save_loop(name, weights, x, **results):
    arrays = dict(x=x, **{"w." + k: v for k, v in weights.items()}, **results)
    save_arrays({k: np.ascontiguousarray(v, dtype=np.float64) for k, v in arrays.items()}, f"{name}.safetensors")


def mgu(T=7, B=3, I=4, H=5):
    """Zhou et al. 2016: f = s(Wf [h, x] + bf); n = tanh(Wh [f*h, x] + bh); h = (1 - f) h + f n."""
    rng = np.random.default_rng(3)
    w = dict(weight_ih=rng.normal(size=(2 * H, I)), weight_hh=rng.normal(size=(2 * H, H)), bias=rng.normal(size=2 * H))
    x, h0 = rng.normal(size=(T, B, I)), rng.normal(size=(B, H))
    y = np.zeros((T, B, H))
    for b in range(B):
        h = h0[b]
        for t in range(T):
            f = sigmoid(w["weight_ih"][:H] @ x[t, b] + w["weight_hh"][:H] @ h + w["bias"][:H])
            n = np.tanh(w["weight_ih"][H:] @ x[t, b] + w["weight_hh"][H:] @ (f * h) + w["bias"][H:])
            h = (1 - f) * h + f * n
            y[t, b] = h
    save_loop("mgu", w, x, h0=h0, y=y)


def min_gru(T=90, B=3, I=4, H=5):
    """Feng et al. 2024: z = s(Linear(x)); n = Linear(x); h = (1 - z) h + z n."""
    rng = np.random.default_rng(4)
    w = dict(weight=rng.normal(size=(2 * H, I)), bias=rng.normal(size=2 * H))
    x, h0 = rng.normal(size=(T, B, I)), rng.normal(size=(B, H))
    y = np.zeros((T, B, H))
    for b in range(B):
        h = h0[b]
        for t in range(T):
            sums = w["weight"] @ x[t, b] + w["bias"]
            z = sigmoid(sums[:H])
            h = (1 - z) * h + z * sums[H:]
            y[t, b] = h
    save_loop("min_gru", w, x, h0=h0, y=y)


def min_lstm(T=90, B=3, I=4, H=5):
    """Feng et al. 2024: f, i = s(Linear(x)); both over f + i; h = f' h + i' n."""
    rng = np.random.default_rng(5)
    w = dict(weight=rng.normal(size=(3 * H, I)), bias=rng.normal(size=3 * H))
    x, h0 = rng.normal(size=(T, B, I)), rng.normal(size=(B, H))
    y = np.zeros((T, B, H))
    for b in range(B):
        h = h0[b]
        for t in range(T):
            sums = w["weight"] @ x[t, b] + w["bias"]
            f, i = sigmoid(sums[:H]), sigmoid(sums[H:2 * H])
            h = f / (f + i) * h + i / (f + i) * sums[2 * H:]
            y[t, b] = h
    save_loop("min_lstm", w, x, h0=h0, y=y)


def slstm(name, heads, exponential, scale, T=12, B=2, I=3, H=6):
    """Beck et al. 2024, equations 8 to 14, from the zero state; c and n grow without bound, as the paper has them."""
    rng = np.random.default_rng(6)
    d = H // heads
    w = dict(weight_ih=rng.normal(size=(4 * H, I)) * scale, weight_hh=rng.normal(size=(heads, 4 * d, d)) / np.sqrt(d),
             bias=rng.normal(size=4 * H))
    x = rng.normal(size=(T, B, I))
    y, cell, normalizer = np.zeros((T, B, H)), np.zeros((B, H)), np.zeros((B, H))
    for b in range(B):
        h, c, n = np.zeros(H), np.zeros(H), np.zeros(H)
        for t in range(T):
            sums = (w["weight_ih"] @ x[t, b] + w["bias"]).reshape(4, H)
            for k in range(heads):
                own = slice(k * d, (k + 1) * d)
                sums[:, own] += (w["weight_hh"][k] @ h[own]).reshape(4, d)
            i, f = np.exp(sums[0]), np.exp(sums[1]) if exponential else sigmoid(sums[1])
            z, o = np.tanh(sums[2]), sigmoid(sums[3])
            c, n = f * c + i * z, f * n + i
            h = o * c / n
            y[t, b] = h
        cell[b], normalizer[b] = c, n
    save_loop(name, w, x, y=y, c=cell, n=normalizer, structure=[heads, exponential])


def mlstm(name, heads, exponential, scale, T=12, B=2, I=3, H=6):
    """Beck et al. 2024, equations 19 to 27, from the zero state."""
    rng = np.random.default_rng(7)
    d = H // heads
    w = {}
    for key in ["query", "key", "value", "output"]:
        w |= {key + ".weight": rng.normal(size=(H, I)), key + ".bias": rng.normal(size=H)}
    w |= {"gates.weight": rng.normal(size=(2 * heads, I)) * scale, "gates.bias": rng.normal(size=2 * heads)}
    x = rng.normal(size=(T, B, I))
    y, memory, normalizer = np.zeros((T, B, H)), np.zeros((B, heads, d, d)), np.zeros((B, heads, d))
    for b in range(B):
        for k in range(heads):
            own = slice(k * d, (k + 1) * d)
            C, n = np.zeros((d, d)), np.zeros(d)
            for t in range(T):
                part = lambda key: w[key + ".weight"][own] @ x[t, b]
                q = part("query") + w["query.bias"][own]
                key = part("key") / np.sqrt(d) + w["key.bias"][own]
                v = part("value") + w["value.bias"][own]
                o = sigmoid(part("output") + w["output.bias"][own])
                gates = w["gates.weight"] @ x[t, b] + w["gates.bias"]
                i = np.exp(gates[k])
                f = np.exp(gates[heads + k]) if exponential else sigmoid(gates[heads + k])
                C, n = f * C + i * np.outer(v, key), f * n + i * key
                y[t, b, own] = o * (C @ q / max(abs(n @ q), 1))
            memory[b, k], normalizer[b, k] = C, n
    save_loop(name, w, x, y=y, C=memory, n=normalizer, structure=[heads, exponential])


mgu()
min_gru()
min_lstm()
for kind, make in [("slstm", slstm), ("mlstm", mlstm)]:
    make(kind + "_plain", 1, False, 1)
    make(kind + "_heads", 3, True, 1)
    # Sums of hundreds: only a stabilised cell survives them in single precision.
    make(kind + "_steep", 2, False, 60)
