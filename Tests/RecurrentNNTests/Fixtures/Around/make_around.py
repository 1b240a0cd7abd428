"""Writes the golden files of what stands around the cells with PyTorch (torch==2.13.0, safetensors): python make_around.py

attention_*: queries, keys, values, random upstream gradients and what PyTorch answers; padded keys are masked there.
composed_*: torch.nn modules put together as the layers here are. trace_*: a loop over torch.nn.LSTMCell or GRUCell whose
states keep their gradients. All in float64.
"""
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(31)
torch.set_default_dtype(torch.float64)


def write(name, tensors):
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, f"{name}.safetensors")


def leaves(*shapes):
    return [torch.randn(*shape).requires_grad_() for shape in shapes]


def visible(B, Tq, Tk, lengths, causal):
    seen = torch.ones(B, Tq, Tk, dtype=torch.bool)
    if lengths is not None:
        seen &= torch.arange(Tk)[None, None] < torch.tensor(lengths)[:, None, None]
    if causal:
        seen &= torch.arange(Tk)[None] <= torch.arange(Tq)[:, None]
    return seen


def attention(name, Tq, Tk, B, D, K, V, lengths=None, causal=False, kind="dot"):
    """Dot products through PyTorch's own function where it gives what is wanted; the others typed from the papers."""
    q, k, v = leaves((Tq, B, D), (Tk, B, K), (Tk, B, V))
    tensors = dict(query=q, keys=k, values=v)
    seen = visible(B, Tq, Tk, lengths, causal)
    Q, KK, VV = [t.transpose(0, 1) for t in (q, k, v)]
    weights = {}
    if kind == "dot":
        scores = Q @ KK.transpose(1, 2) / K**0.5
    elif kind == "general":
        weights = dict(weight=torch.randn(K, D).requires_grad_())
        scores = torch.nn.functional.bilinear(
            KK[:, None].expand(B, Tq, Tk, K).contiguous(), Q[:, :, None].expand(B, Tq, Tk, D).contiguous(),
            weights["weight"][None])[..., 0]
    else:
        A = 6
        weights = dict(query_weight=torch.randn(A, D).requires_grad_(), key_weight=torch.randn(A, K).requires_grad_(),
                       score_weight=torch.randn(A).requires_grad_())
        scores = torch.tanh(
            (Q @ weights["query_weight"].T)[:, :, None] + (KK @ weights["key_weight"].T)[:, None]
        ) @ weights["score_weight"]
    w = scores.masked_fill(~seen, float("-inf")).softmax(-1)
    context = w @ VV
    if kind == "dot":
        own = torch.nn.functional.scaled_dot_product_attention(Q, KK, VV, attn_mask=seen)
        assert (own - context).abs().max() < 1e-14
        context = own
    y, w = context.transpose(0, 1), w.transpose(0, 1)
    dy, dw = torch.randn_like(y), torch.randn_like(w)
    ((y * dy).sum() + (w * dw).sum()).backward()
    tensors |= dict(context=y, weights=w, dcontext=dy, dweights=dw, dquery=q.grad, dkeys=k.grad, dvalues=v.grad)
    tensors |= {"w." + n: p for n, p in weights.items()} | {"grad." + n: p.grad for n, p in weights.items()}
    if lengths is not None:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    if causal:
        tensors["causal"] = torch.tensor([1], dtype=torch.int32)
    write("attention_" + name, tensors)


attention("dot", 4, 6, 3, 5, 5, 7)
attention("dot_masked", 5, 5, 4, 3, 3, 2, lengths=[5, 1, 3, 4], causal=True)
attention("general", 3, 6, 3, 4, 5, 7, lengths=[6, 2, 5], kind="general")
attention("additive", 4, 6, 3, 5, 3, 7, lengths=[6, 1, 4], kind="additive")
attention("additive_causal", 5, 5, 2, 4, 4, 3, causal=True, kind="additive")


def parameters(prefix, module):
    """Those of a layer of one direction, under a cell's names."""
    return {prefix + n.removesuffix("_l0"): p for n, p in module.named_parameters()}


def composed(name, x, y, finals, modules):
    dy = torch.randn_like(y)
    dfinals = [torch.randn_like(f) for f in finals]
    (sum((f * d).sum() for f, d in zip(finals, dfinals)) + (y * dy).sum()).backward()
    tensors = dict(x=x, y=y, dy=dy, dx=x.grad)
    tensors |= {f"final.{i}": f for i, f in enumerate(finals)} | {f"dfinal.{i}": d for i, d in enumerate(dfinals)}
    for prefix, module in modules:
        named = parameters(prefix, module)
        tensors |= {"w." + n: p for n, p in named.items()} | {"grad." + n: p.grad for n, p in named.items()}
    write("composed_" + name, tensors)


T, B, I, H = 7, 3, 4, 5
for merge in ["concatenation", "sum", "mean", "product"]:
    forward, backward = torch.nn.LSTM(I, H), torch.nn.GRU(I, H)
    x, = leaves((T, B, I))
    a, (h, c) = forward(x)
    b, g = backward(x.flip(0))
    b = b.flip(0)
    y = {"concatenation": torch.cat([a, b], 2), "sum": a + b, "mean": (a + b) / 2, "product": a * b}[merge]
    composed(merge, x, y, [h[0], c[0], g[0]], [("forward.", forward), ("backward.", backward)])

lstm, gru, rnn, norm1, norm2 = (
    torch.nn.LSTM(I, H), torch.nn.GRU(H, H), torch.nn.RNN(H, H), torch.nn.LayerNorm(H), torch.nn.LayerNorm(H))
for norm in [norm1, norm2]:
    torch.nn.init.normal_(norm.weight), torch.nn.init.normal_(norm.bias)
x, = leaves((T, B, I))
below, (h, c) = lstm(x)
made, g = gru(norm1(below))
below = below + made
made, r = rnn(norm2(below))
composed("stack", x, below + made, [h[0], c[0], g[0], r[0]],
         [("layers.0.", lstm), ("layers.1.", gru), ("layers.2.", rnn), ("norms.1.", norm1), ("norms.2.", norm2)])


def trace(name, cell, T, B, H, loss):
    """The states keep their gradients: total derivatives of the loss."""
    x = torch.randn(T, B, 3)
    isLSTM = isinstance(cell, torch.nn.LSTMCell)
    state = (torch.randn(B, H), torch.randn(B, H)) if isLSTM else torch.randn(B, H)
    tensors = dict(x=x, h0=state[0] if isLSTM else state)
    if isLSTM:
        tensors["c0"] = state[1]
    hs, cs, gates = [], [], []
    for t in range(T):
        before = state[0] if isLSTM else state
        sums = x[t] @ cell.weight_ih.T + cell.bias_ih, before @ cell.weight_hh.T + cell.bias_hh
        if isLSTM:
            i, f, g, o = (sums[0] + sums[1]).chunk(4, 1)
            gates.append([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()])
            state = cell(x[t], state)
            hs.append(state[0]), cs.append(state[1])
        else:
            (ir, iz, i_n), (hr, hz, hn) = sums[0].chunk(3, 1), sums[1].chunk(3, 1)
            r = (ir + hr).sigmoid()
            gates.append([r, (iz + hz).sigmoid(), (i_n + r * hn).tanh()])
            state = cell(x[t], state)
            hs.append(state)
    for s in hs + cs:
        s.retain_grad()
    upstream = torch.randn(T, B, H) if loss == "all" else torch.zeros(T, B, H)
    if loss == "last":
        upstream[-1] = torch.randn(B, H)
    value = sum((h.pow(2) * u).sum() for h, u in zip(hs, upstream))
    value.backward()
    tensors |= dict(upstream=upstream, loss=value, h=torch.stack(hs), dh=torch.stack([h.grad for h in hs]))
    if cs:
        tensors |= dict(c=torch.stack(cs), dc=torch.stack([c.grad for c in cs]))
    for k, values in enumerate(zip(*gates)):
        tensors[f"gate.{k}"] = torch.stack(values)
    tensors |= {"w." + n: p for n, p in cell.named_parameters()}
    write("trace_" + name, tensors)


trace("lstm", torch.nn.LSTMCell(3, 6), 9, 2, 6, "all")
trace("lstm_last", torch.nn.LSTMCell(3, 6), 40, 2, 6, "last")
trace("gru", torch.nn.GRUCell(3, 6), 9, 2, 6, "all")
