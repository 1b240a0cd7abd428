"""Writes conv.safetensors: the ConvLSTM of Shi et al. 2015 as a PyTorch loop over torch.nn.functional.conv2d in double
precision, with gradients by autograd (torch==2.13.0, numpy, safetensors): python make_conv.py

Frames [C, height, width]; one dimension is a height of 1. Gates i, f, g, o.
"""
import torch
import torch.nn.functional as F

from golden import Golden

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
golden = Golden("conv.safetensors")


def case(name, seed, frame=(5, 4), kernel=(3, 3), state_kernel=(3, 3), stride=(1, 1), peephole=False, lengths=None,
         given=True, T=3, B=2, I=2, C=3):
    torch.manual_seed(seed)
    size = [(extent - 1) // step + 1 for extent, step in zip(frame, stride)]

    def leaf(*shape):
        return (0.5 * torch.randn(*shape)).requires_grad_()

    p = dict(weight_ih=leaf(4 * C, I, *kernel), weight_hh=leaf(4 * C, C, *state_kernel), bias_ih=leaf(4 * C))
    if peephole:
        p.update({"peephole_" + gate: leaf(C, *size) for gate in "ifo"})
    x = torch.randn(T, B, I, *frame, requires_grad=True)
    h0, c0 = torch.randn(B, C, *size, requires_grad=True), torch.randn(B, C, *size, requires_grad=True)
    h, c = (h0, c0) if given else (torch.zeros(B, C, *size), torch.zeros(B, C, *size))
    hs, cs = [], []
    for t in range(T):
        z = F.conv2d(x[t], p["weight_ih"], p["bias_ih"], stride, [k // 2 for k in kernel])
        z = z + F.conv2d(h, p["weight_hh"], None, 1, [k // 2 for k in state_kernel])
        zi, zf, zg, zo = z.chunk(4, dim=1)
        if peephole:
            zi, zf = zi + p["peephole_i"] * c, zf + p["peephole_f"] * c
        new = torch.sigmoid(zf) * c + torch.sigmoid(zi) * torch.tanh(zg)
        if peephole:
            zo = zo + p["peephole_o"] * new
        out = torch.sigmoid(zo) * torch.tanh(new)
        runs = torch.tensor([lengths is None or t < lengths[b] for b in range(B)]).view(B, 1, 1, 1)
        h, c = torch.where(runs, out, h), torch.where(runs, new, c)
        hs.append(torch.where(runs, h, 0.0))
        cs.append(torch.where(runs, c, 0.0))
    outputs = [torch.stack(hs), torch.stack(cs), h, c]
    up = [torch.randn_like(v) for v in outputs]
    sum((v * u).sum() for v, u in zip(outputs, up)).backward()
    tensors = {"x": x, "gradient.x": x.grad, "steps.0": outputs[0], "steps.1": outputs[1], "final.0": h, "final.1": c,
               "upstream.steps.0": up[0], "upstream.steps.1": up[1], "upstream.final.0": up[2],
               "upstream.final.1": up[3]}
    if given:
        tensors.update({"state.0": h0, "state.1": c0, "gradient.state.0": h0.grad, "gradient.state.1": c0.grad})
    if lengths:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    golden.add(name, dict(stride=list(stride)), I, C, {"l0": p}, tensors, {"l0": {k: v.grad for k, v in p.items()}})


case("without peepholes", 1)
case("with peepholes", 2, peephole=True)
case("with peepholes, ragged", 3, peephole=True, lengths=[1, 3])
case("stride 2, kernel 5, state kernel 1", 4, frame=(7, 6), kernel=(5, 5), state_kernel=(1, 1), stride=(2, 2))
case("one dimension with peepholes", 5, frame=(1, 7), kernel=(1, 3), state_kernel=(1, 5), peephole=True)
case("one dimension, stride 3, from nothing", 6, frame=(1, 8), kernel=(1, 5), state_kernel=(1, 3), stride=(1, 3),
     given=False)
golden.save()
