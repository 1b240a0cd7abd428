"""Writes linear_cross_entropy.safetensors with PyTorch (torch==2.13.0, safetensors): python make_linear_cross_entropy.py

What PyTorch answers in double precision to cross_entropy(linear(x, weight, bias), t) with every option.
"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(4)
N, V, H = 37, 530, 5
tensors = {
    "x": torch.randn(N, H, dtype=torch.float64), "weight": torch.randn(V, H, dtype=torch.float64),
    "bias": torch.randn(V, dtype=torch.float64), "class_weights": torch.rand(V, dtype=torch.float64) + 0.2,
}
targets = torch.randint(0, V, (N,))
targets[[3, 4, 20]] = -100
options = {
    "plain": {}, "sum": dict(reduction="sum"), "weighted": dict(weight=tensors["class_weights"]),
    "smoothed": dict(label_smoothing=0.1),
    "all": dict(weight=tensors["class_weights"], label_smoothing=0.2, reduction="sum"),
}
for name, chosen in options.items():
    x, weight, bias = (tensors[key].clone().requires_grad_() for key in ["x", "weight", "bias"])
    value = F.cross_entropy(F.linear(x, weight, bias), targets, ignore_index=-100, **chosen)
    value.backward()
    tensors |= {
        f"{name}.value": value.detach().reshape(1), f"{name}.d_x": x.grad, f"{name}.d_weight": weight.grad,
        f"{name}.d_bias": bias.grad,
    }
tensors["targets"] = targets.to(torch.int32)
save_file({key: value.contiguous() for key, value in tensors.items()}, "linear_cross_entropy.safetensors")
