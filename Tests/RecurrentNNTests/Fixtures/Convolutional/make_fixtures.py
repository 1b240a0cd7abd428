"""Writes the golden files of the convolution tests with PyTorch (torch==2.13.0, safetensors): python make_fixtures.py

Convolutions come from torch.nn.functional with gradients by autograd. The ConvLSTM is a loop in double precision typed
from the equations of Shi et al. 2015 (with the output gate's peephole on the new cell state), gradients by autograd under
random upstream gradients of every output and from random initial states.
"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(31)
D = torch.float64


def leaf(*shape):
    return torch.randn(*shape, dtype=D).requires_grad_()


def write(name, tensors):
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, f"{name}.safetensors")


def convolutions():
    tensors = {}

    def record(name, function, x, w, b, numbers):
        y = function(x, w, b)
        dy = torch.randn_like(y)
        (y * dy).sum().backward()
        tensors.update({f"{name}.x": x, f"{name}.w": w, f"{name}.b": b, f"{name}.y": y, f"{name}.dy": dy,
                        f"{name}.dx": x.grad, f"{name}.dw": w.grad, f"{name}.db": b.grad,
                        f"{name}.numbers": torch.tensor(numbers, dtype=torch.int32)})

    # name: frames, filters, kernel, stride, padding
    for name, shape, filters, kernel, stride, padding in [
        ("plane", (3, 2, 6, 7), 5, (3, 3), (1, 1), (1, 1)),
        ("wide", (2, 3, 5, 9), 4, (5, 3), (1, 1), (2, 1)),
        ("strided", (2, 3, 8, 7), 7, (3, 4), (2, 3), (1, 2)),
        ("bare", (1, 1, 4, 5), 1, (2, 2), (1, 1), (0, 0)),
        ("gaps", (2, 2, 9, 9), 3, (1, 2), (3, 4), (0, 1)),
    ]:
        x, w, b = leaf(*shape), leaf(filters, shape[1], *kernel), leaf(filters)
        record("conv2d." + name, lambda x, w, b: F.conv2d(x, w, b, stride, padding), x, w, b, [*stride, *padding])
    for name, shape, filters, kernel, stride, padding in [
        ("line", (3, 4, 11), 5, 3, 1, 1), ("strided", (2, 3, 12), 4, 5, 3, 2), ("one", (2, 1, 1), 2, 1, 1, 0),
    ]:
        x, w, b = leaf(*shape), leaf(filters, shape[1], kernel), leaf(filters)
        record("conv1d." + name, lambda x, w, b: F.conv1d(x, w, b, stride, padding), x, w, b, [stride, padding])
    for name, shape, filters, kernel, stride, padding, more in [
        ("plane", (2, 3, 4, 5), 4, (3, 3), (1, 1), (1, 1), (0, 0)),
        ("strided", (2, 3, 4, 3), 2, (4, 3), (2, 3), (1, 0), (1, 2)),
    ]:
        x, w, b = leaf(*shape), leaf(shape[1], filters, *kernel), leaf(filters)
        record("transposed2d." + name, lambda x, w, b: F.conv_transpose2d(x, w, b, stride, padding, more), x, w, b,
               [*stride, *padding, *more])
    x, w, b = leaf(2, 3, 5), leaf(3, 4, 4), leaf(4)
    record("transposed1d.strided", lambda x, w, b: F.conv_transpose1d(x, w, b, 3, 1, 1), x, w, b, [3, 1, 1])
    frames = torch.randn(2, 3, 4, 6, dtype=D)
    tensors["patches.x"], tensors["patches.y"] = frames, F.pixel_unshuffle(frames, 2)
    write("convolutions", tensors)


def conv_lstm(name, T, B, I, C, frame, kernel, stride, padding, state_kernel, peephole, lengths=None, reverse=False):
    convolve = F.conv2d if len(frame) == 2 else F.conv1d
    x, wx, wh, b = leaf(T, B, I, *frame), leaf(4 * C, I, *kernel), leaf(4 * C, C, *state_kernel), leaf(4 * C)
    with torch.no_grad():
        wx *= 0.4
        wh *= 0.4
    inner = convolve(x[0], wx, b, stride, padding).shape[2:]
    h0, c0 = leaf(B, C, *inner), leaf(B, C, *inner)
    p = leaf(3, C, *inner) if peephole else None
    lengths = lengths or [T] * B
    ys, cs, hs, finals = [[None] * B for _ in range(T)], [[None] * B for _ in range(T)], [], []
    zero = torch.zeros(C, *inner, dtype=D)
    for row in range(B):
        h, c = h0[row : row + 1], c0[row : row + 1]
        steps = range(lengths[row])
        for t in reversed(steps) if reverse else steps:
            z = convolve(x[t, row : row + 1], wx, b, stride, padding)
            z = z + convolve(h, wh, None, 1, [k // 2 for k in state_kernel])
            zi, zf, zc, zo = z.chunk(4, 1)
            i = torch.sigmoid(zi + p[0] * c if peephole else zi)
            f = torch.sigmoid(zf + p[1] * c if peephole else zf)
            c = f * c + i * torch.tanh(zc)
            o = torch.sigmoid(zo + p[2] * c if peephole else zo)
            h = o * torch.tanh(c)
            ys[t][row], cs[t][row] = h[0], c[0]
        hs.append(h[0])
        finals.append(c[0])
    y = torch.stack([torch.stack([zero if v is None else v for v in line]) for line in ys])
    cell = torch.stack([torch.stack([zero if v is None else v for v in line]) for line in cs])
    hn, cn = torch.stack(hs), torch.stack(finals)
    outputs = dict(y=y, cell=cell, hn=hn, cn=cn)
    upstream = {"d" + k: torch.randn_like(v) for k, v in outputs.items()}
    sum((v * upstream["d" + k]).sum() for k, v in outputs.items()).backward()
    tensors = dict(x=x, h0=h0, c0=c0, **outputs, **upstream, dx=x.grad, dh0=h0.grad, dc0=c0.grad)
    parameters = dict(weight_ih=wx, weight_hh=wh, bias=b) | (dict(weight_peephole=p) if peephole else {})
    for key, value in parameters.items():
        tensors[key] = value
        tensors["grad." + key] = value.grad
    tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    tensors["numbers"] = torch.tensor([len(frame), *stride, *padding, int(reverse)], dtype=torch.int32)
    write("conv_lstm_" + name, tensors)


convolutions()
conv_lstm("plane", 4, 2, 2, 3, (5, 4), (3, 3), (1, 1), (1, 1), (3, 3), False)
conv_lstm("peepholes", 4, 2, 3, 2, (4, 6), (3, 5), (1, 1), (1, 2), (5, 3), True)
conv_lstm("strided", 5, 3, 2, 3, (6, 7), (4, 3), (2, 2), (1, 1), (3, 1), True, lengths=[5, 0, 3])
conv_lstm("reverse", 4, 3, 1, 3, (4, 4), (3, 3), (1, 1), (1, 1), (3, 3), True, lengths=[2, 4, 1], reverse=True)
conv_lstm("line", 5, 3, 2, 3, (9,), (3,), (1,), (1,), (5,), False, lengths=[4, 5, 2])
conv_lstm("line_peepholes", 4, 2, 2, 4, (11,), (4,), (3,), (2,), (3,), True, reverse=True)
