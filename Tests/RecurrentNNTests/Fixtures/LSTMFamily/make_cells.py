"""Writes cells.safetensors: the cells beside the LSTM (torch==2.13.0, onnx==1.23.2, onnxruntime==1.31.1, numpy,
safetensors): python make_cells.py

GRU and Elman come from torch.nn in double precision, the GRU with reset before the product (and, once more, after it) from
onnxruntime, the others are PyTorch loops written from their papers. States, outputs and gradients by autograd. Rows:
GRU r, z, n · MGU f, n · sLSTM i, f, z, o · mLSTM q, k, v, o, i, f · minLSTM f, i, h · minGRU z, h.
"""
import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper

from golden import Golden

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
T, B, I, H = 5, 3, 3, 4
golden = Golden("cells.safetensors")


def close(name, kind, parameters, x, state, steps, final, heads=1, lengths=None, reversed=False):
    """Random upstream gradients of every part after every step and at the end, and what autograd makes of them."""
    up_steps, up_final = [torch.randn_like(v) for v in steps], [torch.randn_like(v) for v in final]
    sum((v * u).sum() for v, u in zip(steps + final, up_steps + up_final)).backward()
    tensors = {"x": x, "gradient.x": x.grad}
    for k in range(len(steps)):
        tensors.update({f"state.{k}": state[k], f"steps.{k}": steps[k], f"final.{k}": final[k],
                        f"upstream.steps.{k}": up_steps[k], f"upstream.final.{k}": up_final[k],
                        f"gradient.state.{k}": torch.zeros_like(state[k]) if state[k].grad is None else state[k].grad})
    if lengths:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    golden.add(name, dict(kind=kind, heads=heads), I, H, {"l0": parameters}, tensors,
               {"l0": {k: v.grad for k, v in parameters.items()}}, reversed=reversed)


def layer(name, kind, seed, module):
    torch.manual_seed(seed)
    x, h0 = torch.randn(T, B, I, requires_grad=True), torch.randn(B, H, requires_grad=True)
    y, hn = module(x, h0.unsqueeze(0))
    parameters = {key.removesuffix("_l0"): value for key, value in module.named_parameters()}
    close(name, kind, parameters, x, [h0], [y], [hn[0]])


torch.manual_seed(0)
layer("GRU of PyTorch", "gruResetAfter", 1, torch.nn.GRU(I, H))
layer("RNN of PyTorch with tanh", "elmanTanh", 2, torch.nn.RNN(I, H))
layer("RNN of PyTorch with ReLU", "elmanReLU", 3, torch.nn.RNN(I, H, nonlinearity="relu"))


def loop(name, kind, seed, step, sizes, rows, recurrent=None, heads=1, lengths=None, reversed=False, two=False):
    torch.manual_seed(seed)
    p = {"weight_ih": torch.randn(rows, I, requires_grad=True), "bias_ih": torch.randn(rows, requires_grad=True)}
    if recurrent:
        p["weight_hh"] = torch.randn(rows, recurrent, requires_grad=True)
    if two:
        p["bias_hh"] = torch.randn(rows, requires_grad=True)
    x = torch.randn(T, B, I, requires_grad=True)
    # A normaliser n is positive in any state that a run can reach.
    state = [torch.rand(B, size, requires_grad=True) for size in sizes]
    now, steps = list(state), [[None] * T for _ in sizes]
    for t in (range(T - 1, -1, -1) if reversed else range(T)):
        new = step(p, x[t], now)
        if lengths:
            runs = torch.tensor([t < length for length in lengths]).unsqueeze(1)
            now = [torch.where(runs, a, b) for a, b in zip(new, now)]
            for k, v in enumerate(now):
                steps[k][t] = torch.where(runs, v, 0.0)
        else:
            now = new
            for k, v in enumerate(now):
                steps[k][t] = v
    close(name, kind, p, x, state, [torch.stack(v) for v in steps], now, heads, lengths, reversed)


def gru_before(p, x, state):
    h = state[0]
    wr, wz, wn = (x @ p["weight_ih"].T + p["bias_ih"] + p["bias_hh"]).chunk(3, dim=1)
    rr, rz, rn = p["weight_hh"].chunk(3)
    r, z = torch.sigmoid(wr + h @ rr.T), torch.sigmoid(wz + h @ rz.T)
    n = torch.tanh(wn + (r * h) @ rn.T)
    return [(1 - z) * n + z * h]


def mgu(p, x, state):
    h = state[0]
    wf, wn = (x @ p["weight_ih"].T + p["bias_ih"]).chunk(2, dim=1)
    rf, rn = p["weight_hh"].chunk(2)
    f = torch.sigmoid(wf + h @ rf.T)
    return [(1 - f) * h + f * torch.tanh(wn + (f * h) @ rn.T)]


def slstm(heads):
    def step(p, x, state):
        h, c, n, m = state
        # One block [4, H/A, H/A] a head.
        blocks = p["weight_hh"].view(4, heads, H // heads, H // heads)
        products = torch.einsum("gajk,bak->bgaj", blocks, h.view(B, heads, H // heads)).reshape(B, 4 * H)
        i, f, z, o = (x @ p["weight_ih"].T + p["bias_ih"] + products).chunk(4, dim=1)
        log_f = torch.nn.functional.logsigmoid(f)
        m_new = torch.maximum(log_f + m, i)
        i, f = torch.exp(i - m_new), torch.exp(log_f + m - m_new)
        c, n = f * c + i * torch.tanh(z), f * n + i
        return [torch.sigmoid(o) * c / n, c, n, m_new]
    return step


def mlstm(heads):
    D = H // heads

    def step(p, x, state):
        sums = x @ p["weight_ih"].T + p["bias_ih"]
        q, k, v, o, i, f = sums.split([H, H, H, H, heads, heads], dim=1)
        # The paper scales the product alone: k = W x / √D + b.
        k = (x @ p["weight_ih"][H:2 * H].T) / D ** 0.5 + p["bias_ih"][H:2 * H]
        q, k, v = (a.view(B, heads, D) for a in (q, k, v))
        C, n, m = state[1].view(B, heads, D, D), state[2].view(B, heads, D), state[3]
        log_f = torch.nn.functional.logsigmoid(f)
        m_new = torch.maximum(log_f + m, i)
        i, f = torch.exp(i - m_new), torch.exp(log_f + m - m_new)
        C = f[..., None, None] * C + i[..., None, None] * torch.einsum("bav,bak->bavk", v, k)
        n = f[..., None] * n + i[..., None] * k
        size = torch.maximum((n * q).sum(-1).abs(), torch.exp(-m_new))
        e = torch.einsum("bavk,bak->bav", C, q) / size[..., None]
        return [torch.sigmoid(o) * e.reshape(B, H), C.reshape(B, -1), n.reshape(B, -1), m_new]
    return step


def min_lstm(p, x, state):
    f, i, new = (x @ p["weight_ih"].T + p["bias_ih"]).chunk(3, dim=1)
    f, i = torch.sigmoid(f), torch.sigmoid(i)
    return [f / (f + i) * state[0] + i / (f + i) * new]


def min_gru(p, x, state):
    z, new = (x @ p["weight_ih"].T + p["bias_ih"]).chunk(2, dim=1)
    z = torch.sigmoid(z)
    return [(1 - z) * state[0] + z * new]


loop("GRU with reset before", "gruResetBefore", 10, gru_before, [H], 3 * H, H, two=True)
loop("GRU with reset before, ragged, reversed", "gruResetBefore", 11, gru_before, [H], 3 * H, H, two=True,
     lengths=[5, 0, 2], reversed=True)
loop("minimal gated unit", "minimalGatedUnit", 12, mgu, [H], 2 * H, H)
loop("sLSTM", "sLSTM", 13, slstm(1), [H] * 4, 4 * H, H, lengths=[5, 1, 3])
loop("sLSTM of two heads", "sLSTM", 14, slstm(2), [H] * 4, 4 * H, H // 2, heads=2)
loop("mLSTM", "mLSTM", 15, mlstm(1), [H, H * H, H, 1], 4 * H + 2, lengths=[5, 4, 1])
loop("mLSTM of two heads", "mLSTM", 16, mlstm(2), [H, H * H // 2, H, 2], 4 * H + 4, heads=2)
loop("minLSTM", "minLSTM", 17, min_lstm, [H], 3 * H, lengths=[2, 5, 0])
loop("minGRU", "minGRU", 18, min_gru, [H], 2 * H, reversed=True)


def onnx_gru(name, seed, linear_before_reset, lengths=None, direction="forward", state=True):
    """ONNX's rows stand z, r, n; its update gate is the same z."""
    random = np.random.default_rng(seed)
    feeds = dict(X=random.standard_normal((T, B, I)), W=random.standard_normal((1, 3 * H, I)),
                 R=random.standard_normal((1, 3 * H, H)), B=random.standard_normal((1, 6 * H)))
    if lengths:
        feeds["sequence_lens"] = np.array(lengths, np.int32)
    if state:
        feeds["initial_h"] = random.standard_normal((1, B, H))
    feeds = {k: v if v.dtype == np.int32 else v.astype(np.float32) for k, v in feeds.items()}
    names = [k if k in feeds else "" for k in ("X", "W", "R", "B", "sequence_lens", "initial_h")]
    node = helper.make_node("GRU", names, ["Y", "Y_h"], hidden_size=H, linear_before_reset=linear_before_reset,
                            direction=direction)
    types = {k: TensorProto.INT32 if v.dtype == np.int32 else TensorProto.FLOAT for k, v in feeds.items()}
    graph = helper.make_graph([node], "gru", [helper.make_tensor_value_info(k, types[k], v.shape) for k, v in feeds.items()],
                              [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in ("Y", "Y_h")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
    model.ir_version = 10
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    y, h = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, feeds)

    def reset_first(rows):
        z, r, n = np.split(rows, 3)
        return np.concatenate([r, z, n])

    bias = feeds["B"][0]
    parameters = dict(weight_ih=reset_first(feeds["W"][0]), weight_hh=reset_first(feeds["R"][0]),
                      bias_ih=reset_first(bias[:3 * H]), bias_hh=reset_first(bias[3 * H:]))
    tensors = {"x": feeds["X"], "steps.0": y[:, 0], "final.0": h[0]}
    if state:
        tensors["state.0"] = feeds["initial_h"][0]
    if lengths:
        tensors["lengths"] = feeds["sequence_lens"]
    # float32: the unit in the last place is 6e-8; onnxruntime's tanh and sigmoid are rational approximations.
    golden.add(name, dict(kind="gruResetAfter" if linear_before_reset else "gruResetBefore", heads=1), I, H,
               {"l0": parameters}, tensors, reversed=direction == "reverse", tolerance=2e-6)


onnx_gru("ONNX Runtime, linear_before_reset = 0", 30, 0)
onnx_gru("ONNX Runtime, linear_before_reset = 1", 31, 1)
onnx_gru("ONNX Runtime, linear_before_reset = 1, from nothing", 32, 1, state=False)
onnx_gru("ONNX Runtime, linear_before_reset = 0, from nothing", 33, 0, state=False)
onnx_gru("ONNX Runtime, linear_before_reset = 0, ragged, reversed", 34, 0, lengths=[2, 5, 4], direction="reverse")
onnx_gru("ONNX Runtime, linear_before_reset = 1, ragged, reversed", 35, 1, lengths=[3, 5, 1], direction="reverse")
golden.save()
