"""Writes the golden files of these tests with PyTorch (torch==2.13.0, safetensors): python make_fixtures.py

Each file holds an LSTM's weights, inputs and non-zero initial state, random upstream gradients, and what PyTorch
answers: outputs, final states and every gradient.
"""
import torch
from safetensors.torch import save_file
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_num_threads(1)
torch.manual_seed(20)


def case(name, T, B, I, H, layers=1, bidirectional=False, lengths=None, dtype=torch.float32):
    lstm = torch.nn.LSTM(I, H, layers, bidirectional=bidirectional).to(dtype)
    directions = 2 if bidirectional else 1
    x = torch.randn(T, B, I, dtype=dtype, requires_grad=True)
    h0 = torch.randn(layers * directions, B, H, dtype=dtype).requires_grad_()
    c0 = torch.randn(layers * directions, B, H, dtype=dtype).requires_grad_()
    if lengths is None:
        y, (hn, cn) = lstm(x, (h0, c0))
    else:
        packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
        out, (hn, cn) = lstm(packed, (h0, c0))
        y, _ = pad_packed_sequence(out, total_length=T)
    dy, dhn, dcn = torch.randn_like(y), torch.randn_like(hn), torch.randn_like(cn)
    ((y * dy).sum() + (hn * dhn).sum() + (cn * dcn).sum()).backward()
    tensors = dict(x=x, h0=h0, c0=c0, y=y, hn=hn, cn=cn, dy=dy, dhn=dhn, dcn=dcn, dx=x.grad, dh0=h0.grad, dc0=c0.grad)
    for key, parameter in lstm.named_parameters():
        tensors[key] = parameter
        tensors["grad." + key] = parameter.grad
    if lengths is not None:
        tensors["lengths"] = torch.tensor(lengths, dtype=torch.int32)
    tensors["structure"] = torch.tensor([I, H, layers, directions], dtype=torch.int32)
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, f"lstm_{name}.safetensors")


case("one_layer", 7, 3, 5, 4)
case("odd_sizes", 20, 7, 13, 33)
case("three_layers", 9, 5, 6, 17, layers=3)
case("bidirectional", 8, 4, 5, 9, layers=2, bidirectional=True)
case("ragged", 9, 5, 4, 8, layers=3, bidirectional=True, lengths=[9, 1, 4, 7, 2])
case("double", 6, 3, 4, 5, layers=2, bidirectional=True, lengths=[6, 2, 5], dtype=torch.float64)


def loss_curve():
    """100 Adam steps of an LSTM regressor in one and three layers, on data in closed form.

    At this learning rate the curve of float32 stays within 1e-7 of that of float64; at 0.01 it wanders off by 3e-5.
    """
    tensors = {}
    for name, layers, bidirectional in [("plain", 1, False), ("deep", 3, True)]:
        lstm = torch.nn.LSTM(2, 8, layers, bidirectional=bidirectional)
        head = torch.nn.Linear(16 if bidirectional else 8, 1)
        for prefix, module in [("lstm.", lstm), ("head.", head)]:
            for key, parameter in module.named_parameters():
                tensors[f"{name}.{prefix}{key}"] = parameter.detach().clone()
        t = torch.arange(12 * 4 * 2, dtype=torch.float32).reshape(12, 4, 2)
        x, target = torch.sin(t * 0.37), torch.cos(t[:, :, :1] * 0.11)
        optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.003)
        losses = []
        for _ in range(100):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(head(lstm(x)[0]), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        tensors[f"{name}.x"], tensors[f"{name}.target"] = x, target
        tensors[f"{name}.losses"] = torch.tensor(losses)
    save_file({k: v.contiguous() for k, v in tensors.items()}, "loss_curve.safetensors")


loss_curve()


def losses():
    """Every loss with its gradient at random arguments."""
    F = torch.nn.functional
    tensors = {}
    torch.manual_seed(3)
    dtype = torch.float64

    def record(name, value, **inputs):
        value.backward()
        tensors[name + ".value"] = value.detach().reshape(1)
        for key, tensor in inputs.items():
            tensors[f"{name}.{key}"] = tensor.detach()
            if tensor.grad is not None:
                tensors[f"{name}.grad.{key}"] = tensor.grad

    def pair():
        return torch.randn(4, 5, dtype=dtype, requires_grad=True), torch.randn(4, 5, dtype=dtype)

    p, t = pair(); record("mse", F.mse_loss(p, t), p=p, t=t)
    p, t = pair(); record("mae", F.l1_loss(p, t), p=p, t=t)
    p, t = pair(); record("huber", F.huber_loss(p, t, delta=0.7), p=p, t=t)
    p, t = pair()
    s = (torch.rand(4, 5, dtype=dtype) + 0.3).requires_grad_()
    record("gaussian", -torch.distributions.Normal(p, s).log_prob(t).mean(), p=p, t=t, s=s)
    p, t = pair()
    s = (torch.rand(4, 5, dtype=dtype) + 0.3).requires_grad_()
    record("student", -torch.distributions.StudentT(3.5, p, s).log_prob(t).mean(), p=p, t=t, s=s)
    q = torch.randn(4, 5, 3, dtype=dtype, requires_grad=True)
    t = torch.randn(4, 5, dtype=dtype)
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=dtype)
    error = t[..., None] - q
    record("quantile", torch.maximum(levels * error, (levels - 1) * error).mean(), p=q, t=t)
    weights = torch.rand(6, dtype=dtype) + 0.2
    tensors["classWeights"] = weights
    for name, options in [("plain", {}), ("weighted", dict(weight=weights)), ("smoothed", dict(label_smoothing=0.1)),
                          ("all", dict(weight=weights, label_smoothing=0.2))]:
        z = torch.randn(8, 6, dtype=dtype, requires_grad=True)
        y = torch.tensor([0, 5, -100, 2, 3, 3, -100, 1])
        value = F.cross_entropy(z, y, ignore_index=-100, **options)
        value.backward()
        tensors |= {f"ce_{name}.value": value.detach().reshape(1), f"ce_{name}.p": z.detach(), f"ce_{name}.grad.p": z.grad,
                    f"ce_{name}.t": y.to(torch.int32)}
    save_file({k: v.contiguous() for k, v in tensors.items()}, "losses.safetensors")


losses()
