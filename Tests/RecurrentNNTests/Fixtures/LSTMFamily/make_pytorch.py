"""Writes pytorch.safetensors: torch.nn.LSTM in double precision, with and without proj_size, stacked and in both
directions, ragged, with every gradient (torch==2.13.0, numpy, safetensors): python make_pytorch.py
"""
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import Golden

torch.set_num_threads(1)
golden = Golden("pytorch.safetensors")


def case(name, seed, T, B, I, H, P=0, layers=1, directions=1, lengths=None):
    torch.manual_seed(seed)
    lstm = torch.nn.LSTM(I, H, layers, bidirectional=directions == 2, proj_size=P).double()
    x = torch.randn(T, B, I, dtype=torch.float64, requires_grad=True)
    h0 = torch.randn(layers * directions, B, P or H, dtype=torch.float64, requires_grad=True)
    c0 = torch.randn(layers * directions, B, H, dtype=torch.float64, requires_grad=True)
    if lengths is None:
        y, (hn, cn) = lstm(x, (h0, c0))
    else:
        packed, (hn, cn) = lstm(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False), (h0, c0))
        y, _ = pad_packed_sequence(packed, total_length=T)
    up = [torch.randn_like(v) for v in (y, hn, cn)]
    sum((v * u).sum() for v, u in zip((y, hn, cn), up)).backward()

    # The reversed direction's names end in _reverse; PyTorch's gate order is the one used here.
    parameters, gradients = {}, {}
    for key, value in lstm.named_parameters():
        plain, layer = key.removesuffix("_reverse").rsplit("_l", 1)
        cell = f"l{layer}" + ("r" if key.endswith("_reverse") else "")
        parameters.setdefault(cell, {})[plain] = value
        gradients.setdefault(cell, {})[plain] = value.grad
    tensors = {"x": x, "state.0": h0, "state.1": c0, "output": y, "final.0": hn, "final.1": cn,
               "upstream.output": up[0], "upstream.final.0": up[1], "upstream.final.1": up[2], "gradient.x": x.grad,
               "gradient.state.0": h0.grad, "gradient.state.1": c0.grad}
    if lengths is not None:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    golden.add(name, dict(projectionSize=P) if P else {}, I, H, parameters, tensors, gradients, layers, directions)


case("standard", 1, 7, 3, 4, 5)
case("projection", 2, 6, 3, 4, 5, P=2)
case("projection to one feature", 3, 5, 2, 3, 4, P=1)
case("projection, two layers in both directions", 4, 5, 2, 3, 4, P=3, layers=2, directions=2)
case("projection, two layers in both directions, ragged", 5, 5, 3, 3, 4, P=2, layers=2, directions=2, lengths=[5, 1, 3])
case("two layers in both directions, ragged", 6, 5, 3, 3, 4, layers=2, directions=2, lengths=[2, 5, 4])
golden.save()
